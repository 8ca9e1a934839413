/** A partition that changes hands: one owner after the other, both at once, one behind the other's back. */
import { beforeEach, describe, expect, it } from 'vitest';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import type { Entry } from '../../src/ports/journal.ts';
import { FencedError } from '../../src/protocol/errors.ts';
import { baseTopology } from '../../src/protocol/topology.ts';
import { append } from '../../src/runtime/commit.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { own } from '../../src/runtime/ownership.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { collect, createRuntime, openRig, openStore } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const actors = [taskActor()];
let folder: string;

beforeEach(() => {
  folder = tempFolder();
});

const untroubled = {
  lost: new AbortController().signal,
  reconcile: () => undefined,
  inTurn: <T>(task: () => Promise<T>): Promise<T> => task(),
};

describe('a partition with two owners', () => {
  async function two() {
    const store = openStore(folder);
    const broker = openSmqpBroker();
    await broker.declare(baseTopology(1));
    const clock = new FakeClock();
    const runtime = () => createRuntime(actors, { store, broker, clock });
    const channel = {
      ack: () => undefined,
      ackUpTo: () => undefined,
      close: () => Promise.resolve(),
    };
    const owned = (mine = runtime()) =>
      own(mine, 0, { channel, mailbox: new Mailbox(), ...untroubled });
    return { store, broker, clock, runtime, owned };
  }

  it('belongs to the later one; what the former appends is fenced, and the journal stays right (I5)', async () => {
    const { store, runtime, owned } = await two();
    const former = await owned();
    const later = await owned();
    expect(later.head).toBe(former.head + 1);
    const entry = (token: string, offset: number): Entry => ({
      ...{ partition: 0, offset, token, group: 'g', seq: 1, at: 1 },
      ...{ type: 'task.create', to: 'task/main', body: '{}', transitions: [] },
    });
    await expect(append(runtime(), [entry(former.token, former.head + 1)])).rejects.toThrow(
      FencedError,
    );
    await append(runtime(), [entry(later.token, later.head + 1)]);
    const entries = await collect(store.journal.read(0, 0));
    expect(entries.map(({ token }) => token)).toEqual([former.token, later.token, later.token]);
    former.timers.stop();
    later.timers.stop();
  });

  it('claimed by both at once has one claim after the other, and one of them knows', async () => {
    const { store, owned } = await two();
    const outcomes = await Promise.allSettled([owned(), owned()]);
    const claims = await collect(store.journal.read(0, 0));
    expect(claims.map(({ offset }) => offset)).toEqual([1, 2]);
    const won = outcomes.flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    );
    expect(won.map(({ token }) => token)).toContain(claims[1]?.token);
    for (const { timers } of won) timers.stop();
  });

  it('is let go by a host that was fenced, which consumes anew and goes on right', async () => {
    const rig = await openRig({ actors, folder });
    await rig.tell('g', 'task.create');
    const channel = {
      ack: () => undefined,
      ackUpTo: () => undefined,
      close: () => Promise.resolve(),
    };
    const thief = createRuntime(actors, {
      store: rig.runtime.store,
      broker: rig.broker,
      clock: rig.clock,
    });
    const stolen = await own(thief, 0, { channel, mailbox: new Mailbox(), ...untroubled });
    const poked = rig.tell('g', 'task.poke', { by: 1 });
    await eventually(() => expect(rig.log.join('')).toContain('partition lost; consuming anew'));
    await eventually(async () => {
      rig.clock.advance(10_000);
      expect((await rig.entries('g')).map(({ type }) => type)).toEqual([
        'task.create',
        'task.poke',
      ]);
    });
    expect(await poked).toMatchObject({ count: 1 });
    stolen.timers.stop();
    await rig.stop();
    const store = openStore(folder);
    const entries = await collect(store.journal.read(0, 0));
    expect(entries.map(({ offset }) => offset)).toEqual(entries.map((_, n) => n + 1));
    await store.close();
  });

  it('that a newer program has owned is refused', async () => {
    const first = await openRig({ actors: [taskActor({ version: 2 })], folder });
    await first.stop();
    await expect(openRig({ actors, folder })).rejects.toThrow(
      'was owned by a program with "task" of version 2; this one has 1: upgrade it',
    );
  });
});
