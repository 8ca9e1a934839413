/** What every clock does. `pass` lets that much of its time go by. */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/ports/clock.ts';

export type ClockUnderTest = { clock: Clock; pass(ms: number): Promise<void> };

/** Runs the suite. */
export function clockContract(name: string, open: () => ClockUnderTest): void {
  describe(`clock ${name}`, () => {
    it('calls back once, not before its time', async () => {
      const { clock, pass } = open();
      const start = clock.now();
      const calls: number[] = [];
      clock.after(20, () => calls.push(clock.now()));
      expect(calls).toEqual([]);
      await pass(60);
      expect(calls).toHaveLength(1);
      // Timers count monotonic time, now() the wall's: they may differ by a rounding.
      expect(calls[0]).toBeGreaterThanOrEqual(start + 19);
    });

    it('calls back in the order of time', async () => {
      const { clock, pass } = open();
      const calls: string[] = [];
      clock.after(40, () => calls.push('later'));
      clock.after(5, () => calls.push('sooner'));
      await pass(80);
      expect(calls).toEqual(['sooner', 'later']);
    });

    it('does not call back what was taken back', async () => {
      const { clock, pass } = open();
      const calls: string[] = [];
      const cancel = clock.after(5, () => calls.push('taken back'));
      cancel();
      cancel();
      await pass(30);
      expect(calls).toEqual([]);
    });

    it('does not call back early what is more than 25 days away', async () => {
      const { clock, pass } = open();
      const calls: string[] = [];
      const cancel = clock.after(2 ** 31 + 1000, () => calls.push('early'));
      await pass(20);
      expect(calls).toEqual([]);
      cancel();
    });
  });
}
