/** What every store of hosts does. `open` opens the same store each time that it is given the same name. */
import { describe, expect, it } from 'vitest';
import type { HostDocument } from '../../src/ports/hosts.ts';
import type { Store } from '../../src/ports/store.ts';

function host(id: string, fields: Partial<HostDocument> = {}): HostDocument {
  return {
    ...{ id, name: `machine:${id}`, counter: 1, isSubscribed: false, isDraining: false },
    ...{ owns: [], at: 1767600000000 },
    ...fields,
  };
}

/** Runs the suite. */
export function hostsContract(
  name: string,
  open: (name: string, partitions: number) => Promise<Store>,
): void {
  describe(`hosts ${name}`, () => {
    it('are none at first', async () => {
      const store = await open('hosts-none', 4);
      expect(await store.hosts.all()).toEqual([]);
      await store.close();
    });

    it('are given back as they were put, by id', async () => {
      const store = await open('hosts-kept', 4);
      const owner = host('b', { owns: [{ partition: 3, busy: 7 }], isSubscribed: true });
      const odd = host('a/ü.$"0', { isDraining: true });
      await store.hosts.put(owner);
      await store.hosts.put(odd);
      expect(await store.hosts.all()).toEqual([odd, owner]);
      await store.close();
    });

    it('are replaced whole', async () => {
      const store = await open('hosts-replaced', 4);
      await store.hosts.put(host('a', { owns: [{ partition: 1, busy: 0 }] }));
      await store.hosts.put(host('b'));
      await store.hosts.put(host('a', { counter: 2 }));
      expect(await store.hosts.all()).toEqual([host('a', { counter: 2 }), host('b')]);
      await store.close();
    });

    it('are forgotten when removed, and one that is not there does no harm', async () => {
      const store = await open('hosts-removed', 4);
      await store.hosts.put(host('a'));
      await store.hosts.put(host('ab'));
      await store.hosts.remove('a');
      await store.hosts.remove('other');
      expect(await store.hosts.all()).toEqual([host('ab')]);
      await store.close();
    });

    it('are seen by another process, and outlive theirs', async () => {
      const [first, second] = await Promise.all([open('hosts-seen', 4), open('hosts-seen', 4)]);
      await first.hosts.put(host('a'));
      await first.flush();
      expect(await second.hosts.all()).toEqual([host('a')]);
      await first.close();
      await second.hosts.put(host('b'));
      expect(await second.hosts.all()).toEqual([host('a'), host('b')]);
      await second.close();
    });
  });
}
