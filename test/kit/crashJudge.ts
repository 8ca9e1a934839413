/**
 * Judges the folder of kill.test.ts's child, read-only and from outside: the journal and the executions
 * after each kill, and where every chain has come to at the end.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { openSqliteReadModels } from '../../src/adapters/sqlite/readModels.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { openReader } from '../../src/openReader.ts';
import type { OpenReader } from '../../src/openReader.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { toConfig } from '../../src/config.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { AttemptDocument, ReadModels } from '../../src/ports/readmodels.ts';
import type { Store } from '../../src/ports/store.ts';
import { partitionClaim } from '../../src/runtime/ownership.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import type { CrashChain } from './crashChain.ts';
import { documentsIn, documentsOf } from './documents.ts';
import { answersIn, endFromJournal, endFromSeed, planIn } from './crashExpected.ts';

/** What is known at a kill: the attempts that the journal has an answer of, and the line of the log. */
export type AtKill = { answered: Set<string>; lines: number };

/** Looks at a folder whose process is dead. Throws what is wrong. */
export async function judgeKill(folder: string): Promise<AtKill> {
  return reading(folder, async (store, reader) => {
    const groups = await readGroups(store);
    for (const id of groups.keys()) await verify(reader, id);
    const keys = [...groups].flatMap(([id, entries]) => answerKeys(id, entries));
    return { answered: new Set(keys), lines: executionsIn(folder).length };
  });
}

/** Looks at a folder whose chains have all ended; answers how. Throws what is wrong. */
export async function judgeEnd(
  folder: string,
  chains: readonly CrashChain[],
  kills: readonly AtKill[],
): Promise<string[]> {
  judgeExecutions(folder, kills);
  return reading(folder, async (store, reader) => {
    const groups = await readGroups(store);
    const states: string[] = [];
    const models = await judgeDocuments(folder, store);
    for (const chain of chains) {
      const entries = groups.get(chain.id) ?? [];
      states.push(await judgeChain(reader, chain, entries));
      judgeAnswers(folder, chain.id, entries);
      await judgeRest(store, chain.id);
      judgeLog(chain.id, entries, await models.attempts(chain.id));
    }
    await models.close();
    return states;
  });
}

async function judgeChain(
  reader: OpenReader,
  { id, role }: CrashChain,
  entries: readonly Entry[],
): Promise<string> {
  await verify(reader, id);
  const { state, parked } = await reader.status(id);
  if (parked !== undefined) throw new Error(`${id} is parked: ${parked}`);
  const jobs = (await reader.jobs(id)).map(({ name, state, attempts }) => ({
    name,
    state,
    attempts,
  }));
  same(
    `${id} by its journal`,
    withoutNoops({ state, jobs }),
    withoutNoops(endFromJournal(id, entries)),
  );
  if (role === 'plain') {
    same(
      `${id} by its seed`,
      withoutNoops({ state, jobs }),
      withoutNoops(endFromSeed(id, planIn(entries))),
    );
  }
  if (!['COMPLETE', 'FAIL', ...(role === 'stop' ? ['STOPPED'] : [])].includes(state)) {
    throw new Error(`${id} ended ${state}`);
  }
  return state;
}

/** How often a sequence's begin and end were passed is no attempt. */
function withoutNoops<J extends { name: string }>(end: { state: string; jobs: J[] }) {
  return { ...end, jobs: end.jobs.filter(({ name }) => !name.startsWith('sequence_')) };
}

async function verify(reader: OpenReader, id: string): Promise<void> {
  const { difference } = await reader.verify(id);
  if (difference !== undefined) throw new Error(`verify ${id}: ${difference}`);
}

/** Each attempt is answered once at most, and only after a handler has ended. */
function judgeAnswers(folder: string, id: string, entries: readonly Entry[]): void {
  const seen = new Set<string>();
  const executions = executionsIn(folder);
  const ended = new Set(executions.filter(({ what }) => what === 'end').map(({ key }) => key));
  // What a killed process had begun may be stopped by the next one before it is begun again.
  const last = executions.at(-1)?.pid;
  const begun = new Set(executions.filter(({ pid }) => pid === last).map(({ key }) => key));
  for (const { job, attempt, type } of answersIn(entries)) {
    const key = `${id}/${job}/${attempt}`;
    if (seen.has(key)) throw new Error(`${key} was answered twice`);
    seen.add(key);
    const wasNeverRun = type === 'attempt.stopped' && !begun.has(key);
    if (!ended.has(key) && !wasNeverRun) throw new Error(`${key} has an answer and no execution`);
  }
}

function answerKeys(id: string, entries: readonly Entry[]): string[] {
  return answersIn(entries).map(({ job, attempt }) => `${id}/${job}/${attempt}`);
}

