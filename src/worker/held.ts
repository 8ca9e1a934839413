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

/** One attempt that this worker has taken. */
export type Held = {
  start: AttemptStart;
  readonly lane: Lane;
  receipt: Receipt;
  /** Unlike that of any other run of any start. */
  readonly executionId: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** It is not to be run before its group has said so. */
  mustConfirm: boolean;
  /** Its group has heard of this execution, so that its answers have to name it. */
  isKnown: boolean;
  /** Nothing else may run beside it here. */
  isAlone: boolean;
  isCancelled: boolean;
  /** Another copy of its start that came while its group was asked about this one. */
  newer?: Taken | undefined;
  /** It counts among those that run. */
  hasSlot: boolean;
  /** `held`: the delivery is acked, and the lease in its place. */
  lease?: 'taking' | 'held' | undefined;
  execution?: Execution | undefined;
  answer?: Answer;
  sending?: Promise<void> | undefined;
  /** The broker has its answer. */
  isAnswered: boolean;
  /** It counts no more: nothing is said of it. */
  isOver: boolean;
};

/** A start that has come, and what is to be known of it. */
export type Taken = Pick<Held, 'start' | 'lane' | 'receipt' | 'executionId' | 'mustConfirm'>;

/** What a lane's delivery begins as. */
export function takenAs(taken: Taken, receivedAt: number): Held {
  return {
    ...taken,
    receivedAt,
    isKnown: false,
    isAlone: false,
    isCancelled: false,
    hasSlot: false,
    isAnswered: false,
    isOver: false,
  };
}

/** Whether its answer is still its own to give: it has the delivery, or a lease in its place. */
export function isOurs({ lease, receipt }: Held): boolean {
  return lease === 'held' || !receipt.isLost();
}

/** A job has one attempt at a time: no second one beside one that ignores its time-out. */
export function jobKey({ start: { requestId, jobId } }: Held): string {
  return `${requestId}/${jobId}`;
}
