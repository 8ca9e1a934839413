/**
 * Judges the folder of kill.test.ts's child, read-only and from outside: the journal and the executions
 * after each kill, and where every chain has come to at the end.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqliteReadModels } from '../../src/adapters/sqlite/readModels.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { openReader } from '../../src/openReader.ts';
import type { OpenReader } from '../../src/openReader.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { toConfig } from '../../src/config.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { AttemptDocument, ReadModels } from '../../src/ports/readmodels.ts';
import type { Store } from '../../src/ports/store.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import type { CrashChain } from './crashChain.ts';
import { documentsIn, documentsOf } from './documents.ts';
import { answersIn } from './crashExpected.ts';
import { judgeChain, judgeRest, readGroups, same, verify } from './journalJudge.ts';

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

async function reading<T>(
  folder: string,
  look: (store: Store, reader: OpenReader) => Promise<T>,
): Promise<T> {
  const config = toConfig({ data: folder });
  const store = openSqliteStore({ path: join(folder, 'store.db'), partitions: 3, readonly: true });
  const reader = await openReader(config);
  try {
    return await look(store, reader);
  } finally {
    await reader.close();
    await store.close();
  }
}
