/** The suites of all storage ports on a server that speaks MongoDB's protocol. */
import { inject, it } from 'vitest';
import { openMongoReadModels } from '../../src/adapters/mongodb/readModels.ts';
import { openMongoStore } from '../../src/adapters/mongodb/store.ts';
import { databasesOn } from '../kit/mongodbDatabases.ts';
import { blobsContract } from './blobs.contract.ts';
import { deploymentContract } from './deployment.contract.ts';
import { hostsContract } from './hosts.contract.ts';
import { journalContract } from './journal.contract.ts';
import { readModelsContract } from './readmodels.contract.ts';
import { snapshotsContract } from './snapshots.contract.ts';
import { storeContract } from './store.contract.ts';
import { timersContract } from './timers.contract.ts';

const server = inject('mongodbUrl');

if ('url' in server) {
  const { url } = server;
  const databaseOf = databasesOn(url);
  const open = () => openMongoStore({ url, database: databaseOf(), partitions: 16 });
  const openNamed = (name: string, partitions: number) =>
    openMongoStore({ url, database: databaseOf(name), partitions });

  journalContract('mongodb', open);
  snapshotsContract('mongodb', open);
  blobsContract('mongodb', open);
  timersContract('mongodb', open);
  hostsContract('mongodb', openNamed);
  deploymentContract('mongodb', openNamed);
  storeContract('mongodb', openNamed);
  readModelsContract('mongodb', () => openMongoReadModels({ url, database: databaseOf() }));
} else {
  it.skip(`the storage suites on MongoDB: ${server.skipped}`, () => {});
}
