/** Starts that find no room, or no queue: when they are tried again. */
import { expect, it } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { Broker, Publication } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { Outlet } from '../../src/runtime/outlet.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { decorate } from '../kit/rig.ts';

type Outcome = 'confirmed' | 'returned' | 'broken';

/** An outlet to a broker that takes each message as told, and what it took; with the clock in the test's hands. */
function openOutlet({ isRemote, outcomes }: { isRemote: boolean; outcomes: Outcome[] }) {
  const clock = new FakeClock();
  const taken: string[] = [];
  const together: (number | undefined)[] = [];
  const broker: Broker = decorate(openSmqpBroker() as Broker, {
    isRemote,
    declare: () => Promise.resolve(),
    publish({ body, mostTogether }: Publication) {
      together.push(mostTogether);
      const outcome = outcomes.shift() ?? 'confirmed';
      if (outcome === 'broken') return Promise.reject(new TransientError('no network'));
      if (outcome === 'confirmed') taken.push(body);
      return Promise.resolve(outcome);
    },
  });
  const outlet = new Outlet(broker, clock);
  const send = async (body: string): Promise<void> => {
    const properties = { messageId: body, type: 'attempt.start', timestamp: 0 };
    const message = { exchange: 'millrace.jobs', routingKey: 'work', properties, body };
    const waiting = { message: () => Promise.resolve(message), done: () => undefined };
    await outlet.start('work', message, () => outlet.later('work', waiting));
  };
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, outlet, taken, together, send, pass };
}

it('what the broker did not take is tried again soon, in order, after a longer wait each time', async () => {
  const outcomes: Outcome[] = ['broken', 'broken', 'broken'];
  const { taken, send, pass, clock } = openOutlet({ isRemote: true, outcomes });
  await send('a');
  await send('b');
  await pass(100);
  await pass(100);
  expect(taken).toEqual([]);
  await pass(200);
  await pass(400);
  expect(taken).toEqual(['a', 'b']);
  expect(clock.pending).toBe(0);
});

it('a queue that is gone twice in a row is looked for again soon', async () => {
  const outcomes: Outcome[] = ['returned', 'returned'];
  const { taken, send, pass } = openOutlet({ isRemote: true, outcomes });
  await send('a');
  expect(taken).toEqual([]);
  await pass(100);
  expect(taken).toEqual(['a']);
});

it('a full queue is tried again when nothing was heard for 30 s', async () => {
  const { taken, send, pass } = openOutlet({ isRemote: false, outcomes: ['returned'] });
  await send('a');
  await pass(29_999);
  expect(taken).toEqual([]);
  await pass(1);
  expect(taken).toEqual(['a']);
});

it('nothing is tried once it is stopped', async () => {
  const { taken, send, pass, outlet, clock } = openOutlet({ isRemote: true, outcomes: ['broken'] });
  await send('a');
  outlet.stop();
  await pass(60_000);
  expect(taken).toEqual([]);
  expect(clock.pending).toBe(0);
});

/** An answer each so many milliseconds, for a second; then a start. */
async function afterAnswers(
  { clock, outlet, send }: ReturnType<typeof openOutlet>,
  { eachMs }: { eachMs: number },
): Promise<void> {
  for (let ms = 0; ms < 1000; ms += eachMs) {
    clock.advance(eachMs);
    await outlet.answered('work');
  }
  await send('next');
}

it('as many starts may travel together as are answered in 5 ms, by the last half second', async () => {
  const opened = openOutlet({ isRemote: true, outcomes: [] });
  await opened.send('first');
  await afterAnswers(opened, { eachMs: 0.25 });
  opened.clock.advance(500);
  await opened.send('half a second later');
  opened.clock.advance(2000);
  await opened.send('later still');
  const [first, busy = 0, later = 0, quiet] = opened.together;
  expect([first, quiet]).toEqual([undefined, undefined]);
  expect(busy).toBeGreaterThanOrEqual(15);
  expect(busy).toBeLessThanOrEqual(20);
  expect(later).toBeGreaterThanOrEqual(5);
  expect(later).toBeLessThanOrEqual(8);
});

it('starts of slow jobs travel alone, also when a hundred end at once', async () => {
  const opened = openOutlet({ isRemote: true, outcomes: [] });
  await afterAnswers(opened, { eachMs: 10 });
  for (let n = 0; n < 100; n += 1) await opened.outlet.answered('work');
  await opened.send('next');
  expect(opened.together).toEqual([undefined, undefined]);
});

it('in one process starts travel alone', async () => {
  const opened = openOutlet({ isRemote: false, outcomes: [] });
  await afterAnswers(opened, { eachMs: 0.25 });
  expect(opened.together).toEqual([undefined]);
});
