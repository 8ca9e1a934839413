/** The clock suite on the system's clock and on the tests' own. */
import { expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { clockContract } from './clock.contract.ts';

clockContract('of the system', () => ({
  clock: systemClock,
  pass: (ms) => new Promise((resolve) => void systemClock.after(ms, resolve)),
}));

clockContract('of the tests', () => {
  const clock = new FakeClock();
  return { clock, pass: async (ms) => clock.advance(ms) };
});

it('the clock of the tests calls back what is set on the way', () => {
  const clock = new FakeClock(0);
  const calls: number[] = [];
  const again = (): void => {
    calls.push(clock.now());
    clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  expect(calls).toEqual([10, 20, 30]);
  expect(clock.now()).toBe(35);
});
