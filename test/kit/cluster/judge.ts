/** Judges what a cluster has left in its store and in its handlers' log, once all chains have ended. */
import { builtInActors } from '../../../actors/index.ts';
import { createReader } from '../../../src/reader.ts';
import type { Reader } from '../../../src/reader.ts';
import { isTerminal } from '../../../src/protocol/states.ts';
import { partitionOf } from '../../../src/protocol/topology.ts';
import { loadGroup } from '../../../src/runtime/load.ts';
import { createRegistry } from '../../../src/runtime/registry.ts';
import { verifyGroup } from '../../../src/runtime/replay.ts';
import { createFreezer } from '../../../src/runtime/snapshots.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { CrashChain } from '../crashChain.ts';
import { answersIn } from '../crashExpected.ts';
import { judgeChain, judgeRest, readGroups } from '../journalJudge.ts';
import type { ChainReader } from '../journalJudge.ts';
import { taskActor } from '../taskActor.ts';
import type { TaskOptions } from '../taskActor.ts';
import type { Cluster } from './cluster.ts';

/** How the chains have ended. Throws what is wrong: lost, doubled, not as planned, not replayed alike. */
export async function judge(
  cluster: Cluster,
  chains: readonly CrashChain[],
  /** Groups that are to be parked. */
  parked: readonly string[] = [],
): Promise<string[]> {
  const { store } = cluster;
  const reader = readerOf(store);
  const groups = await readGroups(store, parked);
  const states: string[] = [];
  for (const chain of chains) {
    const entries = groups.get(chain.id) ?? [];
    states.push(await judgeChain(reader, chain, entries));
    judgeAnswers(cluster, chain.id, entries);
    await judgeRest(store, chain.id);
  }
  const misinformed = cluster.executions().find(({ what }) => what === 'misinformed');
  if (misinformed !== undefined)
    throw new Error(`${misinformed.key} was not given what its parents left`);
  return states;
}

export type Harm = {
  /** Chains that have not ended. */
  lost: number;
  /** Attempts whose answers were recorded more than once. */
  doubled: number;
};

/** Counts, for the table; `judge` says what is wrong. */
export async function harmDone(cluster: Cluster, chains: readonly CrashChain[]): Promise<Harm> {
  const groups = await readGroups(cluster.store);
  let [lost, doubled] = [0, 0];
  for (const { id } of chains) {
    if (!isTerminal((await cluster.state(id)) ?? '')) lost += 1;
    const entries = groups.get(id);
    if (entries === undefined) continue;
    const answers = answersIn(entries).map(({ job, attempt }) => `${job}/${attempt}`);
    doubled += answers.length - new Set(answers).size;
  }
  return { lost, doubled };
}

/** Each attempt is answered once at most, and only after a handler has ended. */
function judgeAnswers(
  cluster: Cluster,
  id: string,
  entries: Parameters<typeof answersIn>[0],
): void {
  const ended = new Set(
    cluster.executions().flatMap(({ what, key }) => (what === 'end' ? [key] : [])),
  );
  const seen = new Set<string>();
  for (const { job, attempt, type } of answersIn(entries)) {
    const key = `${id}/${job}/${attempt}`;
    if (seen.has(key)) throw new Error(`${key} was answered twice`);
    seen.add(key);
    if (type === 'attempt.succeeded' && !ended.has(key))
      throw new Error(`${key} has an answer and no execution`);
  }
}

/** Reads chains, and the actor `task` as it is hosted there. */
export function readerOf(
  store: Store,
  task: TaskOptions = {},
): ChainReader & Pick<Reader, 'query'> {
  const registry = createRegistry([...builtInActors, taskActor(task)]);
  const loader = { store, registry, freezer: createFreezer(registry, store.blobs) };
  const place = (id: string) => ({ partition: partitionOf(id, store.partitions), id });
  const { status, jobs, query } = createReader(store, registry, (id) =>
    loadGroup(loader, place(id)),
  );
  return { status, jobs, query, verify: (id) => verifyGroup(loader, place(id)) };
}
