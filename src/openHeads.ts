/** Composition for what needs no look into a request: it loads nothing that steps one. */
import { join } from 'node:path';
import { openSqliteStore, storeFile } from './adapters/sqlite/store.ts';
import type { Config } from './config.ts';
import { createHeads } from './heads.ts';
import type { Heads } from './heads.ts';

export type OpenHeads = Heads & { close(): Promise<void> };

/** Opens a data folder, beside its host or without one. Throws MillraceError `store`. */
export function openHeads({ data, partitions }: Config): OpenHeads {
  const path = join(data, storeFile);
  const store = openSqliteStore({ path, partitions, readonly: true, fileMustExist: true });
  return { ...createHeads(store), close: () => store.close() };
}
