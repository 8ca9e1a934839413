/** Composition for reading alone: a data folder beside its host, or without one. Loads nothing that hosts. */
import { join } from 'node:path';
import type { AnyStateMachine } from 'xstate';
import { builtInActors } from '../actors/index.ts';
import { openSqliteStore, storeFile } from './adapters/sqlite/store.ts';
import type { Config } from './config.ts';
import { createAt } from './past.ts';
import type { At } from './past.ts';
import { partitionOf } from './protocol/topology.ts';
import { createReader } from './reader.ts';
import type { Reader } from './reader.ts';
import { loadGroup } from './runtime/load.ts';
import { createRegistry } from './runtime/registry.ts';
import { verifyGroup } from './runtime/replay.ts';
import type { Verified } from './runtime/replay.ts';
import { createFreezer } from './runtime/snapshots.ts';

/** What can be asked of a data folder without hosting it. */
export type OpenReader = Reader & {
  /** The request after its entry `seq`; default: the newest. */
  at: At;
  /** Steps a request's whole journal again and compares; see `millrace replay --verify`. */
  verify(id: string): Promise<Verified>;
  close(): Promise<void>;
};

/** Opens a data folder for reading, beside a host or without one. Throws MillraceError `store`. */
export function openReader(config: Config): OpenReader {
  const registry = createRegistry([...builtInActors, ...config.actors]);
  const store = openSqliteStore({
    path: join(config.data, storeFile),
    partitions: config.partitions,
    readonly: true,
    fileMustExist: true,
  });
  const loader = { store, registry, freezer: createFreezer(registry, store.blobs) };
  const place = (id: string) => ({ partition: partitionOf(id, store.partitions), id });
  const reader = createReader(store, registry, (id) => loadGroup(loader, place(id)));
  return {
    ...reader,
    at: createAt(loader),
    verify: (id) => verifyGroup(loader, place(id)),
    close: () => store.close(),
  };
}

/** The machine of a kind of actor, built in or the user's own; undefined when there is none. */
export function machineOf({ actors }: Config, kind: string): AnyStateMachine | undefined {
  return [...builtInActors, ...actors].find((actor) => actor.kind === kind)?.machine;
}
