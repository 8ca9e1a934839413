/**
 * A chain as naive scans over maps, written from the event table of specification 12.10 with the fixes
 * of section 15. Which of several runnable jobs begin first is not its business: it checks what began.
 */
import type { Plan, PlanJob } from '../../machines/graph.ts';
import type { RowState } from '../../machines/progress.ts';

type Data = Record<string, unknown>;
type Answer = { data?: Data; result?: number };

type Job = {
  state: RowState;
  attempts: number;
  tries: number;
  /** Of the run that is on. */
  runTries: number;
  isWaiting: boolean;
  isExhausted: boolean;
  map: Data;
  result: number | null;
};

export class Reference {
  mode = 'running';
  finishedJobs = 0;
  resumption = 0;
  readonly jobs: Job[];
  readonly sequenceTries: number[];
  readonly waits = new Set<number>();
  readonly #granted = new Set<number>();
  readonly #retrying = new Map<number, number>();
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.jobs = plan.jobs.map(() => ({
      state: 'pending',
      attempts: 0,
      tries: 0,
      runTries: 0,
      isWaiting: false,
      isExhausted: false,
      map: {},
      result: null,
    }));
    this.sequenceTries = plan.sequences.map(() => 0);
  }

  job(number: number): Job {
    const job = this.jobs[number];
    if (job === undefined) throw new Error(`no job ${number}`);
    return job;
  }

  planned(number: number): PlanJob {
    const job = this.#plan.jobs[number];
    if (job === undefined) throw new Error(`no job ${number}`);
    return job;
  }

  #sequence(number: number) {
    const sequence = this.#plan.sequences[number];
    if (sequence === undefined) throw new Error(`no sequence ${number}`);
    return sequence;
  }

  numbers(): number[] {
    return this.jobs.map((_, number) => number);
  }

  isRunning(): boolean {
    return this.jobs.some(({ state }) => state === 'running');
  }

  /** The sequences around a job, from the innermost. */
  #around(number: number): number[] {
    const list: number[] = [];
    let next = this.planned(number).sequence;
    while (next !== undefined) {
      list.push(next);
      next = this.#sequence(next).parent;
    }
    return list;
  }

  #begun(number: number): number | undefined {
    const found = this.#plan.sequences.findIndex(({ first }) => first === number);
    return found === -1 ? undefined : found;
  }

  #isOpen(number: number): boolean {
    return (
      this.job(number).state === 'pending' &&
      this.planned(number).parents.every((parent) => this.job(parent).state === 'complete') &&
      !this.#around(number).some((sequence) => this.#retrying.has(sequence))
    );
  }

  #mustWait(number: number): boolean {
    const sequence = this.#begun(number);
    if (sequence === undefined || this.#granted.has(sequence)) return false;
    return this.sequenceTries[sequence] !== 0 && this.#sequence(sequence).waitMs > 0;
  }

  runnable(): number[] {
    if (this.mode !== 'running') return [];
    return this.numbers().filter((number) => this.#isOpen(number) && !this.#mustWait(number));
  }

  /** What a job that begins now must be given: results by type of the direct parents. */
  results(number: number): Record<string, (number | null)[]> {
    const given: Record<string, (number | null)[]> = {};
    for (const parent of [...this.planned(number).parents].sort((a, b) => a - b)) {
      const { type } = this.planned(parent);
      if (type !== 'noop') given[type] = [...(given[type] ?? []), this.job(parent).result];
    }
    return given;
  }

  /** The machines completed a no-op. */
  completeNoop(number: number): void {
    this.#check(number);
    this.#countSequence(number);
    this.#complete(number, {});
  }

  /** The machines started a job. */
  start(number: number): void {
    this.#check(number);
    this.#countSequence(number);
    Object.assign(this.job(number), { state: 'running', runTries: 1, isExhausted: false });
  }

  #check(number: number): void {
    if (!this.runnable().includes(number)) throw new Error(`${number} began and is not runnable`);
  }

  #countSequence(number: number): void {
    const sequence = this.#begun(number);
    if (sequence === undefined) return;
    this.sequenceTries[sequence] = (this.sequenceTries[sequence] ?? 0) + 1;
    this.#granted.delete(sequence);
  }

  /** What follows once all that could begin has begun: waits and the end. */
  settle(): void {
    if (this.mode === 'running') {
      for (const number of this.numbers()) {
        const sequence = this.#begun(number);
        if (sequence !== undefined && this.#isOpen(number) && this.#mustWait(number))
          this.waits.add(sequence);
      }
      if (!this.isRunning() && this.waits.size === 0) this.#end('failed');
    } else if (this.mode === 'stopping' || this.mode === 'suspending') {
      if (this.isRunning()) return;
      const isFailed = this.jobs.some(({ state }) => state === 'failed');
      this.#end(isFailed ? 'failed' : this.mode === 'stopping' ? 'stopped' : 'suspended');
    }
  }

  #end(otherwise: string): void {
    this.mode = this.jobs.every(({ state }) => state === 'complete') ? 'complete' : otherwise;
  }

  succeed(number: number, { data, result }: Answer): void {
    if (data !== undefined) this.job(number).map = { ...data };
    this.#finish(number, 'complete', result);
  }

  stopped(number: number, { data }: Answer): void {
    if (data !== undefined) this.job(number).map = { ...data };
    this.#finish(number, 'stopped');
  }

  fail(number: number, { data }: Answer, isFinal: boolean, waitMs: number): void {
    const job = this.job(number);
    if (data !== undefined) job.map = { ...data };
    const isLast = job.tries + job.runTries > this.planned(number).retries;
    if (this.mode !== 'running') this.#finish(number, 'stopped');
    else if (isLast || isFinal || job.isExhausted) this.#finish(number, 'failed');
    else Object.assign(job, { runTries: job.runTries + 1, isWaiting: waitMs > 0 });
  }

  retryDue(number: number): void {
    this.job(number).isWaiting = false;
  }

  sequenceDue(sequence: number): void {
    this.waits.delete(sequence);
    this.#granted.add(sequence);
  }

  #complete(number: number, { result }: Answer): void {
    Object.assign(this.job(number), { state: 'complete', result: result ?? null });
    this.finishedJobs += 1;
    for (const child of this.numbers()) {
      if (this.planned(child).parents.includes(number))
        Object.assign(this.job(child).map, this.job(number).map);
    }
  }

  #finish(number: number, state: 'complete' | 'failed' | 'stopped', result?: number): void {
    const job = this.job(number);
    Object.assign(job, {
      state,
      isWaiting: false,
      attempts: job.attempts + job.runTries,
      tries: job.tries + job.runTries,
    });
    if (state === 'complete') this.#complete(number, result === undefined ? {} : { result });
    if (state === 'failed' && this.mode !== 'stopping') this.#considerRetry(number);
    if (this.mode !== 'stopping') this.#rollBack();
  }

  #considerRetry(number: number): void {
    const sequence = this.planned(number).sequence;
    if (sequence === undefined || this.#retrying.has(sequence)) return;
    if ((this.sequenceTries[sequence] ?? 0) > this.#sequence(sequence).retries) return;
    this.#retrying.set(sequence, number);
    for (const other of this.#inside(sequence)) {
      const job = this.job(other);
      if (job.state !== 'running') continue;
      job.isExhausted = true;
      if (job.isWaiting) this.#finish(other, 'failed');
    }
  }

  #inside(sequence: number): number[] {
    return this.numbers().filter((number) => this.#around(number).includes(sequence));
  }

  #rollBack(): void {
    for (const [sequence, failed] of [...this.#retrying]) {
      const { parent, first } = this.#sequence(sequence);
      const isNested =
        parent !== undefined &&
        this.#around(this.#sequence(parent).first).some((s) => this.#retrying.has(s));
      if (isNested || !this.#retrying.has(sequence)) continue;
      if (this.#inside(sequence).some((number) => this.job(number).state === 'running')) continue;
      for (const number of this.#resetBy(first, failed)) this.#reset(number);
    }
  }

  #resetBy(first: number, failed: number): Set<number> {
    const set = new Set([first, failed]);
    const reach = (from: number): void => {
      for (const child of this.numbers()) {
        if (!this.planned(child).parents.includes(from) || set.has(child)) continue;
        set.add(child);
        if (this.job(child).state === 'complete') reach(child);
      }
    };
    reach(first);
    return set;
  }

  #reset(number: number): void {
    const job = this.job(number);
    if (job.state === 'complete') this.finishedJobs -= 1;
    Object.assign(job, { state: 'pending', tries: 0 });
    const sequence = this.#begun(number);
    if (sequence === undefined) return;
    this.#retrying.delete(sequence);
    this.waits.delete(sequence);
    this.#granted.delete(sequence);
  }

  /** Stop or suspend of what is running. */
  halt(mode: 'stopping' | 'suspending'): void {
    this.mode = mode;
    this.waits.clear();
    for (const number of this.numbers())
      if (this.job(number).isWaiting) this.#finish(number, 'stopped');
  }

  /** No worker has begun anything here. */
  deadline(): void {
    for (const number of this.numbers())
      if (this.job(number).state === 'running') this.#finish(number, 'stopped');
  }

  resume(): void {
    this.mode = 'running';
    this.resumption += 1;
    for (const number of this.numbers()) {
      const job = this.job(number);
      if (job.state !== 'stopped') continue;
      Object.assign(job, { state: 'pending', tries: job.tries - 1 });
      const sequence = this.#begun(number);
      if (sequence !== undefined)
        this.sequenceTries[sequence] = (this.sequenceTries[sequence] ?? 0) - 1;
    }
  }
}
