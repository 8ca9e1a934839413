/**
 * What a chain must have come to: the naive reference of the machines, led by the chain's own seed, or
 * through the journal's entries where a stop or a suspend came at a moment that no seed knows.
 */
import { z } from 'zod';
import { noopType } from '../../machines/graph.ts';
import type { Plan } from '../../machines/graph.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { attemptAnswerSchemas } from '../../src/protocol/attempts.ts';
import { expand } from '../../src/runtime/transitions.ts';
import { Reference } from '../machines/reference.ts';
import { outcomeOf } from './crashChain.ts';

const createSchema = z.object({ plan: z.custom<Plan>() });
const answerSchema = z.looseObject({
  attempt: z.number(),
  final: z.boolean().optional(),
  retryAfterMs: z.number().optional(),
});

export type JobEnd = { name: string; state: string; attempts: number };
export type End = { state: string; jobs: JobEnd[] };

/** An answer in the journal: whose it is, and what it says. */
export type Answered = { job: string; attempt: number; type: string };

/** The plan that a chain was created with: its first entry. */
export function planIn(entries: readonly Entry[]): Plan {
  const [first] = entries;
  if (first?.type !== 'chain.create')
    throw new Error(`its first entry is ${first?.type ?? 'missing'}`);
  return createSchema.parse(JSON.parse(first.body ?? '{}')).plan;
}

/** Answers of a chain in the order of its journal. */
export function answersIn(entries: readonly Entry[]): Answered[] {
  const plan = planIn(entries);
  return entries.flatMap((entry) => {
    if (!isAnswer(entry)) return [];
    const job = plan.jobs[jobOf(entry)]?.name ?? 'unknown';
    return [{ job, attempt: answerIn(entry).attempt, type: entry.type }];
  });
}

/** Of an attempt: not what a worker says while it holds one. */
function isAnswer({ type }: Entry): boolean {
  return type in attemptAnswerSchemas;
}

function answerIn(entry: Entry): z.infer<typeof answerSchema> {
  return answerSchema.parse(JSON.parse(entry.body ?? '{}'));
}

function jobOf({ to = '' }: Entry): number {
  return Number(to.replace('job/', ''));
}

/** How a chain that nobody stops or suspends ends; in it no answer's turn changes another's. */
export function endFromSeed(id: string, plan: Plan): End {
  const reference = new Reference(plan);
  begin(reference);
  while (reference.mode === 'running') {
    const [wait] = reference.waits;
    const number = reference.numbers().find((each) => reference.job(each).state === 'running');
    if (wait !== undefined) reference.sequenceDue(wait);
    else if (number === undefined) throw new Error(`the reference of ${id} goes nowhere`);
    else answer(reference, id, number);
    begin(reference);
  }
  return endOf(reference, plan);
}

function answer(reference: Reference, id: string, number: number): void {
  const { attempts, runTries } = reference.job(number);
  const outcome = outcomeOf(id, reference.planned(number).name, attempts + runTries);
  if (outcome === 'succeeded') reference.succeed(number, {});
  else if (outcome === 'stopped') reference.stopped(number, {});
  else reference.fail(number, {}, false, 0);
}

/** How a chain ends by what its journal holds; throws where an entry cannot be. */
export function endFromJournal(id: string, entries: readonly Entry[]): End {
  const plan = planIn(entries);
  const reference = new Reference(plan);
  begin(reference);
  for (const entry of entries.slice(1)) {
    take(reference, plan, id, entry);
    begin(reference);
  }
  return endOf(reference, plan);
}

function take(reference: Reference, plan: Plan, id: string, entry: Entry): void {
  const { mode } = reference;
  if (isAnswer(entry)) takeAnswer(reference, id, entry);
  // The timer of a lease changes no state.
  else if (entry.type === 'timer.fired' && entry.transitions.length > 0)
    takeTimer(reference, plan, entry);
  else if (entry.type === 'request.resume') resume(reference);
  else if (entry.type === 'request.stop' && mode === 'suspended') reference.mode = 'stopped';
  else if (entry.type === 'request.stop' && mode === 'running') reference.halt('stopping');
  else if (entry.type === 'request.suspend' && mode === 'running') reference.halt('suspending');
}

function resume(reference: Reference): void {
  if (reference.mode === 'suspended') reference.resume();
}

function takeAnswer(reference: Reference, id: string, entry: Entry): void {
  const number = jobOf(entry);
  const { state, attempts, runTries } = reference.job(number);
  const { name, retryWaitMs } = reference.planned(number);
  const { attempt, final = false, retryAfterMs = retryWaitMs } = answerIn(entry);
  const what = `entry ${entry.seq} is ${entry.type} of ${name}/${attempt}`;
  if (state !== 'running' || attempt !== attempts + runTries) {
    throw new Error(`${what}, which is ${state} at attempt ${attempts + runTries}`);
  }
  const outcome = outcomeOf(id, name, attempt);
  const planned = outcome === 'retryAfter' ? 'failed' : outcome;
  const isCancelled = entry.type === 'attempt.stopped' && reference.mode !== 'running';
  if (entry.type !== `attempt.${planned}` && !isCancelled)
    throw new Error(`${what}, planned as ${outcome}`);
  if (entry.type === 'attempt.succeeded') reference.succeed(number, {});
  else if (entry.type === 'attempt.stopped') reference.stopped(number, {});
  else reference.fail(number, {}, final, retryAfterMs);
}

/** A timer's entry names it by the turn that set it; what it was for shows in what it changed. */
function takeTimer(reference: Reference, { sequences }: Plan, entry: Entry): void {
  const moved = (from: string, to: string): number[] =>
    entry.transitions
      .filter((move) => move.from === from && move.to === to)
      .flatMap(({ actor }) => expand(actor).map((job) => Number(job.replace('job/', ''))));
  const [job] = moved('waiting', 'running');
  const begun = moved('pending', 'complete');
  const sequence = [...reference.waits].find((each) =>
    begun.includes(sequences[each]?.first ?? -1),
  );
  if (job !== undefined) reference.retryDue(job);
  else if (sequence !== undefined) reference.sequenceDue(sequence);
  else
    throw new Error(
      `entry ${entry.seq} is a timer of nothing: ${JSON.stringify(entry.transitions)}`,
    );
}

/** All that can begin begins: these chains stay far below the limit of jobs at a time. */
function begin(reference: Reference): void {
  for (let next = reference.runnable(); next.length > 0; next = reference.runnable()) {
    for (const number of next) {
      if (reference.planned(number).type === noopType) reference.completeNoop(number);
      else reference.start(number);
    }
  }
  reference.settle();
}

function endOf(reference: Reference, plan: Plan): End {
  const jobs = plan.jobs.map(({ name }, number) => {
    const { state, attempts } = reference.job(number);
    return { name, state, attempts };
  });
  return { state: reference.mode === 'failed' ? 'FAIL' : reference.mode.toUpperCase(), jobs };
}
