/** Every cell of the table route × who asks × what is asked for, against a host that listens. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Route } from '../../src/api/ask.ts';
import { routes } from '../../src/api/routes.ts';
import { connect, createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { AuthOptions, Millrace, MillraceOptions } from '../../src/index.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { keptLog } from './keptLog.ts';

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** What each route answers to whoever may, of a request that runs; of reading, of one that is complete. */
const answers: Record<string, number> = {
  'POST /api/v1/requests': 201,
  'GET /api/v1/requests': 200,
  'GET /api/v1/requests/:id': 200,
  'PUT /api/v1/requests/:id/start': 409,
  'PUT /api/v1/requests/:id/stop': 200,
  'PUT /api/v1/requests/:id/suspend': 200,
  'PUT /api/v1/requests/:id/resume': 409,
  'POST /api/v1/requests/:id/retry': 409,
  'GET /api/v1/requests/:id/job-chain': 200,
  'GET /api/v1/requests/:id/log': 200,
  'GET /api/v1/requests/:id/log/:jobId': 200,
  'GET /api/v1/requests/:id/events': 200,
  'GET /api/v1/request-list': 200,
  'GET /api/v1/status/running': 200,
  'GET /api/v1/openapi.json': 200,
  'GET /version': 200,
  'PUT /api/v1/requests/:id/finish': 405,
  'PUT /api/v1/requests/:id/progress': 405,
  'POST /api/v1/requests/:id/log': 405,
};

const ops = [...new Set(routes.map(({ op }) => op))].filter((op) => op !== 'read');

/** Who asks, and what he may: whatever it is, with a request that has a list, with one that has none. */
const callers: readonly {
  who: string;
  token?: (op: string) => string;
  may: Record<'read' | 'listed' | 'free' | 'freeWhereStrict', boolean | 'unknown'>;
}[] = [
  { who: 'without a token', may: all('unknown') },
  { who: 'with a wrong token', token: () => tokenOf('nobody'), may: all('unknown') },
  { who: 'with an expired token', token: () => tokenOf('old'), may: all('unknown') },
  {
    who: 'without a role',
    token: () => tokenOf('plain'),
    may: { read: true, listed: false, free: true, freeWhereStrict: false },
  },
  {
    who: 'with a role that the list gives the op',
    token: (op) => tokenOf(`may-${op}`),
    may: { read: true, listed: true, free: true, freeWhereStrict: false },
  },
  {
    who: 'with roles that the list gives all other ops',
    token: (op) => tokenOf(`all-but-${op}`),
    may: { read: true, listed: false, free: true, freeWhereStrict: false },
  },
  {
    who: 'with an admin role of the list',
    token: () => tokenOf('boss'),
    may: { read: true, listed: true, free: true, freeWhereStrict: false },
  },
  { who: 'with a global admin role', token: () => tokenOf('root'), may: all(true) },
];

function all<T>(may: T) {
  return { read: may, listed: may, free: may, freeWhereStrict: may };
}

function tokenOf(name: string): string {
  return `${name}-token-0123456789`;
}

const own = (name: string, roles: string[] = [name]) => ({ name, roles, token: tokenOf(name) });

const auth: AuthOptions = {
  adminRoles: ['root'],
  tokens: [
    { ...own('old', ['root']), expires: '2026-01-01T00:00:00Z' },
    own('plain', []),
    own('boss'),
    own('root'),
    ...['read', ...ops].flatMap((op) => [
      own(`may-${op}`),
      own(
        `all-but-${op}`,
        ops.filter((other) => other !== op).map((other) => `may-${other}`),
      ),
    ]),
  ],
};

const acl = [{ role: 'boss', admin: true }, ...ops.map((op) => ({ role: `may-${op}`, ops: [op] }))];

/** Waits until it is told to end; one at a time, so that the others lie in their queue. */
const hold = defineJob({
  type: 'hold',
  args: z.object({}),
  concurrency: 1,
  run: ({ signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new Error('told to end')));
    }),
});
const quick = defineJob({ type: 'quick', args: z.object({}), run: () => undefined });

const chain = (type: string, job: typeof hold | typeof quick, list: typeof acl = []) =>
  defineChain({
    type,
    args: z.object({}),
    acl: list,
    plan: (plan) => void plan.job(job, {}, { name: 'only' }),
  });

const options: MillraceOptions = {
  jobs: [hold, quick],
  chains: [chain('listed', hold, acl), chain('free', hold), chain('done', quick)],
  partitions: 1,
  graceMs: 0,
};

