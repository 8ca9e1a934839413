/** What becomes of an attempt: returns, throws, data, size. */
import { describe, expect, test } from 'vitest';
import { RetryAfter, Stopped } from '../../src/definitions.ts';
import type { JobContext } from '../../src/definitions.ts';
import { aJob, openKit } from './kit.ts';

type Outcome = { type: string; reason?: string; result?: unknown };

async function outcome(
  run: (context: JobContext<unknown>) => unknown,
  more: Parameters<Awaited<ReturnType<typeof openKit>>['give']>[0] = {},
) {
  const kit = await openKit([aJob(run)]);
  await kit.give(more);
  const [answer] = kit.answers;
  return { ...answer?.body, type: answer?.type } as Outcome;
}

describe('a return', () => {
  test('is a success with its result, sent to the actor that asked', async () => {
    const kit = await openKit([aJob(() => ({ size: 3 }))]);
    await kit.give();
    expect(kit.answers).toEqual([
      {
        type: 'attempt.succeeded',
        messageId: expect.stringMatching(/^r\/a\/1\/.+-1\/succeeded$/) as string,
        headers: { group: 'r', to: 'chain/r', from: 'worker' },
        body: { key: 'k', attempt: 1, result: { size: 3 } },
      },
    ]);
    expect(kit.worker.running()).toBe(0);
  });

  test('of undefined leaves the result out', async () => {
    expect(await outcome(() => undefined)).toEqual({
      type: 'attempt.succeeded',
      key: 'k',
      attempt: 1,
    });
  });

  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  test.each([
    [{ files: [0, 1, 2, { size: NaN }] }, 'result.files[3].size is NaN; return JSON only'],
    [{ 'a b': () => 1 }, 'result["a b"] is a function; return JSON only'],
    [[1n], 'result[0] is a bigint; return JSON only'],
    [Symbol('x'), 'result is a symbol; return JSON only'],
    [cycle, 'result.self contains itself; return JSON only'],
    [new Date(0), 'result is a Date; return JSON only'],
    [new Map(), 'result is a Map; return JSON only'],
    [[undefined], 'result[0] is undefined; return JSON only'],
  ])('of what is not JSON fails, naming the path (%#)', async (value, reason) => {
    expect(await outcome(() => value)).toMatchObject({ type: 'attempt.failed', reason });
  });

  test('nested deeper than 1,000 fails; 1,000 is fine', async () => {
    expect((await outcome(() => deep(1001))).reason).toMatch(/nested more than 1000 deep/);
    expect((await outcome(() => deep(1000))).type).toBe('attempt.succeeded');
  });

  test('whose reading throws fails', async () => {
    const value = {
      get x() {
        throw new Error('broken');
      },
    };
    expect((await outcome(() => value)).reason).toBe(
      'result cannot be read (broken); return JSON only',
    );
  });

  test('drops undefined properties as JSON does', async () => {
    expect((await outcome(() => ({ a: 1, b: undefined }))).result).toEqual({ a: 1 });
  });

  test('above 16 MiB with its data fails', async () => {
    expect((await outcome(() => 'x'.repeat(20_000_000))).reason).toBe(
      'job a returned 20.0 MB; at most 16 MiB; store it elsewhere and return a name',
    );
  });
});

describe('data', () => {
  test('is merged in order, and sent when it was merged from several maps', async () => {
    expect(
      await outcome(({ data }) => ({ ...data }), { data: [{ a: 1, b: 1 }, { b: 2 }] }),
    ).toMatchObject({
      result: { a: 1, b: 2 },
      data: { a: 1, b: 2 },
    });
  });

  test('that nobody changed is left out', async () => {
    expect(await outcome(() => 1, { data: [{ a: 1 }] })).not.toHaveProperty('data');
  });

  test('that was changed is sent whole, also with a failure and a stop', async () => {
    const change =
      (then: () => unknown) =>
      ({ data }: JobContext<unknown>) => {
        data['b'] = 2;
        return then();
      };
    const given = { data: [{ a: 1 }] };
    const fail = () => {
      throw new Error('no');
    };
    const stop = () => {
      throw new Stopped('no');
    };
    expect(
      await outcome(
        change(() => 1),
        given,
      ),
    ).toMatchObject({ type: 'attempt.succeeded', data: { a: 1, b: 2 } });
    expect(await outcome(change(fail), given)).toMatchObject({
      type: 'attempt.failed',
      data: { a: 1, b: 2 },
    });
    expect(await outcome(change(stop), given)).toMatchObject({
      type: 'attempt.stopped',
      data: { a: 1, b: 2 },
    });
  });

  test('that is not JSON fails a return, and is left out of a failure, which says so', async () => {
    const spoil = ({ data }: JobContext<unknown>) => void (data['when'] = new Date(0));
    const returned = await outcome(spoil);
    expect(returned.reason).toMatch(/^data\.when is a Date; put JSON only into data/);
    const thrown = await outcome((context) => {
      spoil(context);
      throw new Error('no');
    });
    expect(thrown).not.toHaveProperty('data');
    expect(thrown.reason).toMatch(/^no\n[^]*its data is left out: data\.when is a Date$/);
  });

  test('with a key like __proto__ keeps it and pollutes nothing', async () => {
    let own: unknown;
    const kit = await openKit([
      aJob(({ data }) => {
        own = Object.entries(data);
        data['b'] = 1;
      }),
    ]);
    const evil = JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown>;
    await kit.give({ data: [evil] });
    expect(own).toEqual([['__proto__', { polluted: true }]]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('a throw', () => {
  test('fails with its message and the top of its stack', async () => {
    const { type, reason } = await outcome(() => {
      throw new Error('disk full');
    });
    expect(type).toBe('attempt.failed');
    expect(reason).toMatch(/^disk full\n\s+at /);
  });

  test('names the error when it is more than an Error', async () => {
    expect(
      (
        await outcome(() => {
          throw new TypeError('odd');
        })
      ).reason,
    ).toMatch(/^TypeError: odd/);
  });

  test.each([
    ['text', 'threw "text", which is not an Error'],
    [undefined, 'threw undefined, which is not an Error'],
    [{ a: 1 }, 'threw { a: 1 }, which is not an Error'],
  ])('of a non-error is described (%#)', async (thrown, reason) => {
    expect((await outcome(async () => Promise.reject(thrown as unknown as Error))).reason).toBe(
      reason,
    );
  });

  test('has its reason cut at 4 KB', async () => {
    const { reason } = await outcome(() => {
      throw new Error('ä'.repeat(10_000));
    });
    expect(Buffer.byteLength(String(reason))).toBeLessThanOrEqual(4096);
  });

  test('of RetryAfter carries its wait; of Stopped stops', async () => {
    expect(
      await outcome(() => {
        throw new RetryAfter('busy', 700);
      }),
    ).toMatchObject({ type: 'attempt.failed', retryAfterMs: 700 });
    expect(
      (
        await outcome(() => {
          throw new Stopped('enough');
        })
      ).type,
    ).toBe('attempt.stopped');
    expect(
      await outcome(() => {
        throw new RetryAfter('busy', Infinity);
      }),
    ).not.toHaveProperty('retryAfterMs');
  });
});
