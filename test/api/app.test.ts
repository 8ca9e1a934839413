/** What every route has in common: codes of errors, a process that stops, faults that nobody expected. */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createApi } from '../../src/api/app.ts';
import { problemOf } from '../../src/api/problems.ts';
import type { ApiTarget } from '../../src/api/target.ts';
import { httpStatuses, MillraceError } from '../../src/protocol/errors.ts';
import type { ErrorCode } from '../../src/protocol/errors.ts';
import type { FoundRequest, Tracked } from '../../src/tracker/questions.ts';

/** By code: ours, and Spin Cycle's (specification, sections 9 and 15). */
const statuses: Readonly<Record<ErrorCode, readonly [number, number]>> = {
  usage: [400, 400],
  plan: [400, 500],
  rejected: [400, 500],
  document: [413, 500],
  unauthenticated: [401, 401],
  forbidden: [403, 401],
  'not-found': [404, 404],
  state: [409, 500],
  locked: [409, 500],
  unavailable: [503, 500],
  fenced: [503, 500],
  definition: [500, 500],
  store: [500, 500],
  config: [500, 500],
};

test.each(Object.keys(httpStatuses) as ErrorCode[])('%s has its codes and its shape', (code) => {
  const thrown = new MillraceError(code, 'why');
  const [own, compatible] = [false, true].map((compatibility) =>
    problemOf(thrown, { compatibility, requestId: 'r' }),
  );
  expect([own?.status, compatible?.status]).toEqual(statuses[code]);
  const isBefore = code === 'unauthenticated' || code === 'forbidden';
  for (const problem of [own, compatible]) {
    const rest = isBefore ? {} : { requestId: 'r', httpStatus: problem?.status };
    expect(problem).toMatchObject({ body: { message: 'why', ...rest }, isFault: false });
  }
});

/** The API over nothing but what a test needs of it; what else is asked throws. */
function api(tracked: Partial<Tracked> = {}) {
  const faults: unknown[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void faults.push(line) });
  const auth = { authenticate: async () => ({ name: 'ann', roles: [] }) };
  const about = { chains: [], auth, compatibility: false, maxBodyBytes: 1000, version: '1.2.3' };
  const { app, refuse } = createApi({ ...about, tracked, log, link: {} } as unknown as ApiTarget);
  return { app, refuse, faults };
}

test('a process that stops refuses all with 503', async () => {
  const { app, refuse } = api();
  expect((await app.inject('/version')).body).toBe('1.2.3');
  refuse();
  for (const url of ['/version', '/nope', '/api/v1/requests/x']) {
    const { statusCode, headers, body } = await app.inject(url);
    expect([statusCode, JSON.parse(body)]).toEqual([
      503,
      { message: 'the server is shutting down; ask again when it is up' },
    ]);
    expect(headers).toMatchObject({ 'x-spincycle-version': '1.2.3', connection: 'close' });
  }
});

test('a fault that nobody expected is 500, and stands in the log', async () => {
  const { app, faults } = api({
    caughtUp: async () => true,
    find: () => Promise.reject(new Error('a cable is loose')),
  });
  const { statusCode, body } = await app.inject('/api/v1/requests');
  expect([statusCode, JSON.parse(body)]).toEqual([
    500,
    { message: 'unexpected: a cable is loose', requestId: '', httpStatus: 500 },
  ]);
  expect(faults).toEqual([expect.stringContaining('GET /api/v1/requests failed')]);
});

test('a list waits for the tracker before it looks', async () => {
  const asked: string[] = [];
  const { app } = api({
    caughtUp: async () => {
      asked.push('caughtUp');
      return true;
    },
    find: async (): Promise<FoundRequest[]> => {
      asked.push('find');
      return [];
    },
  });
  expect((await app.inject('/api/v1/requests')).body).toBe('null');
  expect(asked).toEqual(['caughtUp', 'find']);
});
