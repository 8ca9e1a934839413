/**
 * The actor host: stands by for every partition of the deployment, owns those that the broker gives it, and answers
 * questions to the groups in them.
 */
import { MillraceError } from '../protocol/errors.ts';
import { baseTopology, partitionOf, partitionQueue } from '../protocol/topology.ts';
import { partitionReconcile, queueEmpty } from './incoming.ts';
import { loadGroup } from './load.ts';
import { Neighbours } from './neighbours.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import { PartitionHost } from './partition.ts';
import type { PartitionState } from './partition.ts';
import type { Runtime } from './runtime.ts';
import { tellOwner } from './toOwner.ts';

/** Many starts come back at once when their queue is gone; its owners are told once in this time. */
const goneAgainMs = 5000;

export type HostOptions = {
  /** No other process hosts this deployment; default: when the broker is in this process. */
  isAlone?: boolean;
  /** For people; default: none. */
  name?: string;
  /** How long a stop may take to let every partition go, in milliseconds; default 10,000. */
  drainMs?: number;
};

/** How a host stands, for health and metrics. */
export type HostState = {
  /** By partition. */
  partitions: readonly PartitionState[];
  /** Why it takes no work just now; absent when it does. */
  holdsBack?: string;
};

export class Host {
  readonly #runtime: Runtime;
  readonly #partitions: PartitionHost[];
  readonly #isAlone: boolean;
  readonly #drainMs: number;
  readonly #neighbours: Neighbours;
  #owning: Promise<unknown> = Promise.resolve();
  #declaring: Promise<void> | undefined;
  #unwatch: (() => void) | undefined;
  #blocked: string | undefined;
  readonly #goneAt = new Map<string, number>();

  constructor(runtime: Runtime, options: HostOptions = {}) {
    const { isAlone = !runtime.broker.isRemote, name = '', drainMs = 10_000 } = options;
    this.#runtime = runtime;
    this.#isAlone = isAlone;
    this.#drainMs = drainMs;
    this.#partitions = Array.from(
      { length: runtime.store.partitions },
      (_, partition) =>
        new PartitionHost(runtime, partition, {
          isAlone,
          inTurn: (task) => this.#inTurn(task),
          declines: (asked) => !isAlone && this.#neighbours.declines(asked),
          onTrouble: (troubled, why) => this.#onTrouble(troubled, why),
        }),
    );
    const id = runtime.newToken();
    this.#neighbours = new Neighbours({ runtime, partitions: this.#partitions, id, name });
  }

  /**
   * Resolves when every partition's queue is consumed; for a host that is alone, when every partition is owned, each
   * at work as soon as it is. Rejects with MillraceError `store` when the broker serves another store.
   */
  async start(): Promise<void> {
    const { pace, epoch, broker } = this.#runtime;
    this.#watch();
    await this.#declare();
    await epoch.establish();
    pace.isRecovering = this.#isAlone;
    await Promise.all(this.#partitions.map((partition) => partition.start()));
    pace.isRecovering = false;
    if (broker.isRemote) this.#neighbours.start();
  }

  /** How it stands. */
  get state(): HostState {
    const partitions = this.#partitions.map(({ state }) => state);
    return { partitions, ...(this.#blocked !== undefined && { holdsBack: this.#blocked }) };
  }

  /** Finishes what is in hand and lets every partition go; changes no state. May be called twice. */
  async stop(): Promise<void> {
    const { stopping, outlet, valve, pace, clock, broker } = this.#runtime;
    const giveUp = (): void => {
      stopping.abort();
      pace.go();
    };
    if (this.#isAlone) giveUp();
    const takeBack = clock.after(this.#drainMs, giveUp);
    valve.close();
    if (broker.isRemote) await this.#neighbours.drain();
    await Promise.all(this.#partitions.map((partition) => partition.stop()));
    takeBack();
    giveUp();
    outlet.stop();
    this.#unwatch?.();
    if (broker.isRemote) await this.#neighbours.stop();
    await this.#runtime.desk.close();
  }

  /** The partitions that are ours just now. */
  owned(): Ownership[] {
    return this.#partitions.flatMap(({ ownership }) => ownership ?? []);
  }

  /** The group as it is committed: from memory, else from the store. */
  async group(id: string): Promise<Resident> {
    const partition = partitionOf(id, this.#runtime.store.partitions);
    const host = this.#partitions[partition];
    if (host === undefined) throw new MillraceError('store', `there is no partition ${partition}`);
    const { ownership } = host;
    const resident = ownership?.uncommitted.get(id) ?? ownership?.residents.get(id);
    return resident ?? loadGroup(this.#runtime, { partition, id });
  }

  /** Partitions are taken over one after another, so that the first is at work early. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#owning.then(task);
    this.#owning = done.catch(() => undefined);
    return done;
  }

  #watch(): void {
    const { broker, log, pace, epoch, outlet } = this.#runtime;
    epoch.onChange(() => {
      for (const partition of this.#partitions) partition.reconcile();
    });
    outlet.onQueueGone((jobType) => void this.#onQueueGone(jobType));
    this.#unwatch ??= broker.watch({
      onDisconnected: (reason) => log.warn({ reason }, 'the broker is gone; waiting for it'),
      onConnected: () => {
        log.warn('the broker is back');
        outlet.declareAnew();
        epoch.suspect('it was gone');
        for (const partition of this.#partitions) partition.nudge();
      },
      onBlocked: (reason) => {
        this.#blocked = `the broker takes no messages: ${reason}`;
        log.error({ reason }, 'the broker takes no messages; no work is taken until it does');
        pace.hold();
      },
      onUnblocked: () => {
        this.#blocked = undefined;
        log.warn('the broker takes messages again');
        pace.go();
      },
    });
  }

  /** All that hosts need of exchanges and queues; once, whoever asks meanwhile. */
  #declare(): Promise<void> {
    const { broker, store } = this.#runtime;
    this.#declaring ??= broker.declare(baseTopology(store.partitions)).finally(() => {
      this.#declaring = undefined;
    });
    return this.#declaring;
  }

  /** A partition's queue cannot be consumed any more; where it is gone, so may answers be that were in it. */
  async #onTrouble(partition: number, why: string): Promise<void> {
    const { broker, epoch, log, stopping } = this.#runtime;
    if (stopping.signal.aborted) return;
    epoch.suspect(why);
    try {
      const isGone = (await broker.inspect(partitionQueue(partition))) === undefined;
      await this.#declare();
      if (isGone) await tellOwner(this.#runtime, partition, partitionReconcile);
    } catch (err) {
      log.warn({ err, partition }, 'its queue is not declared again yet');
    }
  }

  /** What other owners have sent to that queue is gone as well. */
  async #onQueueGone(jobType: string): Promise<void> {
    const { clock, epoch, log } = this.#runtime;
    const now = clock.monotonic();
    if (now - (this.#goneAt.get(jobType) ?? -Infinity) < goneAgainMs) return;
    this.#goneAt.set(jobType, now);
    log.warn({ jobType }, 'the queue of a job type was gone');
    epoch.suspect(`the queue of ${jobType} was gone`);
    const told = this.#partitions.map(({ partition }) =>
      tellOwner(this.#runtime, partition, queueEmpty, { jobType }),
    );
    await Promise.all(told).catch((err: unknown) => log.warn({ err, jobType }, 'owners not told'));
  }
}
