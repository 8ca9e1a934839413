/**
 * Small random chains that follow from a seed, the same in every process: the child of kill.test.ts runs
 * them, and its parent knows from them how each must end. How an attempt ends follows from job and number.
 */
import type { JobHandle, PlanContext, SequenceOptions } from '../../src/definitions.ts';

/** What happens to a chain while it runs: nothing, a suspend and a resume, a stop. */
export type Role = 'plain' | 'suspend' | 'stop';

export type CrashJob = {
  name: string;
  /** Jobs of two types, so that results come from both. */
  isOdd: boolean;
  after: string[];
  attempts: number;
  waitMs: number;
};

/** A sequence, or one job alone. */
export type Block = { sequence?: SequenceOptions & { name: string }; jobs: CrashJob[] };

export type CrashChain = { id: string; role: Role; blocks: Block[] };

const roles: readonly Role[] = ['plain', 'suspend', 'plain', 'stop'];

/** All chains of a seed. */
export function chainsOf(seed: number): CrashChain[] {
  return roles.map((_, index) => chainOf(seed, index));
}

export function chainOf(seed: number, index: number): CrashChain {
  const id = `kill-${seed}-${index}`;
  const role = roles[index] ?? 'plain';
  const random = randomOf(id);
  const size = 5 + below(random, 8);
  const blocks: Block[] = [];
  for (let count = 0; count < size;) {
    const block = blockOf(blocks, random, { first: count, size, role });
    blocks.push(block);
    count += block.jobs.length;
  }
  return { id, role, blocks };
}

type Place = { first: number; size: number; role: Role };

function blockOf(before: readonly Block[], random: Random, { first, size, role }: Place): Block {
  const isSequence = random() < 0.4 && size - first > 1;
  const count = isSequence ? 2 + below(random, Math.min(3, size - first - 1)) : 1;
  const after = parentsAmong(before, random);
  // Side by side, how often jobs of a retried sequence are attempted depends on who fails first.
  const isWide = role !== 'plain' && random() < 0.5;
  const jobs = Array.from({ length: count }, (_, place): CrashJob => {
    const isBehind = place > 0 && !isWide;
    return {
      name: `job-${first + place}`,
      isOdd: random() < 0.4,
      after: isBehind ? [`job-${first + place - 1}`] : after,
      attempts: 1 + below(random, 4),
      waitMs: below(random, 3) * 6,
    };
  });
  if (!isSequence) return { jobs };
  const [retries, waitMs] = [below(random, 3), below(random, 3) * 6];
  return { jobs, sequence: { name: `from-${first}`, retries, waitMs } };
}

/** Up to two of the blocks before; few, so that much runs side by side. */
function parentsAmong(before: readonly Block[], random: Random): string[] {
  const count = below(random, 3);
  const names = Array.from({ length: count }, () => {
    const block = before[below(random, before.length)];
    return block?.jobs.at(-1)?.name ?? [];
  });
  return [...new Set(names.flat())];
}

/** Adds what the chain consists of; `add` makes one job of it. */
export function planCrashChain(
  { blocks }: CrashChain,
  { sequence }: Pick<PlanContext<unknown>, 'sequence'>,
  add: (job: CrashJob) => JobHandle,
): void {
  for (const { sequence: around, jobs } of blocks) {
    if (around === undefined) jobs.forEach(add);
    else sequence(around.name, around, () => jobs.forEach(add));
  }
}

/** `stopped`: on its own accord, by throwing `Stopped`. */
export type Outcome = 'succeeded' | 'failed' | 'retryAfter' | 'stopped';

/** How an attempt ends that nobody stops. */
export function outcomeOf(id: string, job: string, attempt: number): Outcome {
  const isFlaky = randomOf(`${id}/${job}`)() < 0.35;
  const random = randomOf(`${id}/${job}/${attempt}`);
  if (random() > (isFlaky ? 0.55 : 0.02)) return 'succeeded';
  const how = random();
  if (how < 0.04) return 'stopped';
  return how < 0.3 ? 'retryAfter' : 'failed';
}

/** How long an attempt takes, and whether it ends when it is told to. */
export function paceOf(id: string, job: string, attempt: number): { ms: number; isDeaf: boolean } {
  const random = randomOf(`pace/${id}/${job}/${attempt}`);
  return {
    ms: random() < 0.3 ? 20 + below(random, 40) : below(random, 6),
    isDeaf: random() < 0.25,
  };
}

/** A chain that is stopped or suspended is so when this many of its attempts have begun. */
export function disturbedAfter(id: string): number {
  return 1 + below(randomOf(`disturb/${id}`), 4);
}

export type Random = () => number;

/** Numbers in [0, 1) that follow from a text (FNV-1a, then mulberry32). */
export function randomOf(text: string): Random {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}
