/** The actor host: every partition of the deployment, and questions to the groups in them. */
import { MillraceError } from '../protocol/errors.ts';
import { baseTopology, partitionOf } from '../protocol/topology.ts';
import { loadGroup } from './load.ts';
import type { Ownership } from './ownership.ts';
import type { Resident } from './parking.ts';
import { PartitionHost } from './partition.ts';
import type { Runtime } from './runtime.ts';

export class Host {
  readonly #runtime: Runtime;
  readonly #partitions: PartitionHost[];
  #owning: Promise<unknown> = Promise.resolve();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#partitions = Array.from(
      { length: runtime.store.partitions },
      (_, partition) => new PartitionHost(runtime, partition, (task) => this.#inTurn(task)),
    );
  }

  /** Resolves when every partition is owned; each is at work as soon as it is. */
  async start(): Promise<void> {
    await this.#runtime.broker.declare(baseTopology(this.#runtime.store.partitions));
    const { pace } = this.#runtime;
    pace.isRecovering = true;
    await Promise.all(this.#partitions.map((partition) => partition.start()));
    pace.isRecovering = false;
  }

  /** Partitions are taken over one after another, so that the first is at work early. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#owning.then(task);
    this.#owning = done.catch(() => undefined);
    return done;
  }

  /** Finishes what is in hand and lets every partition go; changes no state. May be called twice. */
  async stop(): Promise<void> {
    this.#runtime.stopping.abort();
    this.#runtime.outlet.stop();
    this.#runtime.valve.close();
    await Promise.all(this.#partitions.map((partition) => partition.stop()));
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
}
