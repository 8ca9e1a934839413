/**
 * Crash points as decorators of the Store and Broker ports: the process kills itself, by a real SIGKILL,
 * when the site that it was given is reached for the n-th time. The product knows nothing of it.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type { Ports } from '../../src/compose.ts';
import type { Broker, Publication } from '../../src/ports/broker.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Entry, Journal } from '../../src/ports/journal.ts';
import type { Store } from '../../src/ports/store.ts';
import { exchanges, partitionQueue } from '../../src/protocol/topology.ts';
import { partitionClaim } from '../../src/runtime/ownership.ts';
import { siteOf } from './crashPlan.ts';
import type { Crash, CrashPoint, crashSites } from './crashPlan.ts';

/**
 * `beforeKill`: what this thread does just before it kills its process.
 * `isHasty`: checkpoints come sooner; the host's 200 ms after a release are longer than most of these chains live.
 */
type Time = { lateMs: number; isHasty: boolean; beforeKill: () => void };

/** A child process is about to be started, has just been, or has ended and nobody knows it yet. */
type OnChild = (site: (typeof crashSites)['in a child process'][number]) => void;

/** Ports that crash, if they are told to, over the embedded ones. */
export function crashingPorts(
  crash: Crash | undefined,
  time: Time,
): { ports: Pick<Ports, 'openStore' | 'openBroker' | 'clock'>; onChild: OnChild } {
  const fuse = new Fuse(crash, time.beforeKill);
  const ports = {
    openStore: ({ data, partitions }) =>
      crashingStore(openSqliteStore({ path: join(data, 'store.db'), partitions }), fuse),
    openBroker: () => crashingBroker(openSmqpBroker(), fuse),
    clock: clockOf(time),
  } satisfies Partial<Ports>;
  return { ports, onChild: (site) => fuse.at('in a child process', site) };
}

function clockOf({ lateMs, isHasty }: Time): Clock {
  return {
    now: () => systemClock.now() + lateMs,
    monotonic: () => systemClock.monotonic(),
    after: (ms, callback) => systemClock.after(ms === 200 && isHasty ? 10 : ms, callback),
  };
}

/** Counts how often the site is reached, and kills; remembers what was committed and not yet released. */
class Fuse {
  /** Host's publications for a group since its last entry. */
  readonly sent = new Map<string, number>();
  /** Partitions with entries that are not acked. */
  readonly unacked = new Set<number>();
  readonly suspending = new Set<string>();
  readonly #crash: Crash | undefined;
  readonly #beforeKill: () => void;
  readonly #signal = new Int32Array(new SharedArrayBuffer(4));
  #reached = 0;

