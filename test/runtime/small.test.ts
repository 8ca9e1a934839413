import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/ports/broker.ts';
import { backoffMs } from '../../src/runtime/backoff.ts';
import { decode } from '../../src/runtime/incoming.ts';
import { Lane } from '../../src/runtime/lane.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { expand, TransitionLog } from '../../src/runtime/transitions.ts';
import { appendValue, chunksOf, noValues, valueAt, valuesOf } from '../../src/runtime/values.ts';
import { dueAt } from '../../src/runtime/when.ts';

describe('the value log', () => {
  it('gives back every text by its number, over many chunks', () => {
    let values = noValues;
    const texts = Array.from({ length: 600 }, (_, n) =>
      JSON.stringify(n % 7 === 0 ? 'x'.repeat(9000) : n),
    );
    for (const [n, text] of texts.entries()) {
      const [next, number] = appendValue(values, text);
      expect(number).toBe(n);
      values = next;
    }
    expect(texts.map((_, n) => valueAt(values, n))).toEqual(texts);
    expect(() => valueAt(values, 600)).toThrow('value 600 of 600');
  });

  it('never changes a chunk that is full, nor a log that was handed out', () => {
    const [one] = appendValue(noValues, 'x'.repeat(300_000));
    const [two] = appendValue(one, '1');
    expect(one.length).toBe(1);
    expect(chunksOf(two)[0]).toBe(chunksOf(one)[0]);
    expect(chunksOf(two)).toHaveLength(2);
  });

  it('is two logs once two texts were appended to one', () => {
    const [one] = appendValue(noValues, '1');
    const [two] = appendValue(one, '2');
    const [other] = appendValue(one, 'other');
    expect([valueAt(two, 1), valueAt(other, 1)]).toEqual(['2', 'other']);
    expect(() => valueAt(one, 1)).toThrow('value 1 of 1');
    expect(chunksOf(one)).toEqual([{ first: 0, texts: ['1'], bytes: 1 }]);
    const [again] = appendValue(valuesOf(2, chunksOf(two)), '3');
    expect(chunksOf(again)[0]?.texts).toEqual(['1', '2', '3']);
    expect(chunksOf(two)[0]?.texts).toEqual(['1', '2']);
  });
});

describe('transitions', () => {
  it('of neighbours that move alike become ranges', () => {
    const log = new TransitionLog();
    for (const id of [0, 1, 2, 5]) log.add(`job/${id}`, 'pending', 'running');
    log.addRows({ actorKind: 'job', from: 'pending', to: 'complete', numbers: [7, 8] });
    log.add('job/9', 'running', 'running');
    expect(log.transitions()).toEqual([
      { actor: 'job/0-2,5', from: 'pending', to: 'running' },
      { actor: 'job/7-8', from: 'pending', to: 'complete' },
    ]);
  });

  it('expand to the very ids that went in, whatever those look like', () => {
    const id = fc.oneof(
      fc.nat(30).map(String),
      fc.constantFrom('007', '2026-01', '1-2-3', 'a,b', '%2C', 'a/b', '99%', '1-'),
      fc.string({ minLength: 1 }),
    );
    fc.assert(
      fc.property(fc.array(id, { minLength: 1, maxLength: 30 }), (ids) => {
        const log = new TransitionLog();
        for (const each of ids) log.add(`thing/${each}`, 'a', 'b');
        const [only] = log.transitions();
        expect(expand(only?.actor ?? '')).toEqual(ids.map((each) => `thing/${each}`));
      }),
    );
  });

  it('name nested states with dots', () => {
    const log = new TransitionLog();
    log.add('a/1', 'idle', { busy: { deep: 'down' } });
    expect(log.transitions()).toEqual([{ actor: 'a/1', from: 'idle', to: 'busy.deep.down' }]);
  });
});

describe('the lane', () => {
  it('runs one task after another, and lets one wait', async () => {
    const lane = new Lane();
    const seen: string[] = [];
    let finish = (): void => undefined;
    await lane.push(() => new Promise<void>((resolve) => (finish = resolve)));
    await lane.push(async () => void seen.push('second'));
    const third = lane
      .push(async () => void seen.push('third'))
      .then(() => seen.push('third is in line'));
    await Promise.resolve();
    expect(seen).toEqual([]);
    finish();
    await third;
    await lane.drain();
    expect(seen.filter((word) => !word.includes('line'))).toEqual(['second', 'third']);
  });

  it('runs nothing after a task that threw, and says so', async () => {
    const lane = new Lane();
    const seen: string[] = [];
    await lane.push(() => Promise.reject(new Error('lost')));
    await expect(lane.drain()).rejects.toThrow('lost');
    await expect(lane.push(async () => void seen.push('later'))).rejects.toThrow('lost');
    expect(seen).toEqual([]);
  });
});

