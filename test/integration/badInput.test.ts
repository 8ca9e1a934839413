/** What a user is told about bad input, through `createMillrace` over real files; a chain can go on afterwards. */
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { SqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Ports } from '../../src/compose.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type {
  JobContext,
  Millrace,
  MillraceOptions,
  PlanContext,
  RequestEvent,
} from '../../src/index.ts';
import { eventually } from '../kit/eventually.ts';
import { collect } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

let data: string;
let started: Millrace[] = [];
let log: string[] = [];

beforeEach(() => {
  data = tempFolder();
  log = [];
});

afterEach(async () => {
  await Promise.all(started.map((millrace) => millrace.stop()));
  started = [];
});

async function start(options: MillraceOptions, ports: Partial<Ports> = {}): Promise<Millrace> {
  const millrace = createMillrace(
    { data, partitions: 2, graceMs: 20, ...options },
    { log: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }), ...ports },
  );
  started.push(millrace);
  await millrace.start();
  return millrace;
}

function job(
  type: string,
  run: (context: JobContext<{ path: string }>) => unknown = ({ args }) => args.path,
) {
  return defineJob({ type, args: z.object({ path: z.string() }), run });
}

describe('a chain that cannot be planned is refused before anything is stored:', () => {
  const copy = job('copy');
  const args = { path: 'a.txt' };

  async function refused(
    plan: (context: PlanContext<unknown>) => void,
    ...words: (string | RegExp)[]
  ): Promise<void> {
    const chain = defineChain({ type: 'backup', args: z.unknown(), plan });
    const { client } = await start({ jobs: [copy], chains: [chain] });
    const refusal = await client.start(chain, {}).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({ name: 'MillraceError', code: 'plan' });
    for (const word of ['backup', ...words]) expect(String(refusal)).toMatch(word);
    expect(await client.reader.list()).toEqual([]);
  }

  it('an unknown job type, with the nearest name', () =>
    refused((plan) => void plan.job(job('copyy'), args), 'copyy', '"copy"'));

  it('jobs that wait for each other, with the cycle', () =>
    refused((plan) => {
      plan.job(copy, args, { name: 'a', after: 'b' });
      plan.job(copy, args, { name: 'b', after: 'a' });
    }, /a.*b.*a/));

  it('a dependency that is not there, with both names', () =>
    refused((plan) => void plan.job(copy, args, { name: 'a', after: 'fetch' }), '"a"', '"fetch"'));

  it('two jobs of one name', () =>
    refused((plan) => {
      plan.job(copy, args, { name: 'a' });
      plan.job(copy, args, { name: 'a' });
    }, '"a"'));

  it('args that do not fit a job, with the place', () =>
    refused(
      (plan) => void plan.job(copy, { path: 7 } as unknown as { path: string }, { name: 'a' }),
      'path',
      'copy',
    ));

  it('a plan that throws, with what it threw', () =>
    refused(() => {
      throw new Error('no such directory docs');
    }, 'no such directory docs'));

  it('args that do not fit the chain', async () => {
    const chain = defineChain({
      type: 'backup',
      args: z.object({ dir: z.string() }),
      plan: () => undefined,
    });
    const { client } = await start({ jobs: [copy], chains: [chain] });
    await expect(
      client.start(chain, { dir: 7 } as unknown as { dir: string }),
    ).rejects.toMatchObject({
      code: 'plan',
      message: expect.stringContaining('dir: '),
    });
  });
});

it('a command for a request that does not exist says so', async () => {
  const { client } = await start({});
  await expect(client.request('nope').stop()).rejects.toMatchObject({
    code: 'not-found',
    message: 'request "nope" does not exist in this store',
  });
  await expect(client.request('nope').status()).rejects.toThrow(
    '`millrace status` lists those that do',
  );
});

