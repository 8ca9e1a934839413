/**
 * What becomes of each attempt that a worker has taken: it waits for its turn, is confirmed where that is needed,
 * runs, and is answered. `worker.ts` brings the deliveries and what groups say.
 */
import type { AttemptVerdict } from '../protocol/attempts.ts';
import { nextTurn } from '../runtime/nextTurn.ts';
import { Answering } from './answering.ts';
import type { Answer } from './answers.ts';
import { failed, noWrites, stopped } from './answers.ts';
import type { Asking } from './asking.ts';
import type { Cancelled } from './cancelled.ts';
import { adoptCopy, useOf } from './copies.ts';
import { Held, isOurs } from './held.ts';
import type { Lane, Taken } from './held.ts';
import { HeldTable } from './heldTable.ts';
import type { Inputs } from './inputs.ts';
import type { Lanes } from './lanes.ts';
import type { Leases } from './leases.ts';
import type { WorkerOptions } from './options.ts';
import type { Publisher } from './publisher.ts';
import { executeHeld } from './running.ts';
import type { Sayings } from './sayings.ts';

export type HoldingOptions = {
  worker: WorkerOptions;
  graceMs: number;
  publisher: Publisher;
  sayings: Sayings;
  asking: Asking;
  inputs: Inputs;
  leases: Leases;
  lanes: Lanes;
  cancelled: Cancelled;
};

export class Holding {
  readonly #options: HoldingOptions;
  readonly answering: Answering;
  readonly held = new HeldTable();
  #isEnding = false;

  constructor(options: HoldingOptions) {
    this.#options = options;
    const { worker, publisher, sayings } = options;
    const onSent = (held: Held): void => this.#forget(held);
    this.answering = new Answering({ clock: worker.clock, publisher, sayings, onSent });
  }

  take(taken: Taken): void {
    const known = this.held.get(taken.start.startId);
    if (known !== undefined) return this.#takeCopy(known, taken);
    const { lanes, cancelled, worker } = this.#options;
    const held = new Held(taken, worker.clock.now());
    this.held.add(held);
    if (cancelled.has(held.start.startId)) return this.#stopUnrun(held);
    lanes.wait(held);
    this.pump();
  }

  #takeCopy(held: Held, taken: Taken): void {
    const { receipt } = taken;
    switch (useOf(held, taken.start, this.#options.asking.has(held.executionId))) {
      case 'spare':
        return receipt.ack();
      case 'another':
        if (isOurs(held)) held.receipt.ack();
        this.#lose(held);
        return this.take(taken);
      case 'later':
        held.newer?.receipt.ack();
        held.newer = taken;
        return;
      case 'newer':
        held.receipt.ack();
        return this.#standIn(held, taken);
      case 'stand-in':
        return this.#standIn(held, taken);
    }
  }

