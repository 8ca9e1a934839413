/**
 * What a deployment agrees on, in MongoDB. Each epoch is a document of its own, numbered by its `_id`: to be
 * the next is to be the first that inserts it, which is atomic on every server that speaks this protocol.
 */
import type { Deployment } from '../../ports/deployment.ts';
import { sizeOf } from './bulk.ts';
import type { DeploymentDocument } from './collections.ts';
import { durable, majority } from './connection.ts';
import { meaningOf } from './errors.ts';
import type { Part } from './journal.ts';

const prefix = 'epoch/';
/** The character after the slash. */
const end = 'epoch0';
const digits = 9;

/** Opens the deployment of a store. */
export function mongoDeployment({ connection, collections: { deployment } }: Part): Deployment {
  async function newest(): Promise<DeploymentDocument | undefined> {
    const [found] = await connection.run('read the epoch', () =>
      deployment
        .find({ _id: { $gt: prefix, $lt: end } }, majority)
        .sort({ _id: -1 })
        .limit(1)
        .toArray(),
    );
    return found;
  }

  return {
    epoch: async () => (await newest())?.epoch,
    async changeEpoch(expected, next) {
      const before = await newest();
      if (before?.epoch !== expected) return false;
      const document = { _id: idAfter(before?._id), epoch: next };
      connection.writing(1, sizeOf(document));
      return connection.run('write the epoch', async () => {
        try {
          await deployment.insertOne(document, durable);
          return true;
        } catch (error) {
          if (meaningOf(error) === 'duplicate') return false;
          throw error;
        }
      });
    },
  };
}

function idAfter(id = prefix): string {
  return prefix + String(Number(id.slice(prefix.length)) + 1).padStart(digits, '0');
}
