/** What a worker holds: an attempt that it has taken, from its delivery to its confirmed answer. */
import type { JobDefinition } from '../definitions.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import type { Answer } from './answers.ts';
import type { Execution } from './execution.ts';
import type { Receipt, Subscription } from './subscription.ts';

/** One job type: its queue, and how many of it may run. */
export type Lane = {
  definition: JobDefinition;
  limit: number;
  running: number;
  waiting: Held[];
  subscription?: Subscription;
};

/** A start that has come, and what is to be known of it. */
export type Taken = {
  start: AttemptStart;
  lane: Lane;
  receipt: Receipt;
  /** Unlike that of any other run of any start. */
  executionId: string;
  /** It is not to be run before its group has said so. */
  mustConfirm: boolean;
};

/** One attempt that this worker has taken. A class, so that all are of one shape: there are very many of them. */
export class Held {
  start: AttemptStart;
  readonly lane: Lane;
  receipt: Receipt;
  readonly executionId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** A job has one attempt at a time: no second one beside one that ignores its time-out. */
  readonly jobKey: string;
  mustConfirm: boolean;
  /** Its group has heard of this execution. */
  isKnown = false;
  /** Its group may have heard of it, so that its answers have to name it. */
  isNamed = false;
  /** Nothing else may run beside it here. */
  isAlone = false;
  isCancelled = false;
  /** It counts among those that run. */
  hasSlot = false;
  /** The broker has its answer. */
  isAnswered = false;
  /** It counts no more: nothing is said of it. */
  isOver = false;
  /** `held`: the delivery is acked, and the lease in its place. */
  lease: 'taking' | 'held' | undefined = undefined;
  execution: Execution | undefined = undefined;
  answer: Answer | undefined = undefined;
  sending: Promise<void> | undefined = undefined;
  /** Another copy of its start that came while its group was asked about this one. */
  newer: Taken | undefined = undefined;

  constructor({ start, lane, receipt, executionId, mustConfirm }: Taken, receivedAt: number) {
    this.start = start;
    this.lane = lane;
    this.receipt = receipt;
    this.executionId = executionId;
    this.receivedAt = receivedAt;
    this.jobKey = `${start.requestId}/${start.jobId}`;
    this.mustConfirm = mustConfirm;
  }
}

/** Whether its answer is still its own to give: it has the delivery, or a lease in its place. */
export function isOurs({ lease, receipt }: Held): boolean {
  return lease === 'held' || !receipt.isLost();
}
