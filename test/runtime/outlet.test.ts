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

/** A start that is answered after 100 ms, with so many others meanwhile; then another. */
async function afterAnswers(
  { clock, outlet, send }: ReturnType<typeof openOutlet>,
  { others }: { others: number },
): Promise<void> {
  await send('first');
  for (let n = 0; n < others; n += 1) await outlet.answered('work', `other-${n}`);
  clock.advance(100);
  await outlet.answered('work', 'first');
  await send('next');
}

it('starts of quick jobs may travel together', async () => {
  const opened = openOutlet({ isRemote: true, outcomes: [] });
  await afterAnswers(opened, { others: 399 });
  expect(opened.together).toEqual([undefined, 20]);
});

it('starts of slow jobs travel alone', async () => {
  const opened = openOutlet({ isRemote: true, outcomes: [] });
  await afterAnswers(opened, { others: 9 });
  expect(opened.together).toEqual([undefined, undefined]);
});

it('in one process starts travel alone', async () => {
  const opened = openOutlet({ isRemote: false, outcomes: [] });
  await afterAnswers(opened, { others: 399 });
  expect(opened.together).toEqual([undefined, undefined]);
});
