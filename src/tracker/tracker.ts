/**
 * Keeps the read models: follows the journal of every partition from where it is applied. Normal
 * operation, gaps, restarts and rebuilds are one path. Knows only ports, and disturbs nobody.
 */
import { setImmediate as otherWork } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';
import type { Entry } from '../ports/journal.ts';
import type { AppliedDocument, ReadModels, StatusDocument } from '../ports/readmodels.ts';
import type { StatusSignal } from '../protocol/attempts.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { Source } from './entries.ts';
import { Groups } from './groups.ts';
import { foldPage } from './page.ts';

export type TrackerOptions = Source & {
  models: ReadModels;
  clock: Clock;
  partitions: number;
  /** One line for whoever runs this. */
  warn(text: string): void;
};

/** What was read of the journal, and how many requests the read models know then. */
export type Rebuilt = { entries: number; requests: number; ms: number };

/** Entries of a page, and the length of their bodies in all. */
const pageEntries = 1000;
const pageLength = 4 * 1024 * 1024;
/** After news it waits for more, as a page costs by the rows that it changes: at least, at most, and times the last round. */
const gather = { leastMs: 20, mostMs: 500, rounds: 4 };
/** Without news it looks this often. */
const quietMs = 1000;
/** A stop leaves to the next start what takes longer. */
const flushMs = 10_000;

export class Tracker {
  readonly #options: TrackerOptions;
  readonly #groups: Groups;
  /** Up to where each partition was applied by this tracker: what is at hand fits nothing else. */
  readonly #applied = new Map<number, number>();
  readonly #news = new Set<number>();
  /** What attempts said last, by request and job. */
  readonly #said = new Map<string, StatusDocument>();
  #wake: (() => void) | undefined;
  #onStop: (() => void) | undefined;
  /** One thing at a time. */
  #last: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;
  #stopsAt: number | undefined;
  #gatherMs = gather.leastMs;
  #trouble = '';

  constructor(options: TrackerOptions) {
    this.#options = options;
    this.#groups = new Groups(options.models);
  }

  /** Follows the journal until `stop`. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Something was committed in a partition. */
  nudge(partition: number): void {
    this.#news.add(partition);
    this.#wake?.();
  }

  /** A running attempt says something; that of an actor of the user's own is not kept. */
  status({ requestId, actor, attempt, text, at }: StatusSignal): void {
    const [kind, number] = actor.split('/');
    if (kind !== 'job') return;
    const status = { request: requestId, job: Number(number), attempt, text, at };
    this.#said.set(`${requestId}/${actor}`, status);
    this.#wake?.();
  }

  /** Applies all that the journal holds now; answers how many entries that were. */
  runOnce(): Promise<number> {
    return this.#alone(() => this.#apply(this.#everyPartition()));
  }

