/**
 * The worker: takes attempts from the job queues, runs the user's job code in this process, answers the
 * group that asked. A delivery stays unacked until its answer is confirmed, or a lease is taken in its place,
 * so nothing taken is lost. `holding.ts` says what becomes of each attempt.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { baseTopology, jobQueue, jobTopology } from '../protocol/topology.ts';
import { Asking } from './asking.ts';
import { createCancelled } from './cancelled.ts';
import { Claims } from './claims.ts';
import { closeLanes } from './closeLanes.ts';
import { Control } from './control.ts';
import type { Lane } from './held.ts';
import { Holding } from './holding.ts';
import { Inputs } from './inputs.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';
import { decodeStart, setAside } from './messages.ts';
import type { ControlMessage } from './messages.ts';
import type { Worker, WorkerOptions } from './options.ts';
import { createPublisher } from './publisher.ts';
import type { Publisher } from './publisher.ts';
import { Sayings } from './sayings.ts';
import { subscribe } from './subscription.ts';
import type { Receipt } from './subscription.ts';

/** A new owner waits so long for names. */
const rollMs = 500;

const namesAMessage = 1000;

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
  readonly #graceMs: number;
  readonly #random: () => number;
  /** Begins the ids of executions. */
  readonly #name = randomBytes(6).toString('base64url');
  readonly #publisher: Publisher;
  readonly #sayings: Sayings;
  readonly #asking: Asking;
  readonly #inputs: Inputs;
  readonly #claims: Claims;
  readonly #lanes: Lanes;
  readonly #leases: Leases;
  readonly #control: Control;
  readonly #holding: Holding;
  #started: Promise<void> | undefined;
  #drained: Promise<void> | undefined;
  #taken = 0;

  constructor(options: WorkerOptions) {
    const {
      broker,
      clock,
      jobs,
      concurrency = 50,
      graceMs = 8_000,
      random = Math.random,
    } = options;
    const queue = `millrace.worker.${randomUUID()}`;
    const publisher = createPublisher(broker, clock, random);
    const sayings = new Sayings(clock, queue);
    this.#options = options;
    this.#graceMs = graceMs;
    this.#random = random;
    this.#publisher = publisher;
    this.#sayings = sayings;
    this.#asking = new Asking(clock, publisher);
    this.#inputs = new Inputs(this.#asking, sayings);
    this.#claims = new Claims(broker.isRemote);
    this.#lanes = new Lanes(jobs, concurrency);
    this.#leases = new Leases({ clock, publisher, sayings });
    this.#holding = new Holding({
      ...{ worker: options, graceMs, publisher, sayings, lanes: this.#lanes },
      ...{ asking: this.#asking, inputs: this.#inputs, leases: this.#leases },
      cancelled: createCancelled(),
    });
    this.#control = new Control({
      ...{ broker, clock, random, publisher, sayings, queue, claims: this.#claims },
      onMessage: (message) => this.#hear(message),
      onBack: () => this.#leases.renew(),
    });
  }

  get running(): number {
    return this.#lanes.running;
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
    this.#holding.answering.stop();
    this.#publisher.end();
  }

  /** Cancels are heard, and owners known, before the first attempt is taken. */
  async #open(): Promise<void> {
    await this.#options.broker.declare(baseTopology(0));
    await this.#control.open();
    await Promise.all(this.#lanes.all.map((lane) => this.#openLane(lane)));
  }

  async #openLane(lane: Lane): Promise<void> {
    const { broker, clock } = this.#options;
    const { type } = lane.definition;
    lane.subscription = await subscribe({
      ...{ broker, clock, random: this.#random },
      topology: jobTopology(type),
      queue: jobQueue(type),
      prefetch: 2 * lane.limit,
      onReceipt: (receipt) => this.#receive(lane, receipt),
      onLost: () => this.#holding.dropUnrun(lane),
    });
  }

  #receive(lane: Lane, receipt: Receipt): void {
    if (this.#drained !== undefined) return;
    const start = decodeStart(receipt.delivery.body, lane.definition.type);
    if ('reason' in start) return void this.#reject(receipt, start.reason);
    this.#taken += 1;
    const executionId = `${this.#name}-${this.#taken}`;
    const isOld = this.#claims.isOld(start.answer.routingKey, start.claim);
    const mustConfirm = isOld || receipt.delivery.redelivered || start.replaces !== undefined;
    this.#holding.take({ start, lane, receipt, executionId, mustConfirm });
  }

  async #reject(receipt: Receipt, reason: string): Promise<void> {
    const publication = setAside(receipt.delivery, reason, this.#options.clock.now());
    if (await this.#publisher.publish(publication, () => !receipt.isLost())) receipt.ack();
  }

  #hear({ type, body }: ControlMessage): void {
    switch (type) {
      case 'attempt.cancel':
        return this.#holding.cancel(body.startIds);
      case 'attempt.verdict':
        return this.#holding.judge(body);
      case 'attempt.input':
        return this.#inputs.take(body);
      case 'attempt.report':
        this.#holding.cancel(body.cancelled ?? []);
        if (body.namesTo !== undefined) void this.#answerRoll(body.namesTo, body.partition);
    }
  }

  /** Names what is held to a new owner, which waits for it no longer than this. */
  async #answerRoll(namesTo: string, partition: string): Promise<void> {
    const { clock } = this.#options;
    const until = clock.now() + rollMs;
    const startIds = this.#holding.held.named(partition);
    for (let from = 0; from < startIds.length; from += namesAMessage) {
      const names = startIds.slice(from, from + namesAMessage);
      const publication = this.#sayings.named(namesTo, partition, names);
      await this.#publisher.publish(publication, () => clock.now() < until);
    }
  }

  async #letGo(): Promise<void> {
    this.#asking.endAll();
    this.#holding.abandon();
    await this.#started?.catch(() => undefined);
    const closing = { clock: this.#options.clock, graceMs: this.#graceMs };
    await closeLanes(this.#lanes.all, this.#holding, closing);
    this.#leases.stop();
    await this.#control.close();
  }
}
