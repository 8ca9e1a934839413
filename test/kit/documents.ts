/** All documents of a data folder's read models, to be compared. */
import { join } from 'node:path';
import { openSqliteReadModels, readModelsFile } from '../../src/adapters/sqlite/readModels.ts';
import { openSqliteStore, storeFile } from '../../src/adapters/sqlite/store.ts';
import type { ReadModels } from '../../src/ports/readmodels.ts';

/** Reads them from a folder, beside whoever has it open. */
export async function documentsIn(folder: string): Promise<object> {
  const path = join(folder, storeFile);
  const store = openSqliteStore({ path, partitions: 1, readonly: true });
  const file = join(folder, readModelsFile);
  const models = openSqliteReadModels({ path: file, store: store.id, readonly: true });
  try {
    return await documentsOf(models, store.partitions);
  } finally {
    await models.close();
    await store.close();
  }
}

export async function documentsOf(models: ReadModels, partitions: number): Promise<object> {
  const requests = await models.find({});
  const inAll = <T>(read: (id: string) => Promise<T>) =>
    Promise.all(requests.map(({ id }) => read(id)));
  const numbers = Array.from({ length: partitions }, (_, partition) => partition);
  return {
    requests,
    jobs: await inAll((id) => models.jobs(id)),
    attempts: await inAll((id) => models.attempts(id)),
    applied: await Promise.all(numbers.map((partition) => models.applied(partition))),
  };
}
