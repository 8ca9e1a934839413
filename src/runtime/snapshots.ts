/**
 * Freezes a group into a stored snapshot and thaws it again. Large places are cut into chunks named
 * by their hash; a chunk object that was stored once is never written or serialised again.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { z } from 'zod';
import type { Blobs } from '../ports/blobs.ts';
import type { StoredSnapshot } from '../ports/snapshots.ts';
import { MillraceError } from '../protocol/errors.ts';
import { sha256 } from '../protocol/hash.ts';
import { ChunkKeeper } from './chunkKeeper.ts';
import type { Freezing } from './chunkKeeper.ts';
import { freezeObligations, frozenObligationsSchema, thawObligations } from './frozen.ts';
import type { Group } from './group.ts';
import { changeAt, placeAt, placesOf } from './places.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import { Table } from './table.ts';
import { chunksOf, valuesOf } from './values.ts';
import type { Values } from './values.ts';

export type Freezer = {
  /** The snapshot, and the texts that are not stored yet; `stored` is to be called once they are. */
  freeze(group: Group, parent: number): Promise<Frost>;
  /** Throws MillraceError `store` when hash, version or chunks are not right. */
  thaw(stored: StoredSnapshot): Promise<Group>;
  /** A value log by itself, as a snapshot holds it, and the texts of it that are not stored yet. */
  freezeValues(values: Values): Promise<{ frozen: Frozen['values']; fresh: Map<string, string> }>;
  /** The chunk of this hash; a snapshot that holds it writes it no more. */
  chunk(hash: string): Promise<object>;
};

export type Frost = { snapshot: StoredSnapshot; fresh: Map<string, string>; stored(): void };

const stateSchema = frozenObligationsSchema.extend({
  root: z.string(),
  createdAt: z.number(),
  actors: z.record(z.string(), z.unknown()),
  values: z.object({ length: z.number(), chunks: z.array(z.unknown()) }),
});

type Frozen = z.infer<typeof stateSchema>;

/** `blobs` serve thawing only. */
export function createFreezer(registry: Registry, blobs: Blobs): Freezer {
  const keeper = new ChunkKeeper(blobs);

  const freezeActor = async (
    address: string,
    snapshot: AnyMachineSnapshot,
    freezing: Freezing,
  ): Promise<unknown> => {
    const { definition, stepper } = registry.kind(kindOf(address));
    let context: unknown = snapshot.context;
    for (const keys of placesOf(context, definition.chunked)) {
      const chunks = await keeper.freeze(chunksAt(context, keys), freezing);
      context = changeAt(context, keys, (place) => ({ ...(place as object), chunks }));
    }
    return stepper.persist(withContext(snapshot, context));
  };

  const thawActor = async (
    address: string,
    persisted: unknown,
    versions: Readonly<Record<string, number>>,
  ) => {
    const kind = kindOf(address);
    const { definition, stepper, version } = registry.kind(kind);
    const from = versions[kind] ?? 1;
    const current =
      from === version
        ? persisted
        : migrated(kind, definition.migrate, persisted, { from, version });
    let context: unknown = (current as { context: unknown }).context;
    for (const keys of placesOf(context, definition.chunked)) {
      const chunks = await keeper.thaw(chunksAt(context, keys));
      context = changeAt(context, keys, (old) => ({ ...(old as object), chunks }));
    }
    return stepper.restore({ ...(current as object), context });
  };

  const frozenValues = async (values: Values, freezing: Freezing): Promise<Frozen['values']> => ({
    length: values.length,
    chunks: await keeper.freeze(chunksOf(values), freezing),
  });

  return {
    chunk: (hash) => keeper.chunk(hash),
    async freezeValues(values) {
      const freezing: Freezing = { names: new Map(), fresh: new Map() };
      const frozen = await frozenValues(values, freezing);
      return { frozen, fresh: freezing.fresh };
    },
    async freeze(group, parent) {
      const freezing: Freezing = { names: new Map(), fresh: new Map() };
      const { obligations, values } = group;
      const actors: Record<string, unknown> = {};
      for (const [address, snapshot] of group.actors.sorted()) {
        actors[address] = await freezeActor(address, snapshot, freezing);
      }
      const state: Frozen = {
        root: group.root,
        createdAt: group.createdAt,
        actors,
        ...freezeObligations(obligations),
        values: await frozenValues(values, freezing),
      };
      const text = JSON.stringify(state);
      const snapshot: StoredSnapshot = {
        group: group.id,
        seq: group.seq,
        at: group.at,
        versions: registry.versions,
        ...(parent > 0 && { parent }),
        hash: sha256(text),
        state: text,
      };
      return {
        snapshot,
        fresh: freezing.fresh,
        stored: () => keeper.stored(freezing),
      };
    },

    async thaw({ group: id, seq, at, hash, state, versions }) {
      if (sha256(state) !== hash) {
        throw new MillraceError(
          'store',
          `snapshot ${id}/${seq} does not match its hash; the store file is damaged`,
        );
      }
      const frozen = stateSchema.parse(JSON.parse(state));
      const actors: [string, AnyMachineSnapshot][] = [];
      for (const [address, persisted] of Object.entries(frozen.actors)) {
        actors.push([address, await thawActor(address, persisted, versions)]);
      }
      const chunks = await keeper.thaw(frozen.values.chunks);
      return {
        id,
        seq,
        at,
        createdAt: frozen.createdAt,
        root: frozen.root,
        actors: new Table(actors),
        obligations: thawObligations(frozen),
        values: valuesOf(frozen.values.length, chunks as Values['full']),
      };
    },
  };
}

function migrated(
  kind: string,
  migrate: ((persisted: unknown, from: number) => unknown) | undefined,
  persisted: unknown,
  { from, version }: { from: number; version: number },
): unknown {
  if (migrate !== undefined && from < version) return migrate(persisted, from);
  throw new MillraceError(
    'store',
    `it holds "${kind}" of version ${from} and this program has version ${version}; ` +
      `give the actor a \`migrate\`, or finish it with the older program`,
  );
}

/** A cast: the actor has declared that chunks are there. */
function chunksAt(context: unknown, path: readonly string[]): readonly object[] {
  return (placeAt(context, path) as { chunks: object[] }).chunks;
}

/** The same snapshot over another context; only good for `persist`. */
function withContext(snapshot: AnyMachineSnapshot, context: unknown): AnyMachineSnapshot {
  return Object.assign(
    Object.create(Object.getPrototypeOf(snapshot) as object) as AnyMachineSnapshot,
    snapshot,
    { context },
  );
}
