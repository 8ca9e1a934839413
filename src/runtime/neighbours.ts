/**
 * A host among others: looks twice a second who is there, wakes partitions that nobody owns, and gives some of its
 * own to hosts that have too few. No lock and no election: the broker says who owns, the journal fences.
 */
import { isForOthers, toLetGo } from './balance.ts';
import { partitionWake } from '../protocol/forOwner.ts';
import { Orphans } from './orphans.ts';
import type { PartitionHost } from './partition.ts';
import { lookMs, Presence } from './presence.ts';
import type { View } from './presence.ts';
import type { Runtime } from './runtime.ts';
import { tellOwner } from './toOwner.ts';

/** A partition is left to others once in this time; nobody else may be able to take it. */
const declinedMs = 5000;

/** One that comes back, or whose letting go takes its time, is not let go again at once. */
const letGoAgainMs = 5000;

export type NeighboursOptions = {
  runtime: Runtime;
  partitions: readonly PartitionHost[];
  /** Of this process, unlike any other. */
  id: string;
  /** For people. */
  name: string;
};

export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #presence: Presence;
  readonly #orphans = new Orphans();
  readonly #declinedAt = new Map<number, number>();
  readonly #letGoAt = new Map<number, number>();
  /** As it was at the last look; none while the store does not answer. */
  #view: View | undefined;
  #isDraining = false;
  #hasEnded = false;
  #takeBack: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: NeighboursOptions) {
    this.#options = options;
    const { runtime, id, name } = options;
    const { store, clock } = runtime;
    const state = (): ReturnType<Neighbours['state']> => this.state();
    this.#presence = new Presence({ hosts: store.hosts, clock, id, name, state });
  }

  /** Looks at once, and on. */
  start(): void {
    this.#looking = this.#look();
  }

  /** What this host says of itself. */
  state() {
    const { partitions, runtime } = this.#options;
    const owns = partitions
      .filter(isHeld)
      .map(({ partition }) => ({ partition, busy: runtime.valve.busy(partition).size }));
    const isSubscribed = partitions.every(({ state }) => state !== 'away');
    return { isSubscribed, isDraining: this.#isDraining, owns };
  }

  /** Another host is to have a partition whose turn has come to be ours. */
  declines(partition: number): boolean {
    if (this.#view === undefined || !isForOthers(this.#view, this.#holding())) return false;
    const now = this.#options.runtime.clock.monotonic();
    if (now - (this.#declinedAt.get(partition) ?? -Infinity) < declinedMs) return false;
    this.#declinedAt.set(partition, now);
    return true;
  }

  /** From now on the others know that this host gives everything away. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    await this.#presence.put().catch((err: unknown) => this.#warn(err));
  }

  /** This host is no more. */
  async stop(): Promise<void> {
    this.#hasEnded = true;
    this.#takeBack?.();
    await this.#looking;
    await this.#presence.remove().catch((err: unknown) => this.#warn(err));
  }

  async #look(): Promise<void> {
    try {
      this.#view = await this.#presence.look();
      await this.#act(this.#view);
    } catch (err) {
      this.#view = undefined;
      this.#warn(err);
    }
    if (this.#hasEnded) return;
    this.#takeBack = this.#options.runtime.clock.after(lookMs, () => this.start());
  }

  async #act(view: View): Promise<void> {
    if (this.#isDraining) return;
    const { partitions, runtime } = this.#options;
    for (const partition of toLetGo(view, this.#holding())) {
      if (view.at - (this.#letGoAt.get(partition) ?? -Infinity) < letGoAgainMs) continue;
      this.#letGoAt.set(partition, view.at);
      runtime.log.info({ partition }, 'partition let go to a host that has too few');
      partitions[partition]?.letGo();
    }
    const standingBy = partitions.filter(({ state }) => state === 'standing by');
    const orphans = this.#orphans.find(view, numbersOf(standingBy));
    await Promise.all(orphans.map((each) => tellOwner(runtime, each, partitionWake)));
  }

  #holding(): { partitions: number; owned: number[] } {
    const { partitions } = this.#options;
    return { partitions: partitions.length, owned: numbersOf(partitions.filter(isHeld)) };
  }

  #warn(err: unknown): void {
    this.#options.runtime.log.warn({ err }, 'hosts not looked at; trying again');
  }
}

function isHeld({ state }: PartitionHost): boolean {
  return state === 'owned' || state === 'taking over';
}

function numbersOf(partitions: readonly PartitionHost[]): number[] {
  return partitions.map(({ partition }) => partition);
}
