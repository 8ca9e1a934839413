/** Composition for reading alone, beside who hosts or without anybody. Loads nothing that hosts. */
import type { AnyStateMachine } from 'xstate';
import { builtInActors } from '../actors/index.ts';
import type { Config } from './config.ts';
import { openStoreToRead } from './openStore.ts';
import { createAt } from './past.ts';
import type { At } from './past.ts';
import type { Store } from './ports/store.ts';
import { partitionOf } from './protocol/topology.ts';
import { createReader } from './reader.ts';
import type { Reader } from './reader.ts';
import { loadGroup } from './runtime/load.ts';
import { createRegistry } from './runtime/registry.ts';
import { verifyGroup } from './runtime/replay.ts';
import type { Verified } from './runtime/replay.ts';
import { createFreezer } from './runtime/snapshots.ts';

/** What can be asked of a store without hosting it. */
export type OpenReader = Reader & {
  /** The request after its entry `seq`; default: the newest. */
  at: At;
  /** Steps a request's whole journal again and compares; see `millrace replay --verify`. */
  verify(id: string): Promise<Verified>;
  close(): Promise<void>;
};

/** Opens a store for reading. Rejects with MillraceError `store` or `unavailable`. */
export async function openReader(config: Config): Promise<OpenReader> {
  return readerOf(config, await openStoreToRead(config));
}

/** Over a store that is open; closing the reader closes it. */
export function readerOf(config: Config, store: Store): OpenReader {
  const registry = createRegistry([...builtInActors, ...config.actors]);
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
