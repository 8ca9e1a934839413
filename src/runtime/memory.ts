/**
 * What the groups in a host's memory take up, about, and which of them leave when it is too much: those that
 * only wait, least recently used first (architecture, section 10). A message or a timer brings one back.
 */
import type { Group } from './group.ts';
import type { Ownership } from './ownership.ts';
import { eachPlace } from './places.ts';
import { kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Runtime } from './runtime.ts';

/** Groups that wait take up no more than this. */
const mostBytes = 256 * 1024 * 1024;

/** Rough sizes of what a group is made of, in bytes. */
const bytesOf = { group: 2000, actor: 1500, attempt: 700, timer: 400, item: 100 };

/** `used`: counts up with each use of any group. */
type Held = { own: Ownership; bytes: number; used: number };

export class Memory {
  readonly #registry: Registry;
  readonly #most: number;
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #uses = 0;

  /** `most`: bytes, default 256 MiB. */
  constructor(registry: Registry, most = mostBytes) {
    this.#registry = registry;
    this.#most = most;
  }

  /** About what all groups take up. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A group was used: it leaves last. */
  note(own: Ownership, group: Group): void {
    const bytes = sizeOf(this.#registry, group);
    const used = (this.#uses += 1);
    const held = this.#held.get(group.id);
    this.#bytes += bytes - (held?.bytes ?? 0);
    if (held === undefined) this.#held.set(group.id, { own, bytes, used });
    else Object.assign(held, { own, bytes, used });
  }

  forget(id: string): void {
    this.#bytes -= this.#held.get(id)?.bytes ?? 0;
    this.#held.delete(id);
  }

  /** The ownership has ended, and its groups with it. */
  drop(own: Ownership): void {
    for (const [id, held] of this.#held) if (held.own === own) this.forget(id);
  }

  /** Puts groups that only wait out of memory until the rest is no more than it may be. */
  async relieve(runtime: Runtime): Promise<void> {
    if (this.#bytes <= this.#most) return;
    const leastUsed = [...this.#held].sort(([, a], [, b]) => a.used - b.used);
    for (const [id, { own }] of leastUsed) {
      if (this.#bytes <= this.#most) return;
      if (await putOut(runtime, own, id)) this.forget(id);
    }
  }
}

/** False when the group has something to do, or got it meanwhile. */
async function putOut(runtime: Runtime, own: Ownership, id: string): Promise<boolean> {
  const resident = own.residents.get(id);
  if (resident === undefined) return true;
  const isBusy = resident.offset > own.released || own.touched.has(id) || own.owing.has(id);
  if (isBusy || resident.parked !== undefined) return false;
  const { group, snapshotSeq } = resident;
  if (group.seq > snapshotSeq) {
    const frost = await runtime.freezer.freeze(group, snapshotSeq);
    await runtime.store.blobs.put(frost.fresh);
    await runtime.store.snapshots.put(frost.snapshot);
    frost.stored();
  }
  if (own.residents.get(id) !== resident) return false;
  own.residents.delete(id);
  return true;
}

/** An estimate that costs no walk through the group. */
function sizeOf(registry: Registry, { root, actors, obligations, values }: Group): number {
  let items = 0;
  const count = (place: unknown): void => {
    items += (place as { size: number }).size;
  };
  const context: unknown = actors.get(root)?.context;
  for (const path of registry.find(kindOf(root))?.chunkedPaths ?? [])
    eachPlace(context, path, count);
  let bytes = values.open.bytes;
  for (const chunk of values.full) bytes += chunk.bytes;
  return (
    bytes +
    bytesOf.group +
    actors.size * bytesOf.actor +
    obligations.attempts.size * bytesOf.attempt +
    obligations.timers.size * bytesOf.timer +
    items * bytesOf.item
  );
}
