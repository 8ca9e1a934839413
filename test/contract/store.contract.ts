/** What every store does as a whole. `open` opens the same store each time that it is given the same name. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { collect, entry } from './journal.contract.ts';

/** Runs the suite. */
export function storeContract(
  name: string,
  open: (name: string, partitions: number) => Promise<Store>,
): void {
  describe(`store ${name}`, () => {
    it('keeps its id and its number of partitions', async () => {
      const first = await open('kept', 4);
      await first.close();
      const second = await open('kept', 16);
      const other = await open('another', 16);
      expect([second.id, second.partitions]).toEqual([first.id, 4]);
      expect(other.id).not.toBe(first.id);
      await Promise.all([second.close(), other.close()]);
    });

    it('has written all that waited when it is flushed or closed', async () => {
      const first = await open('flushed', 4);
      await first.timers.put([{ partition: 1, group: 'g', seq: 1, n: 0, due: 1 }]);
      await first.flush();
      await first.blobs.put(new Map([['h', 'text']]));
      await first.close();
      await first.close();
      const second = await open('flushed', 4);
      expect(await second.timers.due(1, 2)).toHaveLength(1);
      expect(await second.blobs.get('h')).toBe('text');
      await second.close();
    });

    it('has written a lazy write that was queued before an append, once that has returned', async () => {
      const first = await open('ordered', 4);
      const second = await open('ordered', 4);
      void first.blobs.put(new Map([['h', 'text']]));
      await first.journal.append([entry(1, { blob: 'h' })]);
      expect(await collect(second.journal.read(3, 0))).toMatchObject([{ blob: 'h' }]);
      expect(await second.blobs.get('h')).toBe('text');
      await Promise.all([first.close(), second.close()]);
    });

    it('refuses writes once closed', async () => {
      const store = await open('closed', 4);
      await store.close();
      await expect(store.journal.append([entry(1)])).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}
