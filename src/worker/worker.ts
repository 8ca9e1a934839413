/**
 * The worker: takes attempts from the job queues, runs the user's job code in this process, answers the
 * group that asked. A delivery stays unacked until its answer is confirmed, so nothing taken is lost.
 */
import { randomUUID } from 'node:crypto';
import type { AttemptStart } from '../protocol/attempts.ts';
import { baseTopology, exchanges, jobQueue } from '../protocol/topology.ts';
import { jobTopology, ownQueueTopology } from '../protocol/topology.ts';
import type { Answer } from './answers.ts';
import { createCancelled } from './cancelled.ts';
import { execute } from './execution.ts';
import { closeLanes, jobKey } from './held.ts';
import type { Held, Lane } from './held.ts';
import { answerPublication, decodeCancel, decodeStart, setAside } from './messages.ts';
import type { Worker, WorkerOptions } from './options.ts';
import { Passing } from './passing.ts';
import { createPublisher } from './publisher.ts';
import type { Publisher } from './publisher.ts';
import { runOf } from './run.ts';
import { subscribe } from './subscription.ts';
import type { Receipt, Subscription } from './subscription.ts';

export type { Worker, WorkerOptions } from './options.ts';

/** A worker for these jobs; nothing happens before `start()`. */
export function createWorker(options: WorkerOptions): Worker {
  const worker = new InProcessWorker(options);
  return {
    start: () => worker.start(),
    drain: () => worker.drain(),
    stop: () => worker.stop(),
    running: () => worker.running,
  };
}

