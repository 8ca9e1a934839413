/** Several hosts over one broker and one store, each with a clock of its own; a test cuts, freezes and kills them. */
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { SmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { QueueStats } from '../../src/ports/queueStats.ts';
import type { Store } from '../../src/ports/store.ts';
import { baseTopology, exchanges, partitionKey, partitionOf } from '../../src/protocol/topology.ts';
import { epochQueue, jobQueue, storeQueue } from '../../src/protocol/topology.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import { BrokerEpoch } from '../../src/runtime/epoch.ts';
import { Host } from '../../src/runtime/host.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { FakeClock } from './fakeClock.ts';
import { LostBroker } from './lostBroker.ts';
import { collect, createRuntime, openStore } from './rig.ts';

type ClusterOptions = { actors: readonly ActorDefinition[]; folder: string; partitions?: number };

export type ClusterHost = {
  host: Host;
  runtime: Runtime;
  clock: FakeClock;
  connection: LostBroker;
  log: string[];
  /** The partitions that it owns. */
  owned(): number[];
  /** As SIGKILL: its connection ends, and it does nothing any more. */
  kill(): Promise<void>;
};

export type JoinOptions = {
  actors?: readonly ActorDefinition[];
  /** Stands between the host and its store. */
  store?: (store: Store) => Store;
  stats?: QueueStats;
};

export class Cluster {
  readonly store: ReturnType<typeof openStore>;
  readonly broker: SmqpBroker = openSmqpBroker();
  readonly partitions: number;
  readonly #actors: readonly ActorDefinition[];
  readonly #hosts = new Set<ClusterHost>();
  #sent = 0;
  #now = new FakeClock().now();

  constructor(options: ClusterOptions) {
    this.partitions = options.partitions ?? 4;
    this.#actors = options.actors;
    this.store = openStore(options.folder, this.partitions);
  }

  /** Another host; it stands by when this resolves. */
  async join(options: JoinOptions = {}): Promise<ClusterHost> {
    const made = this.make(options);
    await Promise.all([made.host.start(), this.#turnUntilStarted(made)]);
    return made;
  }

  /** Another host that has not started. */
  make({ actors = this.#actors, store = (bare) => bare, stats }: JoinOptions = {}): ClusterHost {
    const clock = new FakeClock(this.#now);
    const connection = new LostBroker(this.broker);
    const log: string[] = [];
    const stopping = new AbortController();
    const { broker } = connection;
    const mine = store(this.store);
    const epoch = new BrokerEpoch({
      broker,
      store: mine,
      clock,
      log: {
        warn: (details, text) => void log.push(`${text} ${JSON.stringify(details)}`),
        error: (details, text) => void log.push(`${text} ${JSON.stringify(details)}`),
      },
      stopping: stopping.signal,
      newId: () => `epoch-${Math.random().toString(36).slice(2)}`,
    });
    const runtime = createRuntime(actors, { store: mine, broker, clock, log, epoch, stopping });
    const name = `host ${this.#hosts.size + 1}`;
    const host = new Host(runtime, { name, ...(stats !== undefined && { stats }) });
    const made: ClusterHost = {
      host,
      runtime,
      clock,
      connection,
      log,
      owned: () =>
        host.partitions.flatMap((state, partition) => (state === 'owned' ? [partition] : [])),
      kill: async () => {
        this.#hosts.delete(made);
        connection.freeze();
        await connection.giveUp();
      },
    };
    this.#hosts.add(made);
    return made;
  }

  /** Lets time pass for these hosts (default: all that live), and what comes of it happen. */
  async pass(ms: number, hosts: Iterable<ClusterHost> = this.#hosts): Promise<void> {
    const list = [...hosts];
    for (let left = ms; left > 0; left -= 100) {
      this.#now += Math.min(left, 100);
      for (const { clock } of list) clock.advance(Math.min(left, 100));
      await turns();
    }
  }

  /** Lets time pass until this holds. */
  async until(holds: () => boolean | Promise<boolean>, mostMs = 60_000): Promise<number> {
    for (let passed = 0; passed <= mostMs; passed += 100) {
      if (await holds()) return passed;
      await this.pass(100);
    }
    throw new Error(`it did not come about in ${mostMs} ms: ${this.describe()}`);
  }

  /** Who owns each partition, by number of the host. */
  describe(): string {
    return [...this.#hosts].map((each) => each.host.partitions.join(',')).join(' | ');
  }

  /** Sends a command to a task, and asks for no reply. */
  async tell(group: string, type: string, body: object = {}): Promise<void> {
    this.#sent += 1;
    await this.broker.publish({
      exchange: exchanges.partitions,
      routingKey: partitionKey(this.partitionOf(group)),
      properties: {
        messageId: `m-${this.#sent}`,
        type,
        timestamp: 0,
        headers: { group, to: 'task/main' },
      },
      body: JSON.stringify(body),
    });
  }

  partitionOf(group: string): number {
    return partitionOf(group, this.partitions);
  }

  entries(group: string): Promise<Entry[]> {
    return collect(this.store.journal.readGroup(this.partitionOf(group), group, 0));
  }

  /** All queues are gone, as after a reset of the broker. */
  async wipe(jobType: string): Promise<void> {
    const { queues } = baseTopology(this.partitions);
    const epoch = epochQueue((await this.store.deployment.epoch()) ?? '');
    const names = [...queues.map(({ name }) => name), epoch, storeQueue, jobQueue(jobType)];
    for (const name of names) this.broker.deleteQueue(name);
  }

  async stop(): Promise<void> {
    const hosts = [...this.#hosts];
    const ended = new Set<ClusterHost>();
    const stopping = Promise.all(hosts.map((each) => each.host.stop().then(() => ended.add(each))));
    for (let n = 0; n < 300 && ended.size < hosts.length; n += 1) await this.pass(100);
    await stopping;
    await this.broker.close();
    await this.store.close();
  }

  /** What it waits for comes with time. */
  async #turnUntilStarted({ host }: ClusterHost): Promise<void> {
    await this.until(() => host.partitions.every((state) => state !== 'away'));
  }
}

/** Some turns of the event loop: a batch, its commit and its release take a few. */
export async function turns(count = 12): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
