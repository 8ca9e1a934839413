/**
 * Where starts leave the host: declares a job type's queue before the first, and keeps those that
 * find no room, in order, until answers of that type have made some, or 30 s have passed. Where the broker does not
 * take them, it is asked again soon.
 */
import type { Broker, Publication } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { TransientError } from '../protocol/errors.ts';
import { jobTopology } from '../protocol/topology.ts';
import { AnswerRate } from './answerRate.ts';
import { backoffMs } from './backoff.ts';
import { slices } from './nextTurn.ts';

/** A start that waits; it holds names only, for it may wait long. */
export type Waiting = {
  /** The message to send; undefined when the start is owed no more. */
  message(): Promise<Publication | undefined>;
  /** There is nothing left to do. */
  done(): void;
};

/** Starts of one job type. */
type Lane = {
  waiting: Waiting[];
  /** How many of these have been taken. */
  taken: number;
  /** Answers since one was last tried. */
  answers: number;
  trying: Promise<void> | undefined;
  /** Ends the wait for the next try that nobody has asked for. */
  takeBack: (() => void) | undefined;
};

/** `full`: the queue has no room, or others wait for it already; `away`: it cannot be had just now. */
type Sent = 'sent' | 'full' | 'away';

/** Starts without room are tried again after this even if nothing is heard (architecture, section 5). */
const sweepMs = 30_000;

/** A full queue is tried again when so many of its starts have been answered, not at each. */
const answersATry = 100;

/** So many starts are sent, at most, when nothing was heard for long. */
const startsASweep = 1000;

export class Outlet {
  readonly #broker: Broker;
  readonly #clock: Clock;
  /** Job types whose queue is there. */
  readonly #declared = new Set<string>();
  readonly #jobTypes = new Set<string>();
  readonly #declaring = new Map<string, Promise<void>>();
  readonly #lanes = new Map<string, Lane>();
  /** Of job types whose starts a broker may carry together. */
  readonly #rates = new Map<string, AnswerRate>();
  /** How many tries in a row have found that a job type's queue cannot be had. */
  readonly #failures = new Map<string, number>();
  #onQueueGone: ((jobType: string) => void) | undefined;
  #isStopped = false;

