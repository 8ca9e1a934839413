import { beforeEach, describe, expect, it } from 'vitest';
import { setup, assign } from 'xstate';
import { z } from 'zod';
import type { StoredSnapshot } from '../../src/ports/snapshots.ts';
import type { Store } from '../../src/ports/store.ts';
import { defineActor } from '../../src/runtime/actor.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import type { Group } from '../../src/runtime/group.ts';
import { loadGroup } from '../../src/runtime/load.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import { createFreezer } from '../../src/runtime/snapshots.ts';
import { openStore } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import type { TaskOptions } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { answered, command, day, rang, Story } from './pure.ts';

let store: Store;

beforeEach(() => {
  store = openStore(tempFolder());
});

/** Keeps a long list in chunks, as the chain keeps its jobs. */
const list = setup({
  types: {
    context: {} as { items: { size: number; chunks: string[][] } },
    input: {} as { chunks: string[][] },
    events: {} as { type: 'list.create' } | { type: 'list.change'; chunk: number; text: string },
  },
}).createMachine({
  context: ({ input }) => ({ items: { size: input.chunks.length, chunks: input.chunks } }),
  on: {
    'list.change': {
      actions: assign({
        items: ({ context, event }) => ({
          ...context.items,
          chunks: context.items.chunks.map((chunk, n) =>
            n === event.chunk ? [event.text] : chunk,
          ),
        }),
      }),
    },
  },
});

const listActor = defineActor({
  kind: 'task',
  machine: list,
  accepts: {
    'list.create': z.object({ chunks: z.array(z.array(z.string())) }),
    'list.change': z.object({ chunk: z.number(), text: z.string() }),
  },
  startedBy: ['list.create'],
  chunked: ['items'],
  effects: {},
}) as unknown as ActorDefinition;

function freezer(story: Story) {
  return createFreezer(story.registry, store.blobs);
}

async function thawed(story: Story): Promise<Group> {
  const { snapshot, fresh } = await freezer(story).freeze(story.resident.group, 0);
  await store.blobs.put(fresh);
  const copy = JSON.parse(JSON.stringify(snapshot)) as StoredSnapshot;
  return freezer(story).thaw(copy);
}

describe('a frozen group', () => {
  it('behaves alike when it is thawed: attempts, timers, commands seen', async () => {
    const story = new Story();
    story.tell(command('task.create'));
    story.tell(command('task.alarm', { afterMs: 5 }));
    const poke = command('task.poke', { by: 2 });
    story.tell(poke);
    story.tell(command('task.work', { text: 'hard' }));
    const again = new Story();
    again.journal.push(...story.journal);
    again.resident = { ...story.resident, group: await thawed(story) };
    for (const message of [
      poke,
      answered(1, { result: 1 }),
      answered(1),
      rang(2, 1),
      rang(5, 1),
      command('task.work'),
    ]) {
      const [one, two] = [story.tell(message), again.tell(message)];
      expect(two.verdict).toBe(one.verdict);
    }
    expect(again.journal).toEqual(story.journal);
    expect(again.resident.group.obligations).toEqual(story.resident.group.obligations);
    expect((await freezer(again).freeze(again.resident.group, 0)).snapshot.hash).toBe(
      (await freezer(story).freeze(story.resident.group, 0)).snapshot.hash,
    );
  });

  it('writes a chunk once, and only those that changed', async () => {
    const story = new Story([listActor]);
    const chunks = ['a', 'b', 'c'].map((letter) => [letter.repeat(5000)]);
    story.tell(command('list.create', { chunks }));
    const ours = freezer(story);
    const first = await ours.freeze(story.resident.group, 0);
    expect(first.fresh.size).toBe(3);
    expect(first.snapshot.state).not.toContain('aaa');
    await store.blobs.put(first.fresh);
    first.stored();
    story.tell(command('list.change', { chunk: 1, text: 'x'.repeat(5000) }));
    const second = await ours.freeze(story.resident.group, 1);
    expect([...second.fresh.values()]).toEqual([JSON.stringify(['x'.repeat(5000)])]);
    const group = await ours.thaw(first.snapshot);
    expect(group.actors.get('task/main')?.context).toEqual({ items: { size: 3, chunks } });
    expect((await ours.freeze(group, 0)).fresh.size).toBe(0);
  });

  it('gives its chunks again until somebody says that they are stored', async () => {
    const story = new Story([listActor]);
    story.tell(command('list.create', { chunks: [['a'.repeat(5000)]] }));
    const ours = freezer(story);
    expect((await ours.freeze(story.resident.group, 0)).fresh.size).toBe(1);
    expect((await ours.freeze(story.resident.group, 0)).fresh.size).toBe(1);
  });

  it('that does not match its hash is refused', async () => {
    const story = new Story();
    story.tell(command('task.create'));
    const { snapshot } = await freezer(story).freeze(story.resident.group, 0);
    const damaged = { ...snapshot, state: snapshot.state.replace('idle', 'busy') };
    await expect(freezer(story).thaw(damaged)).rejects.toThrow(
      'snapshot g/1 does not match its hash; the store file is damaged',
    );
  });
});

