/** The table of routes: what each is for, who asks for leave to what, its words, and who answers. */
import { z } from 'zod';
import type { Route } from './ask.ts';
import * as changing from './changing.ts';
import { followRequest } from './events.ts';
import { openApi } from './openapi.ts';
import * as reading from './reading.ts';
import * as wire from './wire.ts';

const root = '/api/v1';

/** All that is answered; `/api/v1/openapi.json` describes them. */
export const routes: readonly Route[] = [
  {
    method: 'POST',
    path: `${root}/requests`,
    op: 'start',
    about: 'Creates a request and starts it. Answered when it is committed.',
    body: wire.createRequestSchema,
    status: 201,
    answer: wire.requestSchema,
    errors: [400, 413, 503],
    handle: changing.createRequest,
  },
  {
    method: 'GET',
    path: `${root}/requests`,
    op: 'read',
    about: 'Finds requests, the newest first; null when none fits. All conditions must hold.',
    query: {
      type: 'Type of the request',
      user: 'Who asked for it',
      state: 'Name of a state, in capitals; repeat it for several',
      arg: 'name=value of an arg that was given; repeat it for several',
      since: 'Not finished, or finished after this (RFC 3339)',
      until: 'Created before this (RFC 3339)',
      limit: 'At most so many; 0 is no limit',
      offset: 'Without the first so many; needs a limit',
    },
    status: 200,
    answer: wire.requestSchema.array().nullable(),
    errors: [400],
    handle: reading.findRequests,
  },
  {
    method: 'GET',
    path: `${root}/requests/:id`,
    op: 'read',
    about: 'A request with its args and its job chain, as they stand.',
    status: 200,
    answer: wire.requestSchema,
    errors: [404],
    handle: reading.showRequest,
  },
  {
    method: 'PUT',
    path: `${root}/requests/:id/start`,
    op: 'start',
    about: 'Starts a PENDING request; creating a request has started it, so that none is.',
    status: 200,
    errors: [404, 409],
    handle: changing.startRequest,
  },
  {
    method: 'PUT',
    path: `${root}/requests/:id/stop`,
    op: 'stop',
    about: 'Stops a request that runs or is suspended; of a complete one nothing is changed.',
    status: 200,
    errors: [404, 409],
    handle: changing.stopRequest,
  },
  {
    method: 'PUT',
    path: `${root}/requests/:id/suspend`,
    op: 'suspend',
    about: 'Stops the running jobs of a request and keeps the rest. It takes no body.',
    status: 200,
    errors: [400, 404, 409],
    handle: changing.suspendRequest,
  },
  {
    method: 'PUT',
    path: `${root}/requests/:id/resume`,
    op: 'resume',
    about: 'Goes on with a suspended request.',
    status: 200,
    errors: [404, 409],
    handle: changing.resumeRequest,
  },
  {
    method: 'POST',
    path: `${root}/requests/:id/retry`,
    op: 'retry',
    about:
      'Starts a new request that keeps what is complete of one that has ended, and runs the rest. Answered when it is committed.',
    body: wire.retryRequestSchema,
    status: 201,
    answer: wire.requestSchema,
    errors: [400, 404, 409, 413, 503],
    handle: changing.retryRequest,
  },
  {
    method: 'GET',
    path: `${root}/requests/:id/job-chain`,
    op: 'read',
    about: 'The jobs of a request and what waits for what.',
    status: 200,
    answer: wire.jobChainSchema,
    errors: [404],
    handle: reading.showJobChain,
  },
  {
    method: 'GET',
    path: `${root}/requests/:id/log`,
    op: 'read',
    about: 'Every try that has ended, by job and try; none of a request that there is not.',
    status: 200,
    answer: wire.jobLogSchema.array(),
    handle: reading.showLog,
  },
  {
    method: 'GET',
    path: `${root}/requests/:id/log/:jobId`,
    op: 'read',
    about: 'The last try of a job.',
    status: 200,
    answer: wire.jobLogSchema,
    errors: [404],
    handle: reading.showJobLog,
  },
  {
    method: 'GET',
    path: `${root}/requests/:id/events`,
    op: 'read',
    about:
      'Server-sent events until the request ends: `transition`, `progress`, `status`, `end`. With the header Last-Event-ID it goes on after that event; 204 when the request has ended and all was told.',
    status: 200,
    answer: 'events',
    errors: [400, 404],
    handle: followRequest,
  },
  {
    method: 'GET',
    path: `${root}/request-list`,
    op: 'read',
    about: 'What may be asked for, and its args.',
    status: 200,
    answer: wire.requestSpecSchema.array(),
    handle: reading.listRequests,
  },
  {
    method: 'GET',
    path: `${root}/status/running`,
    op: 'read',
    about: 'Jobs that run, the longest first, and their requests.',
    query: {
      requestId: 'Of this request alone',
      orderBy: 'Taken for the sake of clients: they come by when they started',
    },
    status: 200,
    answer: wire.runningStatusSchema,
    handle: reading.showRunning,
  },
  {
    method: 'GET',
    path: `${root}/openapi.json`,
    op: 'read',
    about: 'This document.',
    status: 200,
    answer: z.looseObject({ openapi: z.string() }),
    handle: ({ version }) => ({ status: 200, json: openApi(routes, version) }),
  },
  {
    method: 'GET',
    path: '/version',
    op: 'read',
    about: 'The version of this program.',
    status: 200,
    answer: 'text',
    handle: reading.showVersion,
  },
  ...inward('PUT', 'finish'),
  ...inward('PUT', 'progress'),
  ...inward('POST', 'log'),
];

/** What Spin Cycle's job runners tell its request manager. */
function inward(method: Route['method'], word: string): Route[] {
  return [
    {
      method,
      path: `${root}/requests/:id/${word}`,
      op: 'read',
      about: 'Of job runners alone, which there are none of: refused.',
      status: 200,
      errors: [405],
      handle: changing.refuseInward,
    },
  ];
}