  #standIn(held: Held, { receipt, start, mustConfirm }: Taken): void {
    adoptCopy(held, receipt, start);
    this.#options.leases.begin(held);
    if (mustConfirm) return this.#confirm(held);
    if (held.answer !== undefined && held.sending === undefined) this.#send(held, held.answer);
  }

  /** Begins what may begin. */
  pump(): void {
    const { lanes } = this.#options;
    if (this.#isEnding) return;
    for (let held = lanes.next(); held !== undefined; held = lanes.next()) {
      if (held.mustConfirm) this.#confirm(held);
      else this.#begin(held);
    }
  }

  #confirm(held: Held): void {
    const { asking, sayings } = this.#options;
    held.isNamed = true;
    asking.ask(held.executionId, {
      publication: () => sayings.confirm(held),
      isWanted: () => !held.isOver && !held.receipt.isLost(),
    });
  }

  /** What a group says to a confirm, a renewal or a fetch. */
  judge({ executionId, claim, verdict, reason }: AttemptVerdict): void {
    const held = this.held.find(executionId);
    if (held === undefined) return;
    if (claim !== undefined && claim !== held.start.claim) return;
    const wasAsked = this.#options.asking.end(executionId);
    if (verdict === 'drop') return this.#drop(held);
    if (!wasAsked) return;
    held.newer?.receipt.ack();
    held.newer = undefined;
    held.isKnown = true;
    if (held.execution !== undefined || held.answer !== undefined)
      return this.#judgeRunning(held, verdict, reason);
    if (verdict === 'fail') return this.#send(held, killed(reason));
    if (verdict === 'stop' || held.isCancelled) return this.#send(held, stopped(noWrites));
    if (verdict === 'run') return this.#begin(held);
    this.#options.lanes.leave(held);
    this.#options.lanes.waitAlone(held);
    this.pump();
  }

  /** It has run before it was asked: by then it has taken a redelivery over. */
  #judgeRunning(held: Held, verdict: AttemptVerdict['verdict'], reason?: string): void {
    if (verdict === 'stop') held.execution?.cancel();
    if (verdict === 'fail') {
      held.execution?.abandon();
      return this.#send(held, killed(reason));
    }
    if (held.answer !== undefined && held.sending === undefined) this.#send(held, held.answer);
  }

  #drop(held: Held): void {
    const { newer } = held;
    held.receipt.ack();
    this.#lose(held);
    if (newer?.receipt.isLost() === false) this.take(newer);
  }

  /** It is another worker's, or nobody's: what runs of it is to end. */
  #lose(held: Held): void {
    const { asking, inputs, lanes, leases } = this.#options;
    held.isOver = true;
    asking.end(held.executionId);
    inputs.end(held);
    leases.end(held);
    lanes.remove(held);
    this.held.remove(held);
    held.execution?.lose();
    if (held.execution !== undefined) return;
    lanes.leave(held);
    this.pump();
  }

  #begin(held: Held): void {
    held.mustConfirm = false;
    if (held.start.parts === undefined) return this.#run(held);
    void this.#options.inputs.fetch(held).then((whole) => {
      if (whole === undefined)
        return this.#send(held, failed('what it was to be given cannot be read', noWrites));
      held.start = whole;
      if (held.isCancelled) return this.#send(held, stopped(noWrites));
      this.#run(held);
    });
  }

  #run(held: Held): void {
    const { worker, graceMs, leases, lanes } = this.#options;
    leases.begin(held);
    const onAnswer = (answer: Answer): void => this.#send(held, answer);
    held.execution = executeHeld(held, { worker, graceMs, onAnswer });
    void held.execution.ended.finally(() => {
      held.execution = undefined;
      if (this.#isEnding) this.answering.giveBack(held);
      lanes.leave(held);
      this.#forget(held);
      this.pump();
    });
  }

  /** What has not run gives its slot to another. */
  #send(held: Held, answer: Answer): void {
    this.answering.send(held, answer);
    if (held.execution !== undefined || !held.hasSlot) return;
    this.#options.lanes.leave(held);
    this.pump();
  }

  #forget(held: Held): void {
    if (held.execution !== undefined || held.sending !== undefined) return;
    this.#options.leases.end(held);
    this.held.remove(held);
  }

  /** The lane's channel is gone: what has not begun comes again, and is then another execution. */
  dropUnrun(lane: Lane): void {
    for (const held of this.held.values()) {
      if (held.lane !== lane || held.execution !== undefined || held.answer !== undefined) continue;
      this.#lose(held);
    }
  }

  /** Stops what is named and held; what comes later is not run. */
  cancel(startIds: readonly string[]): void {
    for (const startId of startIds) {
      this.#options.cancelled.add(startId);
      const held = this.held.get(startId);
      if (held !== undefined) this.#cancel(held);
    }
  }

  #cancel(held: Held): void {
    held.isCancelled = true;
    if (held.execution !== undefined) {
      held.execution.cancel();
      void this.#leaseSoon(held);
    } else if (this.#options.lanes.remove(held)) this.#stopUnrun(held);
  }

  /** At once, but for handlers that heed their signal: those have answered by the next turn of the loop. */
  async #leaseSoon(held: Held): Promise<void> {
    await nextTurn();
    await this.#options.leases.take(held);
  }

  #stopUnrun(held: Held): void {
    held.isCancelled = true;
    if (held.mustConfirm) this.#confirm(held);
    else this.#send(held, stopped(noWrites));
  }

  /** Aborts what runs; nothing else begins, or is answered. */
  abandon(): void {
    this.#isEnding = true;
    for (const lane of this.#options.lanes.all) this.dropUnrun(lane);
    for (const { execution } of this.held.values()) execution?.abandon();
  }
}

function killed(reason = 'its group has failed it'): Answer {
  return { ...failed(reason, noWrites), final: true };
}