/** What the tracker kept through all kills is what the journal gives in one go; answers that. */
async function judgeDocuments(folder: string, store: Store): Promise<ReadModels> {
  const { journal, blobs, partitions } = store;
  const models = openSqliteReadModels({ path: join(folder, 'again.db'), store: store.id });
  const warn = (text: string): void => {
    throw new Error(text);
  };
  await new Tracker({ journal, blobs, models, clock: systemClock, partitions, warn }).runOnce();
  same('the read models', await documentsIn(folder), await documentsOf(models, partitions));
  return models;
}

/** The job log has a row for every answer, and else only for attempts that were given up. */
function judgeLog(id: string, entries: readonly Entry[], log: readonly AttemptDocument[]): void {
  const answered = log.filter(({ reason }) => reason !== 'it did not stop in time');
  same(
    `the job log of ${id}`,
    answered.map(({ name, attempt }) => `${name}/${attempt}`).sort(),
    answersIn(entries)
      .map(({ job, attempt }) => `${job}/${attempt}`)
      .sort(),
  );
  const running = log.filter(({ finishedAt }) => finishedAt === undefined);
  same(`running attempts of ${id}`, running, []);
}

/** A chain that has ended owes nothing, is listed as such, and has a snapshot of its end. */
async function judgeRest(store: Store, id: string): Promise<void> {
  const head = await store.snapshots.head(id);
  const newest = await store.snapshots.newest(id);
  if (head?.active !== false) throw new Error(`${id} has ended and its head says active`);
  if (newest?.seq !== head.seq)
    throw new Error(`${id} ended at ${head.seq}, its snapshot is ${newest?.seq}`);
}

/** A handler runs again only if its attempt's answer was not in the journal at the kill. */
function judgeExecutions(folder: string, kills: readonly AtKill[]): void {
  const runs = new Set<string>();
  for (const [line, { what, key, pid }] of executionsIn(folder).entries()) {
    if (what === 'misinformed') throw new Error(`${key} was not given what its parents left`);
    if (what !== 'start') continue;
    if (runs.has(`${key} ${pid}`)) throw new Error(`${key} ran twice in process ${pid}`);
    runs.add(`${key} ${pid}`);
    const kill = kills.findIndex(({ answered, lines }) => line >= lines && answered.has(key));
    if (kill >= 0)
      throw new Error(`${key} ran after kill ${kill + 1}, which it was answered before`);
  }
}

type Execution = { what: string; key: string; pid: string };

/** Lines of the log; the last of a killed process may be cut. */
function executionsIn(folder: string): Execution[] {
  const path = join(folder, 'executions.log');
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => {
    const [what = '', key = '', pid = ''] = line.split(' ');
    return { what, key, pid };
  });
}

/** Entries by group; throws where the journal is not dense, or an ownership wrote after the next claim. */
async function readGroups(store: Store): Promise<Map<string, Entry[]>> {
  const groups = new Map<string, Entry[]>();
  for (let partition = 0; partition < store.partitions; partition += 1) {
    let before: Entry | undefined;
    for await (const entry of store.journal.read(partition, 0)) {
      judgeEntry(before, entry);
      before = entry;
      if (entry.group === undefined) continue;
      const list = groups.get(entry.group) ?? [];
      groups.set(entry.group, list);
      if (list.push(entry) !== entry.seq)
        throw new Error(`${entry.group} has no entry ${list.length}`);
    }
    const { released = 0 } = (await store.journal.partition(partition)) ?? {};
    const head = before?.offset ?? 0;
    if (released > head)
      throw new Error(`partition ${partition} is released to ${released}, its head is ${head}`);
  }
  return groups;
}

function judgeEntry(before: Entry | undefined, entry: Entry): void {
  const where = `entry ${entry.offset} of partition ${entry.partition}`;
  if (entry.offset !== (before?.offset ?? 0) + 1) throw new Error(`${where} leaves a gap`);
  if (entry.at < (before?.at ?? 0)) throw new Error(`${where} is older than the one before it`);
  const isClaim = entry.type === partitionClaim;
  if (isClaim === (entry.token === before?.token))
    throw new Error(`${where} is not of its ownership`);
  if (entry.parked !== undefined) throw new Error(`${where} is parked: ${entry.parked}`);
}

async function reading<T>(
  folder: string,
  look: (store: Store, reader: OpenReader) => Promise<T>,
): Promise<T> {
  const config = toConfig({ data: folder });
  const store = openSqliteStore({ path: join(folder, 'store.db'), partitions: 3, readonly: true });
  const reader = openReader(config);
  try {
    return await look(store, reader);
  } finally {
    await reader.close();
    await store.close();
  }
}

function same(what: string, seen: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(seen, wanted)) return;
  throw new Error(`${what}: is ${JSON.stringify(seen)}, should be ${JSON.stringify(wanted)}`);
}
