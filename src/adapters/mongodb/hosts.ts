/** Hosts in MongoDB: a document each, replaced whole. Not durable: a lost one is written again in half a second. */
import type { HostDocument, Hosts } from '../../ports/hosts.ts';
import { sizeOf } from './bulk.ts';
import type { HostRow } from './collections.ts';
import { soon } from './connection.ts';
import type { Part } from './journal.ts';

/** Opens the hosts of a store. */
export function mongoHosts({ connection, collections: { hosts } }: Part): Hosts {
  return {
    async put({ id, ...rest }) {
      const row: HostRow = { _id: id, ...rest };
      connection.writing(1, sizeOf(row));
      await connection.run(`write host ${id}`, () =>
        hosts.replaceOne({ _id: id }, row, { upsert: true, ...soon }),
      );
    },
    async all() {
      const found = await connection.run('read the hosts', () =>
        hosts.find().sort({ _id: 1 }).toArray(),
      );
      return found.map(({ _id, ...rest }): HostDocument => ({ id: _id, ...rest }));
    },
    async remove(id) {
      connection.writing(1, 0);
      await connection.run(`remove host ${id}`, () => hosts.deleteOne({ _id: id }, soon));
    },
  };
}
