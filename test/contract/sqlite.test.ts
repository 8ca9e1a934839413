/** The suites of all storage ports on SQLite. */
import { join } from 'node:path';
import { openSqliteReadModels } from '../../src/adapters/sqlite/readModels.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { blobsContract } from './blobs.contract.ts';
import { deploymentContract } from './deployment.contract.ts';
import { hostsContract } from './hosts.contract.ts';
import { journalContract } from './journal.contract.ts';
import { readModelsContract } from './readmodels.contract.ts';
import { snapshotsContract } from './snapshots.contract.ts';
import { storeContract } from './store.contract.ts';
import { timersContract } from './timers.contract.ts';

const folder = tempFolder();
let opened = 0;

async function open() {
  return openSqliteStore({ path: join(folder, `${opened++}.db`), partitions: 16 });
}

async function openNamed(name: string, partitions: number) {
  return openSqliteStore({ path: join(folder, `${name}.db`), partitions });
}

journalContract('sqlite', open);
snapshotsContract('sqlite', open);
blobsContract('sqlite', open);
timersContract('sqlite', open);
hostsContract('sqlite', openNamed);
deploymentContract('sqlite', openNamed);
storeContract('sqlite', openNamed);
readModelsContract('sqlite', async () =>
  openSqliteReadModels({ path: join(folder, `${opened++}.db`), store: 'test' }),
);
