/** What every store of a deployment's facts does. `open` opens the same store each time that it is given the same name. */
import { describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';

/** Runs the suite. */
export function deploymentContract(
  name: string,
  open: (name: string, partitions: number) => Promise<Store>,
): void {
  describe(`deployment ${name}`, () => {
    it('has no epoch at first, then the one that was put', async () => {
      const { deployment, close } = await opened('epoch-first');
      expect(await deployment.epoch()).toBeUndefined();
      expect(await deployment.changeEpoch(undefined, 'e1')).toBe(true);
      expect(await deployment.epoch()).toBe('e1');
      await close();
    });

    it('changes the epoch only where the expected one is', async () => {
      const { deployment, close } = await opened('epoch-expected');
      expect(await deployment.changeEpoch('e1', 'e2')).toBe(false);
      expect(await deployment.epoch()).toBeUndefined();
      await deployment.changeEpoch(undefined, 'e1');
      expect(await deployment.changeEpoch(undefined, 'e2')).toBe(false);
      expect(await deployment.changeEpoch('e0', 'e2')).toBe(false);
      expect(await deployment.epoch()).toBe('e1');
      expect(await deployment.changeEpoch('e1', 'e2')).toBe(true);
      expect(await deployment.epoch()).toBe('e2');
      await close();
    });

    it('lets one of several win that change it at the same time', async () => {
      const stores = await Promise.all([1, 2, 3].map(() => open('epoch-raced', 4)));
      const firsts = await Promise.all(
        stores.map(({ deployment }) => deployment.changeEpoch(undefined, 'won')),
      );
      expect(firsts.filter(Boolean)).toHaveLength(1);
      const names = ['a', 'b', 'c'];
      const outcomes = await Promise.all(
        stores.map(({ deployment }, index) => deployment.changeEpoch('won', names[index] ?? '')),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      for (const { deployment } of stores)
        expect(await deployment.epoch()).toBe(names[outcomes.indexOf(true)]);
      await Promise.all(stores.map((store) => store.close()));
    });

    it('keeps the epoch', async () => {
      const first = await opened('epoch-kept');
      await first.deployment.changeEpoch(undefined, 'e1');
      await first.close();
      const second = await opened('epoch-kept');
      expect(await second.deployment.epoch()).toBe('e1');
      await second.close();
    });

    async function opened(of: string) {
      const store = await open(of, 4);
      return { deployment: store.deployment, close: () => store.close() };
    }
  });
}
