/** What every store of blobs does. `open` gives a fresh, empty store. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../src/ports/store.ts';
import { MillraceError } from '../../src/protocol/errors.ts';

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Runs the suite. */
export function blobsContract(name: string, open: () => Promise<Store>): void {
  describe(`blobs ${name}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });

    afterEach(() => store.close());

    async function roundTrip(text: string): Promise<boolean> {
      const hash = hashOf(text);
      await store.blobs.put(new Map([[hash, text]]));
      await store.flush();
      return (await store.blobs.get(hash)) === text;
    }

    it('gives back a text of any size and any characters', async () => {
      expect(await roundTrip('')).toBe(true);
      expect(await roundTrip('{"__proto__":"ü–漢字🚀\0","a.b":{"$":[[]]}}')).toBe(true);
    });

    it('gives back a text that is cut in the middle of a character', async () => {
      expect(await roundTrip(`x${'漢🚀'.repeat(1_300_000)}`)).toBe(true);
      expect(await roundTrip('a'.repeat(4 * 1024 * 1024))).toBe(true);
      expect(await roundTrip('b'.repeat(8 * 1024 * 1024 + 1))).toBe(true);
    });

    it('keeps the first text of a hash', async () => {
      await store.blobs.put(new Map([['h', 'first']]));
      await store.blobs.put(
        new Map([
          ['h', 'second'],
          ['i', 'third'],
        ]),
      );
      expect(await store.blobs.get('h')).toBe('first');
      expect(await store.blobs.get('i')).toBe('third');
    });

    it('says which hash is missing', async () => {
      const missing = store.blobs.get('f00');
      await expect(missing).rejects.toBeInstanceOf(MillraceError);
      await expect(missing).rejects.toMatchObject({
        code: 'store',
        message: expect.stringContaining('f00'),
      });
    });
  });
}