  constructor(broker: Broker, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /** False, after `onNoRoom`, when the job's queue has no room, cannot be had just now, or others wait for it already. */
  async start(jobType: string, publication: Publication, onNoRoom?: () => void): Promise<boolean> {
    if (!this.#lanes.has(jobType) && (await this.#send(jobType, publication)) === 'sent')
      return true;
    onNoRoom?.();
    return false;
  }

  /** Keeps a start that found no room. */
  later(jobType: string, waiting: Waiting): void {
    if (this.#isStopped) return;
    const first = { waiting: [], taken: 0, answers: 0, trying: undefined, takeBack: undefined };
    const lane: Lane = this.#lanes.get(jobType) ?? first;
    lane.waiting.push(waiting);
    this.#lanes.set(jobType, lane);
    this.#tryLater(jobType, lane);
  }

  /** An attempt of this type was answered, by the id of its start; what waits is tried once enough were. */
  answered(jobType: string, startId: string): Promise<void> | undefined {
    this.#rates.get(jobType)?.answered(startId, this.#clock.monotonic());
    const lane = this.#lanes.get(jobType);
    if (lane === undefined) return undefined;
    lane.answers += 1;
    return lane.answers < answersATry ? undefined : this.#try(jobType, lane, lane.answers);
  }

  /** Calls back when a job type's queue was gone; it is there again then, without what was in it. */
  onQueueGone(listener: (jobType: string) => void): void {
    this.#onQueueGone = listener;
  }

  /** The broker may have forgotten the queues: each is declared again before the next start. */
  declareAnew(): void {
    this.#declared.clear();
  }

  /** Job types that starts were sent to. */
  jobTypes(): Iterable<string> {
    return this.#jobTypes;
  }

  stop(): void {
    this.#isStopped = true;
    for (const { takeBack } of this.#lanes.values()) takeBack?.();
    this.#lanes.clear();
  }

  #tryLater(jobType: string, lane: Lane): void {
    const failures = this.#failures.get(jobType);
    const waitMs = failures === undefined ? sweepMs : backoffMs(failures, 0.5);
    lane.takeBack ??= this.#clock.after(waitMs, () => {
      lane.takeBack = undefined;
      if (failures !== undefined) this.#failures.set(jobType, failures + 1);
      void this.#try(jobType, lane, startsASweep);
    });
  }

  #try(jobType: string, lane: Lane, most: number): Promise<void> {
    lane.answers = 0;
    lane.trying ??= this.#empty(jobType, lane, most).finally(() => {
      lane.trying = undefined;
      if (this.#lanes.get(jobType) === lane) this.#tryLater(jobType, lane);
      else lane.takeBack?.();
    });
    return lane.trying;
  }

  /**
   * Sends, in order, until one finds no room or none waits. No more than were answered: a worker beside may be
   * faster than its answers are taken, and there is always room then.
   */
  async #empty(jobType: string, lane: Lane, most: number): Promise<void> {
    const breathe = slices(this.#clock);
    for (let sent = 0; sent < most && lane.taken < lane.waiting.length;) {
      const next = lane.waiting[lane.taken];
      const outcome = next && (await this.#sendWaiting(jobType, next));
      if (this.#isStopped) return;
      if (outcome === 'full' || outcome === 'away') break;
      if (outcome === 'sent') sent += 1;
      next?.done();
      lane.taken += 1;
      await breathe();
    }
    if (lane.taken === lane.waiting.length) this.#lanes.delete(jobType);
    if (lane.taken * 2 < lane.waiting.length) return;
    lane.waiting = lane.waiting.slice(lane.taken);
    lane.taken = 0;
  }

  /** One also has to wait on while its group cannot be read. */
  async #sendWaiting(jobType: string, waiting: Waiting): Promise<Sent | 'owedNoMore'> {
    try {
      const publication = await waiting.message();
      return publication === undefined ? 'owedNoMore' : await this.#send(jobType, publication);
    } catch {
      this.#failures.set(jobType, this.#failures.get(jobType) ?? 1);
      return 'away';
    }
  }

  async #send(jobType: string, publication: Publication): Promise<Sent> {
    try {
      if (!this.#declared.has(jobType)) await this.#declare(jobType);
      if (this.#broker.isRemote) this.#letTravel(jobType, publication);
      const isTaken = (await this.#broker.publish(publication)) === 'confirmed';
      // In-process it is full; in a broker that never returns for that, the queue is gone.
      if (!isTaken && !this.#broker.isRemote) return 'full';
      if (!isTaken) await this.#sendAnew(jobType, publication);
      if (this.#failures.size > 0) this.#failures.delete(jobType);
      return 'sent';
    } catch {
      this.#declared.delete(jobType);
      if (!this.#failures.has(jobType)) this.#failures.set(jobType, 1);
      return 'away';
    }
  }

  /** With others, where the job is quick. */
  #letTravel(jobType: string, publication: Publication): void {
    const now = this.#clock.monotonic();
    const rate = this.#rateOf(jobType);
    rate.sent(publication.properties.messageId, now);
    const most = rate.mostTogether(now);
    if (most > 1) publication.mostTogether = most;
  }

  #rateOf(jobType: string): AnswerRate {
    const known = this.#rates.get(jobType);
    if (known !== undefined) return known;
    const rate = new AnswerRate();
    this.#rates.set(jobType, rate);
    return rate;
  }

  async #sendAnew(jobType: string, publication: Publication): Promise<void> {
    this.#declared.delete(jobType);
    await this.#declare(jobType);
    this.#onQueueGone?.(jobType);
    if ((await this.#broker.publish(publication)) === 'confirmed') return;
    throw new TransientError(`the queue of ${jobType} is gone again`);
  }

  /** Once, whoever asks meanwhile. */
  async #declare(jobType: string): Promise<void> {
    const declaring = this.#declaring.get(jobType) ?? this.#broker.declare(jobTopology(jobType));
    this.#declaring.set(jobType, declaring);
    try {
      await declaring;
      this.#declared.add(jobType);
      this.#jobTypes.add(jobType);
    } finally {
      this.#declaring.delete(jobType);
    }
  }
}
