/** The store of a deployment for who only reads, and its read models: a data folder, or MongoDB where that is configured. */
import { join } from 'node:path';
import { openSqliteStore, storeFile } from './adapters/sqlite/store.ts';
import type { Config } from './config.ts';
import type { ReadModels } from './ports/readmodels.ts';
import type { Store } from './ports/store.ts';

/** Beside who hosts it, or without one; nothing is written. Rejects with MillraceError `store` or `unavailable`. */
export async function openStoreToRead({ data, partitions, mongodbUrl }: Config): Promise<Store> {
  if (mongodbUrl !== undefined) {
    const { openMongoStore } = await import('./adapters/mongodb/store.ts');
    return openMongoStore({ url: mongodbUrl, partitions, readonly: true });
  }
  const path = join(data, storeFile);
  return openSqliteStore({ path, partitions, readonly: true, fileMustExist: true });
}

/** `store` is the id of their store. Rejects with MillraceError `store` or `unavailable`. */
export async function openReadModels(
  { data, mongodbUrl }: Config,
  { store, readonly }: { store: string; readonly: boolean },
): Promise<ReadModels> {
  if (mongodbUrl !== undefined) {
    const { openMongoReadModels } = await import('./adapters/mongodb/readModels.ts');
    return openMongoReadModels({ url: mongodbUrl, readonly });
  }
  const { openSqliteReadModels, readModelsFile } = await import('./adapters/sqlite/readModels.ts');
  return openSqliteReadModels({ path: join(data, readModelsFile), store, readonly });
}