/** A host that listens, a complete request in it, and what it has logged. */
function host(given: MillraceOptions) {
  const { log, lines } = keptLog();
  const data = tempFolder();
  const millrace: Millrace = createMillrace(
    { ...options, data, api: { port: 0 }, ...given },
    { log },
  );
  beforeAll(async () => {
    await millrace.start();
    const done = await millrace.client.start('done', {}, { requestId: 'done-request' });
    await done.finished();
  });
  afterAll(() => millrace.stop());

  return {
    data,
    lines,
    millrace,
    /** Asks of a request of this type that has just been started, or of the complete one. */
    async ask(route: Route, token: string | undefined, type: 'listed' | 'free') {
      const of = route.op === 'read' ? 'done-request' : await started(millrace, type);
      const path = route.path.replace(':id', of).replace(':jobId', 'only');
      const isCreate = nameOf(route) === 'POST /api/v1/requests';
      const before = await millrace.client.reader.status(of);
      const response = await fetch(`${millrace.apiUrl}${path}`, {
        method: route.method,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(isCreate && { body: JSON.stringify({ type, args: {}, requestId: `${of}-made` }) }),
      });
      const { status } = response;
      const body = await response.text();
      const isUntouched = async (): Promise<boolean> => {
        const after = await millrace.client.reader.status(of);
        const made = millrace.client.reader.status(`${of}-made`).then(
          () => true,
          () => false,
        );
        return after.state === before.state && !(await made);
      };
      return { status, body, isUntouched };
    },
  };
}

let count = 0;

async function started({ client }: Millrace, type: string): Promise<string> {
  count += 1;
  const { id } = await client.start(type, {}, { requestId: `request-${count}` });
  return id;
}

test('every route has its answer here', () => {
  expect(routes.map(nameOf).filter((name) => answers[name] === undefined)).toEqual([]);
});

describe.each([
  { mode: 'where auth is not strict', strict: false },
  { mode: 'where auth is strict', strict: true },
])('$mode', ({ strict }) => {
  const { ask, data, lines, millrace } = host({ auth: { ...auth, strict } });

  describe.each(routes.map((route) => ({ name: nameOf(route), route })))('$name', ({ route }) => {
    for (const { who, token, may } of callers) {
      const asked = (type: 'listed' | 'free') => ask(route, token?.(route.op), type);
      const expected = {
        listed: route.op === 'read' ? may.read : may.listed,
        free: route.op === 'read' ? may.read : strict ? may.freeWhereStrict : may.free,
      };

      test.each(['listed', 'free'] as const)(`${who}: %s`, async (type) => {
        const { status, body, isUntouched } = await asked(type);
        const allowed = answers[nameOf(route)];
        const statuses = { true: allowed, false: 403, unknown: 401 };
        expect([status, body]).toEqual([statuses[String(expected[type]) as 'true'], body]);
        if (status === 401)
          expect(JSON.parse(body)).toEqual({
            message: 'not authenticated; send the header Authorization: Bearer TOKEN',
          });
        if (status === 401 || status === 403) expect(await isUntouched()).toBe(true);
      });
    }
  });

  test('the caller is the user of what he starts, whatever the body says', async () => {
    const requestId = `of-root-${strict}`;
    const response = await fetch(`${millrace.apiUrl}/api/v1/requests`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokenOf('root')}` },
      body: JSON.stringify({ type: 'listed', user: 'somebody', requestId }),
    });
    expect(await response.json()).toMatchObject({ id: requestId, user: 'root' });
  });

  test('the control socket is its user’s, who is asked for no token', async () => {
    const client = await connect({ data });
    const { id } = await client.start('listed', {}, { requestId: `of-the-socket-${strict}` });
    await client.request(id).stop();
    await client.close();
  });

  test('a path that there is not says so to those alone who are known', async () => {
    const get = (headers: Record<string, string>) =>
      fetch(`${millrace.apiUrl}/api/v1/nothing`, { headers });
    expect((await get({})).status).toBe(401);
    expect((await get({ authorization: `Bearer ${tokenOf('plain')}` })).status).toBe(404);
  });

  test('no token is in the log, and why somebody was kept out is', () => {
    const said = JSON.stringify(lines);
    expect(said).toContain('the token of \\"old\\" expired');
    expect(said).toContain('no token was sent');
    expect(said).toContain('the token is unknown');
    expect(said).not.toContain('-token-0123456789');
  });
});

describe('with the status codes of Spin Cycle', () => {
  const { ask } = host({ auth, api: { port: 0, compatibility: true } });
  const changing = routes.filter(({ op }) => op !== 'read');

  test.each(changing.map((route) => ({ name: nameOf(route), route })))(
    '$name denies with 401',
    async ({ route }) => {
      const { status, body } = await ask(route, tokenOf('plain'), 'listed');
      expect(status).toBe(401);
      const { message, ...rest } = JSON.parse(body) as Record<string, string>;
      expect(rest).toEqual({});
      expect(message).toMatch(/^to \w+ "listed" takes one of the roles .*; "plain" has no role$/);
    },
  );
});
