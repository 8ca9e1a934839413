/**
 * The tracker beside a host: a thread that opens the store for reading and follows the journal itself,
 * so that the host's thread only counts up a number. A thread that fails is started again.
 */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../ports/clock.ts';
import type { StatusSignal } from '../protocol/attempts.ts';
import { messageOf, TransientError } from '../protocol/errors.ts';
import { News } from './news.ts';
import type { Rebuilt } from './tracker.ts';

/** A thread that has failed is started again after this. */
const restartMs = 5000;

/** What the thread is given: where things are, and the numbers that say what is new. */
export type ThreadData = {
  store: string;
  models: string;
  partitions: number;
  /** What both threads share of `News`. */
  news: Int32Array;
};

export type ToThread =
  { type: 'status'; signal: StatusSignal } | { type: 'rebuild' } | { type: 'stop' };

export type FromThread =
  | { type: 'warn'; text: string }
  | { type: 'rebuilt'; rebuilt: Rebuilt }
  | { type: 'notRebuilt'; reason: string };

export type ThreadOptions = Pick<ThreadData, 'store' | 'models' | 'partitions'> & {
  /** The thread's program. */
  entry: URL;
  clock: Clock;
  warn(text: string): void;
};

/** How a host's thread speaks to its tracker; nothing of it ever throws at the host. */
export class TrackerThread {
  readonly #options: ThreadOptions;
  readonly #news: News;
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #onEnd: () => void = () => undefined;
  #isStopping = false;
  #takeBack: (() => void) | undefined;
  readonly #rebuilds: { resolve(rebuilt: Rebuilt): void; reject(reason: Error): void }[] = [];

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#news = News.of(options.partitions);
  }

  start(): void {
    const { store, models, partitions, entry } = this.#options;
    const workerData: ThreadData = { store, models, partitions, news: this.#news.shared };
    const worker = new Worker(entry, { workerData, name: 'millrace-tracker' });
    this.#worker = worker;
    this.#ended = new Promise((resolve) => (this.#onEnd = resolve));
    worker.on('message', (message: FromThread) => this.#hear(message));
    worker.on('error', (error) => this.#options.warn(`the tracker failed: ${messageOf(error)}`));
    worker.on('exit', () => this.#exited());
  }

  /** Something was committed in a partition. */
  committed(partition: number): void {
    this.#news.committed(partition);
  }

  /** A running attempt says something. */
  status(signal: StatusSignal): void {
    this.#post({ type: 'status', signal });
  }

  /** Makes the read models anew from the journal. Rejects with MillraceError `unavailable` when the tracker ends meanwhile. */
  async rebuild(): Promise<Rebuilt> {
    if (this.#worker === undefined) throw ended();
    return new Promise((resolve, reject) => {
      this.#rebuilds.push({ resolve, reject });
      this.#post({ type: 'rebuild' });
    });
  }

  /** Resolves when all that is committed is applied, and the thread has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#takeBack?.();
    this.#post({ type: 'stop' });
    await this.#ended;
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message);
  }

  #hear(message: FromThread): void {
    if (message.type === 'warn') this.#options.warn(message.text);
    else if (message.type === 'rebuilt') this.#rebuilds.shift()?.resolve(message.rebuilt);
    else this.#rebuilds.shift()?.reject(new TransientError(message.reason));
  }

  #exited(): void {
    this.#worker = undefined;
    for (const { reject } of this.#rebuilds.splice(0)) reject(ended());
    this.#onEnd();
    if (this.#isStopping) return;
    this.#takeBack = this.#options.clock.after(restartMs, () => this.start());
  }
}

function ended(): TransientError {
  return new TransientError('the tracker has ended and will be started again; ask again');
}
