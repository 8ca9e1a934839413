/** What every index of timers does. `open` gives a fresh, empty store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import type { TimerRow, Timers } from '../../src/ports/timers.ts';

function timer(due: number, fields: Partial<TimerRow> = {}): TimerRow {
  return { partition: 3, group: 'g', seq: due, n: 0, due, ...fields };
}

/** Runs the suite. */
export function timersContract(name: string, open: () => Promise<Store>): void {
  describe(`timers ${name}`, () => {
    let store: Store;
    let timers: Timers;

    beforeEach(async () => {
      store = await open();
      timers = store.timers;
    });

    afterEach(() => store.close());

    it('finds what is due before an instant, earliest first', async () => {
      await timers.put([timer(30), timer(10), timer(20), timer(5, { partition: 4 })]);
      expect(await timers.due(3, 30)).toEqual([timer(10), timer(20)]);
      expect(await timers.due(3, 31)).toHaveLength(3);
      expect(await timers.due(5, 99)).toEqual([]);
    });

    it('leaves a row alone that is there', async () => {
      await timers.put([timer(10)]);
      await timers.put([timer(99, { seq: 10 }), timer(10, { n: 1 })]);
      expect(await timers.due(3, 100)).toEqual([timer(10), timer(10, { n: 1 })]);
    });

    it('removes rows, and does not mind one that is not there', async () => {
      await timers.put([timer(10), timer(20)]);
      await timers.remove([timer(10), timer(77)]);
      expect(await timers.due(3, 100)).toEqual([timer(20)]);
      await timers.put([timer(10)]);
      expect(await timers.due(3, 100)).toHaveLength(2);
    });
  });
}