it.each(['', 'a/b', 'a b', 'x'.repeat(201)])(
  'a request id such as "%s" is refused',
  async (requestId) => {
    const chain = defineChain({ type: 'empty', args: z.object({}), plan: () => undefined });
    const { client } = await start({ chains: [chain] });
    await expect(client.start(chain, {}, { requestId })).rejects.toMatchObject({
      code: 'plan',
      message: expect.stringContaining('must be 1 to 200 bytes without blanks or slashes'),
    });
  },
);

it('who follows a request when millrace is stopped is told so, and that it goes on later', async () => {
  const slow = defineJob({
    type: 'slow',
    args: z.object({}),
    run: ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
  });
  const chain = defineChain({
    type: 'c',
    args: z.object({}),
    plan: ({ job: add }) => void add(slow, {}),
  });
  const millrace = await start({ jobs: [slow], chains: [chain] });
  const request = await millrace.client.start(chain, {});
  const told = expect(request.finished()).rejects.toMatchObject({
    code: 'state',
    message: expect.stringContaining('it goes on when millrace is started again on the same data'),
  });
  const followed = expect(collect(request.transitions())).rejects.toMatchObject({ code: 'state' });
  await eventually(async () =>
    expect(await request.status()).toMatchObject({ counts: { running: 1 } }),
  );
  await millrace.stop();
  await Promise.all([told, followed]);
});

describe('a handler', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  /** What a job of the chain does at first; it is well when the program is started anew. */
  function definitions(
    run: (context: JobContext<unknown>) => unknown,
  ): MillraceOptions & { backup: ReturnType<typeof defineChain> } {
    const retry = { attempts: 9, waitMs: 3_600_000 };
    const first = defineJob({ type: 'first', args: z.object({}), run: () => 'one' });
    const bad = defineJob({ type: 'bad', args: z.object({}), retry, timeoutMs: 30_000, run });
    const hasty = defineJob({ type: 'hasty', args: z.object({}), retry, timeoutMs: 30, run });
    const backup = defineChain({
      type: 'backup',
      args: z.object({ isHasty: z.boolean() }),
      plan({ args, job: add }) {
        add(
          args.isHasty ? hasty : bad,
          {},
          { name: 'bad', after: add(first, {}, { name: 'one' }) },
        );
      },
    });
    return { jobs: [first, bad, hasty], chains: [backup], backup };
  }

  async function failsWith(
    run: (context: JobContext<unknown>) => unknown,
    reason: RegExp,
    isHasty = false,
  ): Promise<void> {
    const { backup, ...options } = definitions(run);
    const millrace = await start(options);
    const request = await millrace.client.start(backup, { isHasty });
    const failure = async (): Promise<RequestEvent | undefined> =>
      (await collect(request.events())).find(({ type }) => type === 'attempt.failed');
    await eventually(async () =>
      expect(await failure()).toMatchObject({ body: { reason: expect.stringMatching(reason) } }),
    );
    await request.suspend();
    expect(await request.settled()).toMatchObject({ state: 'SUSPENDED' });
    await millrace.stop();
    const { backup: _, ...well } = definitions(() => 'two');
    const again = (await start(well)).client.request(request.id);
    expect(await again.status()).toMatchObject({ state: 'SUSPENDED', counts: { complete: 1 } });
    await again.resume();
    expect(await again.finished()).toMatchObject({ state: 'COMPLETE', counts: { complete: 2 } });
    const answers = (await collect(again.events())).filter(
      ({ type }) => type === 'attempt.succeeded',
    );
    expect(answers.map(({ body }) => body)).toMatchObject([{ result: 'one' }, { result: 'two' }]);
  }

  it('that throws fails with its message', () =>
    failsWith(() => {
      throw new Error('no such file a.txt');
    }, /^no such file a\.txt\n\s+at /));

  it('that throws no Error fails all the same', () =>
    failsWith(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what users do
      throw 'oops';
    }, /^threw "oops", which is not an Error/));

  it('that returns what is no JSON is told where', () =>
    failsWith(
      () => ({ files: [{ size: Number.NaN }] }),
      /^result\.files\[0\]\.size is NaN; return JSON only/,
    ));

  it('that puts into data what is no JSON is told where', () =>
    failsWith(({ data: map }) => {
      map['when'] = new Date(0);
    }, /^data\.when is .*Date; put JSON only into data/));

  it('that returns 20 MB is told to return a name', () =>
    failsWith(
      () => 'x'.repeat(20e6),
      /^job bad returned 20\.0 MB; at most 16 MiB; store it elsewhere and return a name/,
    ));

  it('that never ends is timed out', () =>
    failsWith(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
      /^timed out after 30 ms$/,
      true,
    ));

  it('that ignores its signal too is given up after the grace', () =>
    failsWith(never, /^timed out after 30 ms and ignored its signal for 20 ms/, true));

  it('that fails for good fails its chain, whose status tells why', async () => {
    const broken = defineJob({
      type: 'broken',
      args: z.object({}),
      run: () => {
        throw new Error('no such file a.txt');
      },
    });
    const chain = defineChain({
      type: 'c',
      args: z.object({}),
      plan: ({ job: add }) => void add(broken, {}, { name: 'b' }),
    });
    const { client } = await start({ jobs: [broken], chains: [chain] });
    const request = await client.start(chain, {});
    expect(await request.finished()).toMatchObject({
      state: 'FAIL',
      failures: [{ name: 'b', reason: expect.stringContaining('no such file a.txt') }],
    });
    await expect(request.resume()).rejects.toMatchObject({
      code: 'state',
      message: expect.stringContaining('only a suspended request can be resumed'),
    });
  });
});