  /** Makes the read models anew from the journal. */
  rebuild(): Promise<Rebuilt> {
    const { models, clock } = this.#options;
    return this.#alone(async () => {
      const before = clock.now();
      await this.#forget();
      const entries = await this.#apply(this.#everyPartition());
      const { requests } = await models.counts();
      const known = Object.values(requests).reduce((sum, count) => sum + count, 0);
      return { entries, requests: known, ms: clock.now() - before };
    });
  }

  /** Applies what is committed, for at most 10 s, and ends. May be called twice. */
  async stop(): Promise<void> {
    this.#stopsAt ??= this.#options.clock.now() + flushMs;
    this.#wake?.();
    this.#onStop?.();
    await this.#running;
    await this.#last;
  }

  async #run(): Promise<void> {
    for (let partitions = this.#everyPartition(), isLast = false; ;) {
      const before = this.#options.clock.now();
      await this.#alone(() => this.#attempt(partitions));
      const tookMs = this.#options.clock.now() - before;
      this.#gatherMs = Math.min(gather.mostMs, Math.max(gather.leastMs, gather.rounds * tookMs));
      if (isLast) return;
      partitions = await this.#partitionsWithNews();
      isLast = this.#stopsAt !== undefined;
    }
  }

  /** Some moments after the next news: where they are. After a quiet second, after trouble, and at the end: all. */
  async #partitionsWithNews(): Promise<number[]> {
    const hasNews = (): boolean => this.#news.size > 0 || this.#said.size > 0;
    const isWell = this.#trouble === '';
    if (!isWell || !hasNews()) await this.#sleep(quietMs, isWell);
    if (isWell && hasNews()) await this.#sleep(this.#gatherMs, false);
    const isAll = !isWell || !hasNews() || this.#stopsAt !== undefined;
    const partitions = isAll ? this.#everyPartition() : [...this.#news];
    this.#news.clear();
    return partitions;
  }

  async #sleep(ms: number, isWoken: boolean): Promise<void> {
    if (this.#stopsAt !== undefined) return;
    await new Promise<void>((resolve) => {
      const takeBack = this.#options.clock.after(ms, resolve);
      this.#onStop = () => {
        takeBack();
        resolve();
      };
      if (isWoken) this.#wake = this.#onStop;
    });
    this.#wake = undefined;
    this.#onStop = undefined;
  }

  /** Whatever goes wrong is said once, and tried again later. */
  async #attempt(partitions: readonly number[]): Promise<void> {
    try {
      await this.#apply(partitions);
      this.#trouble = '';
    } catch (thrown) {
      const trouble = messageOf(thrown);
      if (trouble !== this.#trouble)
        this.#options.warn(`the read models are not kept up to date: ${trouble}; trying again`);
      this.#trouble = trouble;
    }
  }

  /** Read models that cannot be used are made anew. */
  async #apply(partitions: readonly number[]): Promise<number> {
    try {
      return await this.#applyAll(partitions);
    } catch (thrown) {
      if (!(thrown instanceof MillraceError) || thrown.code !== 'store') throw thrown;
      this.#options.warn(`the read models are made again from the journal: ${thrown.message}`);
      await this.#forget();
      return await this.#applyAll(this.#everyPartition());
    }
  }

  async #applyAll(partitions: readonly number[]): Promise<number> {
    let entries = 0;
    for (const partition of partitions) entries += await this.#applyPartition(partition);
    const statuses = [...this.#said.values()];
    this.#said.clear();
    if (statuses.length > 0) await this.#options.models.say(statuses);
    return entries;
  }

  async #applyPartition(partition: number): Promise<number> {
    const { models } = this.#options;
    let document = await this.#document(partition);
    let count = 0;
    for (;;) {
      const entries = await this.#read(document);
      if (entries.length === 0) return count;
      const sources = { source: this.#options, groups: this.#groups };
      const folded = await foldPage(sources, document, entries, this.#fault);
      if (await models.apply(folded.page)) {
        this.#groups.keep(folded.groups);
        this.#applied.set(partition, folded.page.applied);
        document = folded.page;
        count += entries.length;
      } else {
        document = await this.#document(partition);
      }
      await otherWork();
    }
  }

  /** The partition's document; when another tracker was here, what is at hand is forgotten. */
  async #document(partition: number): Promise<AppliedDocument> {
    const { models, journal } = this.#options;
    const document = await models.applied(partition);
    const { applied } = document;
    if (applied !== (this.#applied.get(partition) ?? 0)) this.#groups.clear();
    this.#applied.set(partition, applied);
    const head = await journal.head(partition);
    if (applied <= head) return document;
    throw new MillraceError(
      'store',
      `they know entry ${applied} of partition ${partition}, and the journal ends at ${head}`,
    );
  }

  /** A page of entries after what is applied; none when the time to stop has come. */
  async #read({ partition, applied }: AppliedDocument): Promise<Entry[]> {
    const { journal, clock } = this.#options;
    const entries: Entry[] = [];
    if (this.#stopsAt !== undefined && clock.now() > this.#stopsAt) return entries;
    let length = 0;
    for await (const entry of journal.read(partition, applied)) {
      entries.push(entry);
      length += entry.body?.length ?? 0;
      if (entries.length >= pageEntries || length > pageLength) break;
    }
    return entries;
  }

  readonly #fault = ({ group = '', seq, type }: Entry, cause: unknown): void => {
    this.#options.warn(
      `entry ${seq} (${type}) of "${group}" is passed over by the tracker: ${messageOf(cause)}`,
    );
  };

  async #forget(): Promise<void> {
    this.#groups.clear();
    this.#applied.clear();
    await this.#options.models.clear();
  }

  #everyPartition(): number[] {
    return Array.from({ length: this.#options.partitions }, (_, partition) => partition);
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
