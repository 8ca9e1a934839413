/**
 * A plan as it is sent: whole when small, else stored in chunks by hash and sent by reference, so that no
 * part of the way handles 100,000 jobs at once (architecture, section 6).
 */
import { toChunks } from '../../machines/chunks.ts';
import type { Plan } from '../../machines/graph.ts';
import type { Blobs } from '../ports/blobs.ts';
import { inlineBytes } from '../protocol/envelope.ts';
import { sha256 } from '../protocol/hash.ts';
import type { Named } from '../protocol/plans.ts';
import { nextTurn } from '../runtime/nextTurn.ts';

/** After so many chunks everybody else gets a turn of the event loop. */
const chunksInARow = 4;

/** What `chain.create` holds of a plan; see `sentPlanSchema`. */
export type PlanToSend = Plan | { jobs: Named; sequences: Named; maxStarted: number };

/** Resolves when the chunks of a large plan are stored. */
export async function sentPlan(plan: Plan, blobs: Blobs): Promise<PlanToSend> {
  if (isShort(plan.jobs, plan.sequences)) return plan;
  return {
    jobs: await named(plan.jobs, blobs),
    sequences: await named(plan.sequences, blobs),
    maxStarted: plan.maxStarted,
  };
}

/** The same of any other list. */
export async function sentList<T>(list: readonly T[], blobs: Blobs): Promise<readonly T[] | Named> {
  return isShort(list) ? list : named(list, blobs);
}

function isShort(...lists: readonly (readonly unknown[])[]): boolean {
  let left = inlineBytes;
  for (const chunk of lists.flatMap((list) => toChunks(list).chunks)) {
    left -= JSON.stringify(chunk).length;
    if (left < 0) return false;
  }
  return true;
}

async function named(list: readonly unknown[], blobs: Blobs): Promise<Named> {
  const { size, chunks } = toChunks(list);
  const hashes: string[] = [];
  for (let from = 0; from < chunks.length; from += chunksInARow) {
    const texts = chunks.slice(from, from + chunksInARow).map((chunk) => JSON.stringify(chunk));
    const some = texts.map((text) => [sha256(text), text] as const);
    await blobs.put(new Map(some));
    hashes.push(...some.map(([hash]) => hash));
    await nextTurn();
  }
  return { size, chunks: hashes };
}