describe('the mailbox', () => {
  const own = (type: string) => ({ own: { type, group: 'g', to: '', meta: {} } });
  async function types(mailbox: Mailbox, size: number): Promise<string[][]> {
    const all: string[][] = [];
    for await (const batch of mailbox.batches(size)) {
      all.push(batch.map((arrival) => ('own' in arrival ? arrival.own.type : '')));
    }
    return all;
  }

  it('gives what has gathered as one batch, at most the size asked for', async () => {
    const mailbox = new Mailbox();
    for (const type of ['a', 'b', 'c']) mailbox.push(own(type));
    mailbox.close();
    expect(await types(mailbox, 2)).toEqual([['a', 'b'], ['c']]);
  });

  it('takes large messages a few at a time, and one that is larger than a batch alone', async () => {
    const mailbox = new Mailbox();
    const large = (type: string, mib: number) => ({
      delivery: {
        exchange: 'e',
        routingKey: 'k',
        properties: { messageId: type, type, timestamp: 0 },
        body: ' '.repeat(mib * 1024 * 1024),
        redelivered: false,
        tag: 1,
      },
    });
    for (const each of [large('a', 3), large('b', 3), large('c', 3), large('d', 9), large('e', 1)])
      mailbox.push(each);
    mailbox.close();
    const sizes: number[] = [];
    for await (const batch of mailbox.batches(200)) sizes.push(batch.length);
    expect(sizes).toEqual([2, 1, 1, 1]);
  });

  it('waits for what comes, and takes nothing once closed', async () => {
    const mailbox = new Mailbox();
    const taken = types(mailbox, 10);
    mailbox.push(own('a'));
    mailbox.close();
    mailbox.push(own('late'));
    expect(await taken).toEqual([['a']]);
  });

  it('drops what is in hand when told to', async () => {
    const mailbox = new Mailbox();
    mailbox.push(own('a'));
    mailbox.close({ isDropping: true });
    expect(await types(mailbox, 10)).toEqual([]);
  });
});

describe('a delivery', () => {
  const delivery = (
    exchange: string,
    type: string,
    headers: Record<string, string> = { group: 'g', to: 'task/main' },
  ): Delivery => ({
    exchange,
    routingKey: '00',
    properties: { messageId: 'm', type, timestamp: 0, headers },
    body: '{}',
    redelivered: false,
    tag: 1,
  });

  it('of a command is taken from the partitions’ exchange only, an answer from the results’', () => {
    expect(decode(delivery('millrace.partitions', 'request.stop')).type).toBe('request.stop');
    expect(decode(delivery('millrace.results', 'attempt.failed')).type).toBe('attempt.failed');
    expect(() => decode(delivery('millrace.results', 'request.stop'))).toThrow('not accepted from');
    expect(() => decode(delivery('millrace.partitions', 'attempt.failed'))).toThrow(
      'not accepted from',
    );
    expect(() => decode(delivery('', 'request.stop'))).toThrow('not accepted from');
    expect(() => decode(delivery('millrace.partitions', 'timer.fired'))).toThrow(
      'not accepted from',
    );
  });

  it('with bad headers is refused, naming each', () => {
    const bad = { group: 'x'.repeat(201) };
    expect(() => decode(delivery('millrace.partitions', 'a.b', bad))).toThrow(
      /group: must be at most 200 bytes.*to:/,
    );
  });
});

describe('when a timer is due', () => {
  const at = Date.UTC(2026, 0, 5, 9, 30);
  it('is an instant, whatever it was said with', () => {
    expect(dueAt({ afterMs: 5 }, at)).toBe(at + 5);
    expect(dueAt({ at: '2026-02-01T00:00:00Z' }, at)).toBe(Date.UTC(2026, 1, 1));
    expect(dueAt({ cron: '0 12 * * *' }, at)).toBe(Date.UTC(2026, 0, 5, 12));
    expect(dueAt({ cron: '0 12 * * *', timeZone: 'America/New_York' }, at)).toBe(
      Date.UTC(2026, 0, 5, 17),
    );
  });

  it('says what cannot be read', () => {
    expect(() => dueAt({ at: 'soon' }, at)).toThrow('"soon" is no instant');
    expect(() => dueAt({ cron: 'now and then' }, at)).toThrow();
  });
});

it('a wait between tries doubles up to its bound, and spreads', () => {
  expect([1, 2, 3, 20].map((failures) => backoffMs(failures, 0))).toEqual([50, 100, 200, 5000]);
  expect(backoffMs(20, 0.999)).toBeLessThanOrEqual(10_000);
});