describe('a snapshot of an older version', () => {
  async function loaded(options: TaskOptions) {
    const story = new Story();
    story.tell(command('task.create'), day);
    story.tell(command('task.poke', { by: 3 }), day);
    await store.journal.append(story.journal);
    await store.snapshots.put((await freezer(story).freeze(story.resident.group, 0)).snapshot);
    const registry = createRegistry([taskActor(options)]);
    const resident = await loadGroup(
      { store, registry, freezer: createFreezer(registry, store.blobs) },
      { partition: 0, id: 'g' },
    );
    return {
      resident,
      count: (resident.group.actors.get('task/main')?.context as { count?: number } | undefined)
        ?.count,
    };
  }

  it('parks its group when the actor cannot migrate it', async () => {
    const { resident } = await loaded({ version: 2 });
    expect(resident.parked).toBe(
      'its snapshot at seq 2 cannot be read: it holds "task" of version 1 and this program has version 2; ' +
        'give the actor a `migrate`, or finish it with the older program',
    );
  });

  it('is migrated when it can', async () => {
    const migrate = (persisted: unknown, from: number): unknown => {
      const old = persisted as { context: { count: number } };
      return { ...old, context: { ...old.context, count: old.context.count * 10 + from } };
    };
    const { resident, count } = await loaded({ version: 2, migrate });
    expect(resident.parked).toBeUndefined();
    expect(count).toBe(31);
  });
});

describe('a group that is loaded', () => {
  async function stored(story: Story): Promise<void> {
    await store.journal.append(story.journal);
  }

  function load(options: TaskOptions, how = {}) {
    const registry = createRegistry([taskActor(options)]);
    return loadGroup(
      { store, registry, freezer: createFreezer(registry, store.blobs) },
      { partition: 0, id: 'g' },
      how,
    );
  }

  function worked(): Story {
    const story = new Story();
    story.tell(command('task.create'));
    story.tell(command('task.work'));
    story.tell(answered(1));
    story.tell(command('task.poke', { by: 1 }));
    return story;
  }

  it('is what it was, from its journal alone or at any entry of it', async () => {
    const story = worked();
    await stored(story);
    const resident = await load({});
    expect(resident.group.obligations).toEqual(story.resident.group.obligations);
    expect(resident).toMatchObject({ offset: 4, group: { seq: 4, createdAt: day } });
    const before = await load({}, { untilSeq: 2 });
    expect(before.group.actors.get('task/main')?.value).toBe('working');
  });

  it('under a changed machine is broken, and says at which entry', async () => {
    await stored(worked());
    const resident = await load({ after: 'idle' });
    expect(resident.isBroken).toBe(true);
    expect(resident.parked).toMatch(
      /^entry 3 \(attempt.succeeded\) replays differently: it was .*napping.* and is now .*idle/,
    );
    expect(resident.group.seq).toBe(4);
  });

  it('under a machine that throws now is broken, and says what it threw', async () => {
    const story = new Story();
    story.tell(command('task.create'));
    story.tell(command('task.work'));
    story.tell(answered(1, { result: 'bad' }));
    await stored(story);
    const resident = await load({ throwsAt: 'bad' });
    expect(resident.parked).toBe(
      'entry 3 (attempt.succeeded) replays differently: it was accepted and is now parked, attempt.succeeded for task/main threw: cannot take it',
    );
  });

  it('whose entry names a blob that is lost is broken, and says which', async () => {
    const story = worked();
    const [first, ...rest] = story.journal;
    const { body: _, ...create } =
      first ??
      (() => {
        throw new Error('no entry');
      })();
    await store.journal.append([{ ...create, blob: 'abc' }, ...rest]);
    expect((await load({})).parked).toMatch(
      /^the body of entry 1 \(task.create\) cannot be read: Blob abc is missing/,
    );
  });
});
