/** What a worker is made from, and what can be asked of it. */
import type { JobDefinition } from '../definitions.ts';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutputSignal, StatusSignal } from '../protocol/attempts.ts';
import type { Processes } from './run.ts';

export type WorkerOptions = {
  broker: Broker;
  clock: Clock;
  jobs: readonly JobDefinition[];
  /** Handlers at a time, over all job types; default 50. */
  concurrency?: number;
  /** For handlers to end in after a time-out, and after `drain()`; default 8,000. */
  graceMs?: number;
  /** Of jobs that are programs or isolated; without it there can be none. */
  processes?: Processes;
  onStatus?(signal: StatusSignal): void;
  /** What child processes print: ten times a second an attempt at most, 8 KiB each. */
  onOutput?(signal: OutputSignal): void;
  /** In [0, 1), for the spread of waits; default `Math.random`. */
  random?(): number;
};

export type Worker = {
  /** Declares the job queues and takes attempts from them; rejects when the broker does not answer. */
  start(): Promise<void>;
  /**
   * Takes no more, aborts what runs and waits for it, the grace at most; what has no confirmed answer
   * goes back to its queue, a type's channel at a time, as soon as nothing of that type runs here.
   */
  drain(): Promise<void>;
  /** Drains, then gives up what is not confirmed; may be called twice, or before start. */
  stop(): Promise<void>;
  /** Handlers that have not ended. */
  running(): number;
};