class InProcessWorker {
  readonly #options: WorkerOptions;
  readonly #concurrency: number;
  readonly #graceMs: number;
  readonly #random: () => number;
  readonly #publisher: Publisher;
  readonly #lanes: Lane[];
  readonly #held = new Passing<Held>();
  readonly #cancelled = createCancelled();
  /** Jobs whose code runs just now: no second attempt beside one that ignored its time-out. */
  readonly #busy = new Passing<true>();
  #control: Subscription | undefined;
  #started: Promise<void> | undefined;
  #drained: Promise<void> | undefined;
  #stopped = false;
  #taken = 0;
  #turn = 0;
  running = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 50;
    this.#graceMs = options.graceMs ?? 8_000;
    this.#random = options.random ?? Math.random;
    this.#publisher = createPublisher(options.broker, options.clock, this.#random);
    this.#lanes = options.jobs.map((definition) => {
      const limit = Math.min(definition.concurrency ?? this.#concurrency, this.#concurrency);
      return { definition, limit, running: 0, waiting: [] };
    });
  }

  start(): Promise<void> {
    this.#started ??= this.#open();
    return this.#started;
  }

  drain(): Promise<void> {
    this.#drained ??= this.#letGo();
    return this.#drained;
  }

  async stop(): Promise<void> {
    await this.drain();
    this.#stopped = true;
    this.#publisher.end();
  }

  /** Cancels are heard before the first attempt is taken. */
  async #open(): Promise<void> {
    await this.#options.broker.declare(baseTopology(0));
    const queue = `millrace.worker.${randomUUID()}`;
    this.#control = await this.#subscribe({
      topology: ownQueueTopology(exchanges.control, queue, ''),
      queue,
      prefetch: 100,
      onReceipt: (receipt) => this.#heed(receipt),
      onLost: () => undefined,
    });
    await Promise.all([...this.#lanes].map((lane) => this.#openLane(lane)));
  }

  async #openLane(lane: Lane): Promise<void> {
    const { type } = lane.definition;
    lane.subscription = await this.#subscribe({
      topology: jobTopology(type),
      queue: jobQueue(type),
      prefetch: 2 * lane.limit,
      onReceipt: (receipt) => this.#receive(lane, receipt),
      onLost: () => this.#dropWaiting(lane),
    });
  }

  #subscribe(
    options: Omit<Parameters<typeof subscribe>[0], 'broker' | 'clock' | 'random'>,
  ): Promise<Subscription> {
    const { broker, clock } = this.#options;
    return subscribe({ ...options, broker, clock, random: this.#random });
  }

  #receive(lane: Lane, receipt: Receipt): void {
    if (this.#drained !== undefined) return;
    const start = decodeStart(receipt.delivery.body, lane.definition.type);
    if ('reason' in start) return void this.#reject(receipt, start.reason);
    const known = this.#held.get(start.startId);
    if (known !== undefined) return this.#adopt(known, receipt);
    this.#taken += 1;
    const held: Held = { start, lane, receipt, number: this.#taken, confirmed: false };
    this.#held.set(start.startId, held);
    if (this.#cancelled.has(start.startId)) return this.#send(held, { type: 'attempt.stopped' });
    lane.waiting.push(held);
    this.#pump();
  }

  /** Another copy of an attempt that is held: it stands in for one whose delivery is lost, else it goes. */
  #adopt(held: Held, receipt: Receipt): void {
    if (held.confirmed || !held.receipt.isLost()) return receipt.ack();
    held.receipt = receipt;
    if (held.answer !== undefined && held.sending === undefined) this.#send(held, held.answer);
  }

  async #reject(receipt: Receipt, reason: string): Promise<void> {
    const publication = setAside(receipt.delivery, reason, this.#options.clock.now());
    if (await this.#publisher.publish(publication, () => !receipt.isLost())) receipt.ack();
  }

  /** The job types take turns, so that none keeps the others waiting. */
  #pump(): void {
    for (let without = 0; without < this.#lanes.length; without += 1) {
      if (this.running >= this.#concurrency) return;
      const held = this.#next(this.#lanes[this.#turn]);
      this.#turn = (this.#turn + 1) % this.#lanes.length;
      if (held === undefined) continue;
      without = -1;
      this.#run(held);
    }
  }

  /** Takes the first that may run now. */
  #next(lane: Lane | undefined): Held | undefined {
    if (lane === undefined || lane.running >= lane.limit) return undefined;
    const place = lane.waiting.findIndex(({ start }) => !this.#busy.has(jobKey(start)));
    return place < 0 ? undefined : lane.waiting.splice(place, 1)[0];
  }

  #run(held: Held): void {
    const { start, lane } = held;
    const { clock, processes } = this.#options;
    lane.running += 1;
    this.running += 1;
    this.#busy.set(jobKey(start), true);
    held.execution = execute({
      start,
      run: runOf(lane.definition, { start, clock, graceMs: this.#graceMs, processes }),
      clock,
      onAnswer: (answer) => this.#send(held, answer),
      onStatus: (text) => this.#options.onStatus?.(this.#signal(start, { text })),
      onOutput: (piece) => this.#options.onOutput?.(this.#signal(start, piece)),
    });
    void held.execution.ended.finally(() => {
      lane.running -= 1;
      this.running -= 1;
      this.#busy.delete(jobKey(start));
      held.execution = undefined;
      this.#forget(held);
      this.#pump();
    });
  }

  #signal<T extends object>({ requestId, jobId, attempt, answer }: AttemptStart, said: T) {
    return { requestId, jobId, actor: answer.to, attempt, ...said, at: this.#options.clock.now() };
  }

  #send(held: Held, answer: Answer): void {
    held.answer = answer;
    held.sending = this.#deliver(held, answer).finally(() => {
      held.sending = undefined;
      this.#forget(held);
    });
  }

  /** Whoever has lost the delivery may still say that it succeeded, and nothing else. */
  async #deliver(held: Held, answer: Answer): Promise<void> {
    const now = this.#options.clock.now();
    const publication = answerPublication(held.start, answer, { execution: held.number, now });
    const isWanted = (): boolean => answer.type === 'attempt.succeeded' || !held.receipt.isLost();
    // Asked again, since a redelivery may have been adopted after the publisher gave up.
    while (isWanted() && !this.#stopped) {
      held.confirmed = await this.#publisher.publish(publication, isWanted);
      if (!held.confirmed) continue;
      held.receipt.ack();
      return;
    }
  }

  #forget(held: Held): void {
    if (held.execution !== undefined || held.sending !== undefined) return;
    this.#held.delete(held.start.startId);
  }

  #dropWaiting(lane: Lane): void {
    for (const { start } of lane.waiting) this.#held.delete(start.startId);
    lane.waiting = [];
  }

  #heed(receipt: Receipt): void {
    for (const startId of decodeCancel(receipt.delivery)) {
      this.#cancelled.add(startId);
      const held = this.#held.get(startId);
      if (held !== undefined) this.#cancel(held);
    }
    receipt.ack();
  }

  #cancel(held: Held): void {
    held.execution?.cancel();
    const place = held.lane.waiting.indexOf(held);
    if (place < 0) return;
    held.lane.waiting.splice(place, 1);
    this.#send(held, { type: 'attempt.stopped' });
  }

  async #letGo(): Promise<void> {
    for (const lane of this.#lanes) this.#dropWaiting(lane);
    for (const { execution } of this.#held.values()) execution?.abandon();
    await this.#started?.catch(() => undefined);
    const lanes = closeLanes(this.#lanes, this.#held, {
      clock: this.#options.clock,
      graceMs: this.#graceMs,
    });
    await Promise.all([this.#control?.close(), lanes]);
  }
}