  constructor(crash: Crash | undefined, beforeKill: () => void) {
    this.#crash = crash;
    this.#beforeKill = beforeKill;
    if (crash?.site.endsWith(': inside') === true) startKiller(this.#signal, crash.delayUs);
  }

  at(point: CrashPoint, site: string): void {
    if (this.isDue(point, site)) this.#kill();
  }

  isDue(point: CrashPoint, site: string): boolean {
    if (this.#crash?.site !== siteOf(point, site)) return false;
    this.#reached += 1;
    return this.#reached === this.#crash.nth;
  }

  /** Kills in a moment, while this thread goes on. */
  inside(point: CrashPoint): void {
    if (!this.isDue(point, 'inside')) return;
    Atomics.store(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }

  async written(point: CrashPoint, store: Store): Promise<void> {
    if (!this.isDue(point, 'written')) return;
    await store.flush();
    this.#kill();
  }

  #kill(): void {
    this.#beforeKill();
    process.kill(process.pid, 'SIGKILL');
  }
}

/** A thread that waits for the signal, spins, and kills the process whatever its main thread is doing. */
function startKiller(signal: Int32Array, delayUs: number): void {
  const code = `
    const { workerData: { signal, delayUs } } = require('node:worker_threads');
    Atomics.wait(signal, 0, 0);
    for (const end = performance.now() + delayUs / 1000; performance.now() < end; );
    process.kill(process.pid, 'SIGKILL');`;
  new Worker(code, { eval: true, execArgv: [], workerData: { signal, delayUs } }).unref();
}

function crashingStore(store: Store, fuse: Fuse): Store {
  const { snapshots, blobs } = store;
  return {
    id: store.id,
    partitions: store.partitions,
    timers: store.timers,
    hosts: store.hosts,
    deployment: store.deployment,
    journal: crashingJournal(store, fuse),
    snapshots: {
      newest: (group, seq) => snapshots.newest(group, seq),
      newestSeqs: (groups) => snapshots.newestSeqs(groups),
      head: (group) => snapshots.head(group),
      active: (partition) => snapshots.active(partition),
      matching: (part, limit) => snapshots.matching(part, limit),
      heads: (limit) => snapshots.heads(limit),
      async put(snapshot) {
        fuse.at('in a snapshot', 'before');
        await snapshots.put(snapshot);
        fuse.at('in a snapshot', 'after');
        await fuse.written('in a snapshot', store);
      },
      async putHeads(heads) {
        await snapshots.putHeads(heads);
        if (heads.length > 0) fuse.at('in a checkpoint', 'heads');
      },
    },
    blobs: {
      get: (hash) => blobs.get(hash),
      async put(texts) {
        await blobs.put(texts);
        if (texts.size > 0) fuse.at('in a snapshot', 'blobs');
      },
    },
    flush: () => store.flush(),
    close: () => store.close(),
  };
}

function crashingJournal(store: Store, fuse: Fuse): Journal {
  const { journal } = store;
  return {
    head: (partition) => journal.head(partition),
    lastBefore: (partition, at) => journal.lastBefore(partition, at),
    read: (partition, after) => journal.read(partition, after),
    readGroup: (partition, group, after) => journal.readGroup(partition, group, after),
    partition: (partition) => journal.partition(partition),
    async append(entries) {
      const points = pointsOf(entries, fuse);
      for (const point of points) fuse.at(point, 'before');
      const appended = journal.append(entries);
      for (const point of points) fuse.inside(point);
      const outcome = await appended;
      committed(entries, fuse);
      for (const point of points) fuse.at(point, 'after');
      if (points[0] === 'before commit') fuse.at('after commit before release', 'after');
      return outcome;
    },
    async checkpoint(document) {
      fuse.at('in a checkpoint', 'before');
      await journal.checkpoint(document);
      fuse.at('in a checkpoint', 'after');
      await fuse.written('in a checkpoint', store);
    },
  };
}

/** The crash points that an append of these entries is at. */
function pointsOf(entries: readonly Entry[], fuse: Fuse): CrashPoint[] {
  if (entries.some(({ type }) => type === partitionClaim)) return ['in a claim'];
  if (entries.some(({ group = '' }) => fuse.suspending.has(group))) {
    fuse.at('in a suspend', 'suspending');
  }
  return entries.some(isSuspend) ? ['before commit', 'in a suspend'] : ['before commit'];
}

function committed(entries: readonly Entry[], fuse: Fuse): void {
  for (const entry of entries) {
    const { group, partition, transitions } = entry;
    if (group === undefined) continue;
    fuse.sent.set(group, 0);
    fuse.unacked.add(partition);
    if (isSuspend(entry)) fuse.suspending.add(group);
    if (!transitions.some(({ from }) => from === 'suspending')) continue;
    fuse.suspending.delete(group);
    fuse.at('in a suspend', 'suspended');
  }
}

/** A suspend that was taken, not refused. */
function isSuspend({ type, transitions }: Entry): boolean {
  return type === 'request.suspend' && transitions.length > 0;
}

/** What the host publishes for its groups; workers answer, and clients command, by other exchanges. */
const fromHost: ReadonlySet<string> = new Set([exchanges.jobs, exchanges.control, '']);

function crashingBroker(broker: Broker, fuse: Fuse): Broker {
  const numbers = new Map(
    Array.from({ length: 99 }, (_, number) => [partitionQueue(number), number]),
  );
  return {
    isRemote: broker.isRemote,
    declare: (topology) => broker.declare(topology),
    inspect: (queue) => broker.inspect(queue),
    watch: (listener) => broker.watch(listener),
    close: () => broker.close(),
    publish(publication) {
      if (fromHost.has(publication.exchange)) releasing(publication, fuse);
      return broker.publish(publication);
    },
    async consume(queue, options) {
      const channel = await broker.consume(queue, options);
      const partition = numbers.get(queue);
      return {
        ack: (tag) => channel.ack(tag),
        close: () => channel.close(),
        ackUpTo(tag) {
          if (partition !== undefined && fuse.unacked.delete(partition)) {
            fuse.at('after release before ack', 'before');
          }
          channel.ackUpTo(tag);
        },
      };
    },
  };
}

/** Message ids of the host begin with the group. */
function releasing({ properties: { messageId, type } }: Publication, fuse: Fuse): void {
  const [group = ''] = messageId.split('/');
  const sent = fuse.sent.get(group) ?? 0;
  if (sent > 0) fuse.at('between two releases', 'between');
  if (type === 'attempt.cancel' && fuse.suspending.has(group)) fuse.at('in a suspend', 'cancel');
  fuse.sent.set(group, sent + 1);
}
