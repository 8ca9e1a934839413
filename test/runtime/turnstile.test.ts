import { expect, test } from 'vitest';
import { nextTurn } from '../../src/runtime/nextTurn.ts';
import { Turnstile } from '../../src/runtime/turnstile.ts';
import { FakeClock } from '../kit/fakeClock.ts';

/** Who passes, each taking so many milliseconds. */
function crowd(people: number, ms: number): { passed: number[]; all: Promise<unknown> } {
  const clock = new FakeClock();
  const turnstile = new Turnstile(clock);
  const passed: number[] = [];
  const comes = async (n: number): Promise<void> => {
    await turnstile.pass();
    clock.advance(ms);
    passed.push(n);
  };
  return { passed, all: Promise.all(Array.from({ length: people }, (_, n) => comes(n))) };
}

test('a crowd passes in order, some in each turn of the event loop', async () => {
  const { passed, all } = crowd(100, 5);
  await nextTurn();
  expect(passed.length).toBeGreaterThan(0);
  expect(passed.length).toBeLessThan(10);
  await all;
  expect(passed).toEqual(Array.from({ length: 100 }, (_, n) => n));
});

test('whoever comes alone passes within the turn, also after others', async () => {
  const turnstile = new Turnstile(new FakeClock());
  let turns = 0;
  void nextTurn().then(() => (turns += 1));
  await turnstile.pass();
  await turnstile.pass();
  expect(turns).toBe(0);
});
