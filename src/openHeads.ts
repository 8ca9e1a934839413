/** Composition for what needs no look into a request: it loads nothing that steps one. */
import type { Config } from './config.ts';
import { createHeads } from './heads.ts';
import type { Heads } from './heads.ts';
import { openStoreToRead } from './openStore.ts';

export type OpenHeads = Heads & { close(): Promise<void> };

/** Opens a store for reading, beside who hosts it or without one. Rejects with MillraceError `store` or `unavailable`. */
export async function openHeads(config: Config): Promise<OpenHeads> {
  const store = await openStoreToRead(config);
  return { ...createHeads(store), close: () => store.close() };
}
