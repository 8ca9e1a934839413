/** Whatever the journal holds, and however often the tracker was interrupted: the read models are what a rebuild gives, and true. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { at } from '../../machines/chunks.ts';
import { openSqliteReadModels } from '../../src/adapters/sqlite/readModels.ts';
import type { Entry } from '../../src/ports/journal.ts';
import type { ReadModels } from '../../src/ports/readmodels.ts';
import type { Store } from '../../src/ports/store.ts';
import { rowKey } from '../../src/runtime/obligations.ts';
import { Tracker } from '../../src/tracker/tracker.ts';
import { documentsOf } from '../kit/documents.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { openStore } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { histories, journalOf } from './history.ts';
import type { ChainStory } from './history.ts';

const folder = tempFolder();
let opened = 0;

function track(store: Store, models: ReadModels): Tracker {
  const warn = (text: string): void => {
    throw new Error(text);
  };
  const { journal, blobs, partitions } = store;
  return new Tracker({ journal, blobs, models, clock: new FakeClock(), partitions, warn });
}

test(
  'random chains are tracked alike in one go and in pieces, and as they are',
  { timeout: 120_000 },
  async () => {
    const property = fc.asyncProperty(
      histories,
      fc.infiniteStream(fc.nat(60)),
      async (history, cuts) => {
        const { stories, entries } = journalOf(history);
        const store = openStore(join(folder, String((opened += 1))));
        const path = join(folder, `${opened}.models`);
        const open = (file: string) => openSqliteReadModels({ path: file, store: store.id });
        const [pieces, whole] = [open(path), open(`${path}.whole`)];
        // The second is the first after a kill, or another process beside it.
        const trackers = [track(store, pieces), track(store, open(path))];
        for (let from = 0; from < entries.length;) {
          const cut = Number(cuts.next().value);
          await store.journal.append(entries.slice(from, from + 1 + cut));
          from += 1 + cut;
          await trackers[cut % 2]?.runOnce();
        }
        await track(store, whole).runOnce();
        const documents = await documentsOf(whole, 1);
        for (const tracker of trackers) await tracker.runOnce();
        expect(await documentsOf(pieces, 1)).toEqual(documents);
        expect(await trackers[0]?.rebuild()).toMatchObject({
          entries: entries.length,
          requests: 3,
        });
        expect(await documentsOf(pieces, 1)).toEqual(documents);
        for (const [index, story] of stories.entries())
          await judge(whole, `g${index}`, story, entries);
        await store.close();
      },
    );
    await fc.assert(property, { numRuns: Number(process.env['MILLRACE_TEST_RUNS'] ?? 15) });
  },
);

/** A chain's own snapshot is the truth; while it is parked, what was kept has not happened. */
async function judge(models: ReadModels, id: string, story: ChainStory, entries: readonly Entry[]) {
  const { context, state } = story;
  const jobs = await models.jobs(id);
  const wanted = wantedJobs(story);
  const seen = jobs.map(({ name, type, state, attempts }) => ({ name, type, state, attempts }));
  expect(seen).toEqual(wanted);
  const { resident } = story.story;
  expect(await models.request(id)).toMatchObject({
    state,
    resumption: context.resumption,
    total: jobs.length,
    seq: resident.group.seq,
    updatedAt: resident.group.at,
    kept: resident.kept.length,
  });
  const log = await models.attempts(id);
  const running = log.filter((attempt) => attempt.state === 'running');
  expect(running.map(({ job, attempt }) => `${job}/${attempt}`).sort()).toEqual(
    [...resident.group.obligations.attempts.values()]
      .map(({ actor, job }) => `${actor.slice(4)}/${job.attempt}`)
      .sort(),
  );
  const answers = entries.filter(
    ({ group, type, parked }) =>
      group === id && type.startsWith('attempt.') && parked === undefined,
  );
  const ended = new Set(
    log
      .filter((each) => !running.includes(each))
      .map(({ job, attempt }) => `job/${job} ${attempt}`),
  );
  const missed = answers.filter(({ to, body }) => {
    const { attempt } = JSON.parse(body ?? '') as { attempt: number };
    return !ended.has(`${to} ${attempt}`);
  });
  expect(missed).toEqual([]);
}

function wantedJobs({ story, plan, context }: ChainStory) {
  const { actors, obligations } = story.resident.group;
  return plan.jobs.map(({ name, type }, job) => {
    const row = at(context.progress.rows, job);
    const actor = actors.get(`job/${job}`);
    const held = obligations.attempts.get(rowKey(`job/${job}`, 'run'));
    // In its wait a job has counted the attempt that is to come.
    const waiting = (actor?.context as { attempt: number } | undefined)?.attempt ?? 0;
    const attempts = held?.job.attempt ?? (actor === undefined ? row.attempts : waiting - 1);
    return { name, type, state: actor === undefined ? row.state : String(actor.value), attempts };
  });
}
