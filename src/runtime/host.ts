/**
 * The actor host: stands by for every partition of the deployment, owns those that the broker gives it, and answers
 * questions to the groups in them.
 */
import type { QueueStats } from '../ports/queueStats.ts';
import { MillraceError } from '../protocol/errors.ts';
import { baseTopology, partitionOf, partitionQueue } from '../protocol/topology.ts';
import { partitionReconcile, queueEmpty } from '../protocol/forOwner.ts';
import { loadGroup } from './load.ts';
import { Neighbours } from './neighbours.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import { PartitionHost } from './partition.ts';
import type { PartitionState } from './partition.ts';
import { Purges } from './purges.ts';
import type { Runtime } from './runtime.ts';
import { tellOwner } from './toOwner.ts';

/** Many starts come back at once when their queue is gone; its owners are told once in this time. */
const goneAgainMs = 5000;

export type HostOptions = {
  /** No other process hosts this deployment; default: when the broker is in this process. */
  isAlone?: boolean;
  /** For people; default: none. */
  name?: string;
  /** Counts of the broker's queues, by which purged ones are found; without them they are not. */
  stats?: QueueStats;
  /** How long a stop may take to let every partition go, in milliseconds; default 10,000. */
  drainMs?: number;
};

export class Host {
  readonly #runtime: Runtime;
  readonly #partitions: PartitionHost[];
  readonly #isAlone: boolean;
  readonly #drainMs: number;
  readonly #neighbours: Neighbours;
  readonly #purges: Purges | undefined;
  #owning: Promise<unknown> = Promise.resolve();
  /** Partitions that are being taken over, or wait for it. */
  #takenOver = 0;
  #declaring: Promise<void> | undefined;
  #unwatch: (() => void) | undefined;
  readonly #goneAt = new Map<string, number>();

  constructor(runtime: Runtime, options: HostOptions = {}) {
    const { isAlone = !runtime.broker.isRemote, name = '', drainMs = 10_000, stats } = options;
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
    this.#purges = stats && new Purges({ runtime, stats, owned: () => this.owned() });
    const id = runtime.newToken();
    this.#neighbours = new Neighbours({ runtime, partitions: this.#partitions, id, name });
  }

  /**
   * Resolves when every partition's queue is consumed; for a host that is alone, when every partition is owned, each
   * at work as soon as it is. Rejects with MillraceError `store` when the broker serves another store.
   */
  async start(): Promise<void> {
    const { epoch } = this.#runtime;
    this.#watch();
    await this.#declare();
    await epoch.establish();
    await Promise.all(this.#partitions.map((partition) => partition.start()));
    if (!this.#isAlone) this.#neighbours.start();
    this.#purges?.start();
  }

  /** How it stands with each partition. */
  get partitions(): readonly PartitionState[] {
    return this.#partitions.map(({ state }) => state);
  }

  /** Why it takes no work just now, or not all, though its broker does; undefined when it does. */
  get trouble(): string | undefined {
    const states = this.partitions;
    const count = (sought: PartitionState): number =>
      states.filter((state) => state === sought).length;
    if (count('away') > 0) return `${count('away')} partitions are not consumed`;
    if (count('refused') > 0) return `${count('refused')} partitions are left alone; see the log`;
    return this.#runtime.epoch.refusal ?? this.#runtime.pace.failure;
  }

  /** Finishes what is in hand and lets every partition go; changes no state. May be called twice. */
  async stop(): Promise<void> {
    const { stopping, outlet, valve, pace, clock } = this.#runtime;
    const giveUp = (): void => {
      stopping.abort();
      pace.go();
    };
    if (this.#isAlone) giveUp();
    const takeBack = clock.after(this.#drainMs, giveUp);
    valve.close();
    this.#purges?.stop();
    if (!this.#isAlone) await this.#neighbours.drain();
    await Promise.all(this.#partitions.map((partition) => partition.stop()));
    takeBack();
    giveUp();
    outlet.stop();
    this.#unwatch?.();
    if (!this.#isAlone) await this.#neighbours.stop();
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
    const { pace } = this.#runtime;
    this.#takenOver += 1;
    pace.isRecovering = true;
    const done = this.#owning.then(task).finally(() => {
      this.#takenOver -= 1;
      pace.isRecovering = this.#takenOver > 0;
    });
    this.#owning = done.catch(() => undefined);
    return done;
  }

  #watch(): void {
    const { broker, log, pace, epoch, outlet } = this.#runtime;
    epoch.onChange(() => void this.#onEpoch());
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
        log.error({ reason }, 'the broker takes no messages; no work is taken until it does');
        pace.hold();
      },
      onUnblocked: () => {
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

  /** The broker has forgotten, or is not ours. */
  async #onEpoch(): Promise<void> {
    const { epoch, outlet, pace, log } = this.#runtime;
    if (epoch.refusal !== undefined) {
      pace.hold();
      return;
    }
    outlet.declareAnew();
    await this.#declare().catch((err: unknown) => log.warn({ err }, 'not declared again yet'));
    for (const partition of this.#partitions) partition.reconcile();
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