describe('a disk that is full', () => {
  const stores: SqliteStore[] = [];
  const ran: string[] = [];
  const fill = defineJob({
    type: 'fill',
    args: z.object({ n: z.number() }),
    run({ args: { n }, jobId }) {
      ran.push(jobId);
      if (n === 3) for (const store of stores) store.limitPages(1);
      return `${n}`.repeat(50_000);
    },
  });
  const chain = defineChain({
    type: 'filling',
    args: z.object({}),
    plan({ job: add }) {
      let last = add(fill, { n: 0 });
      for (let n = 1; n < 8; n += 1) last = add(fill, { n }, { after: last });
    },
  });
  const openStore: Ports['openStore'] = (config) => {
    const store = openSqliteStore({
      path: join(config.data, 'store.db'),
      partitions: config.partitions,
    });
    stores.push(store);
    return store;
  };
  const options = { jobs: [fill], chains: [chain] };
  /** A request that has come to the full disk. */
  const startFilling = async () => {
    stores.length = 0;
    ran.length = 0;
    const millrace = await start(options, { openStore });
    const request = await millrace.client.start(chain, {});
    await eventually(() =>
      expect(log.join('')).toContain(
        'the disk is full, or the file has reached its page limit: free some space',
      ),
    );
    return { millrace, request };
  };

  it('makes the chain wait; it goes on when room is made, and nothing is lost or done twice', async () => {
    const { millrace, request } = await startFilling();
    expect(ran.length).toBeLessThan(8);
    expect(await request.status()).toMatchObject({ state: 'RUNNING' });
    for (const store of stores) store.limitPages();
    expect(await request.finished()).toMatchObject({ state: 'COMPLETE', counts: { complete: 8 } });
    expect(new Set(ran).size).toBe(8);
    expect(ran).toHaveLength(8);
    await millrace.stop();
    const again = (await start(options)).client.request(request.id);
    expect(await again.status()).toMatchObject({ state: 'COMPLETE' });
    const results = (await collect(again.events())).filter(
      ({ type }) => type === 'attempt.succeeded',
    );
    expect(results).toHaveLength(8);
  });

  it('does not keep millrace from stopping; the chain goes on at the next start', async () => {
    const { millrace, request } = await startFilling();
    await millrace.stop();
    stores.length = 0;
    const again = await start(options);
    expect(await again.client.request(request.id).finished()).toMatchObject({ state: 'COMPLETE' });
    // The job whose result found no room ran again; no other did.
    expect(ran).toHaveLength(9);
  });
});
