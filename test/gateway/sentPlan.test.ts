/** A large plan travels in chunks by hash: from the gateway through the store into the chain, and to who reads it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { builtInActors } from '../../actors/index.ts';
import type { Plan } from '../../machines/graph.ts';
import { sentPlan } from '../../src/gateway/sentPlan.ts';
import type { Store } from '../../src/ports/store.ts';
import { planJobs } from '../../src/protocol/plans.ts';
import { eventually } from '../kit/eventually.ts';
import { collect, openRig, the } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { job } from '../machines/kit.ts';

let folder: string;

beforeEach(() => {
  folder = tempFolder();
});

function open(): Promise<Rig> {
  return openRig({ actors: builtInActors, folder });
}

/** `size` jobs, each after the one before. */
function line(size: number): Plan {
  const jobs = Array.from({ length: size }, (_, n) =>
    job({ name: `job-${n}`, args: { text: 'x'.repeat(50) }, parents: n === 0 ? [] : [n - 1] }),
  );
  return { jobs, sequences: [{ name: 's', first: 0, retries: 0, waitMs: 0 }], maxStarted: 200 };
}

async function create(rig: Rig, plan: object): Promise<unknown> {
  const body = { plan, requestType: 'r', args: null };
  return rig.tell('g', 'chain.create', body, { to: 'chain/main' });
}

async function names(rig: Rig): Promise<string[]> {
  const [entry] = await rig.entries('g');
  const chunks = await collect(planJobs(the(entry), (hash) => rig.runtime.store.blobs.get(hash)));
  return chunks.flat().map(({ name }) => name);
}

test('a small plan rides in the entry', async () => {
  const rig = await open();
  const plan = line(3);
  expect(await sentPlan(plan, rig.runtime.store.blobs)).toBe(plan);
  await create(rig, plan);
  expect(await names(rig)).toEqual(['job-0', 'job-1', 'job-2']);
  await rig.stop();
});

describe('a large plan', () => {
  /** Hashes that snapshots were to store. */
  function watched(store: Store): { puts: string[]; store: Store } {
    const puts: string[] = [];
    const put: Store['blobs']['put'] = (texts) => {
      puts.push(...texts.keys());
      return store.blobs.put(texts);
    };
    return { puts, store: { ...store, blobs: { ...store.blobs, put } } };
  }

  test('leaves only names in the entry; the chain runs, and its snapshots write none of it again', async () => {
    const rig = await open();
    const { puts, store } = watched(rig.runtime.store);
    const plan = await sentPlan(line(1000), store.blobs);
    const stored = puts.splice(0);
    expect(await create(rig, plan)).toEqual({ ok: true });
    const [entry] = await rig.entries('g');
    expect(entry?.body?.length).toBeLessThan(2000);
    expect(await names(rig)).toHaveLength(1000);
    const starts = await rig.starts('t');
    await eventually(() => expect(starts).toHaveLength(1));
    expect(starts[0]).toMatchObject({ jobId: 'job-0', args: { text: 'x'.repeat(50) } });
    const { group } = await rig.host.group('g');
    const { fresh } = await rig.runtime.freezer.freeze(group, 0);
    expect([...fresh.keys()].filter((hash) => stored.includes(hash))).toEqual([]);
    await rig.stop();
    const again = await open();
    const loaded = await again.host.group('g');
    expect(loaded).toMatchObject({ group: { seq: 1 } });
    expect(loaded.parked).toBeUndefined();
    await again.stop();
  });

  test('that names what is not stored, or holds no jobs, is refused', async () => {
    const rig = await open();
    const { blobs } = rig.runtime.store;
    const plan = { jobs: { size: 1, chunks: ['abc'] }, sequences: [], maxStarted: 1 };
    expect(await create(rig, plan)).toMatchObject({ ok: false, code: 'rejected' });
    await blobs.put(new Map([['abc', '[{"name":1}]']]));
    const answer = await create(rig, plan);
    expect(JSON.stringify(answer)).toContain('chunk abc of \\"plan.jobs\\" does not fit');
    await rig.stop();
  });
});

test('a create entry with a whole plan of any size, as older versions wrote it, still runs', async () => {
  const rig = await open();
  expect(await create(rig, line(2000))).toEqual({ ok: true });
  expect(await names(rig)).toHaveLength(2000);
  await rig.stop();
});
