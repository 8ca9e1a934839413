/**
 * Messages between groups over a network that drops, duplicates and reorders, with owners that are killed at
 * any moment and come back from the journal: every message has one effect, in the order of its pair.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../src/ports/journal.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import { decode, incomingOf } from '../../src/runtime/incoming.ts';
import type { Incoming } from '../../src/runtime/incoming.ts';
import { emptyResident } from '../../src/runtime/load.ts';
import { letterFor, letterOf } from '../../src/runtime/mail.ts';
import type { Letter } from '../../src/runtime/mail.ts';
import { owedNow, owesNothing } from '../../src/runtime/obligations.ts';
import type { Owed } from '../../src/runtime/obligations.ts';
import { judge, keep } from '../../src/runtime/parking.ts';
import type { Judged, Resident } from '../../src/runtime/parking.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import { peerActor, peerIn } from '../kit/peerActor.ts';
import type { Peer } from '../kit/peerActor.ts';

const registry = createRegistry([peerActor]);
const ids = ['a', 'b', 'c'];
/** Nobody starts it. */
const absent = 'nobody';

type Hosted = { resident: Resident; journal: Entry[] };

class World {
  readonly groups = new Map<string, Hosted>();
  /** On their way; a letter that is delivered twice stays. */
  net: Letter[] = [];
  /** Numbers of the notes that were sent, by `from>to`. */
  readonly sent = new Map<string, number[]>();
  /** How many that can never be taken each group sent. */
  readonly odd = new Map<string, number>();
  #commands = 0;

  hosted(id: string): Hosted {
    const known = this.groups.get(id) ?? { resident: emptyResident(id), journal: [] };
    this.groups.set(id, known);
    return known;
  }

  context(id: string): Peer {
    return peerIn(this.hosted(id).resident.group);
  }

  isOver(id: string): boolean {
    return this.hosted(id).resident.group.actors.get('peer/main')?.status === 'done';
  }

  command(group: string, type: string, body: object = {}): void {
    this.#commands += 1;
    const meta = { messageId: `c${this.#commands}` };
    this.take({ type, group, to: 'peer/main', meta, body: JSON.stringify(body) }, false);
  }

  send(from: string, to: string, isOdd: boolean): void {
    const before = this.context(from).sent;
    this.command(from, 'peer.send', { to, isOdd });
    const { sent } = this.context(from);
    const pair = `${from}>${to}`;
    if (sent === before) return;
    if (isOdd || to === absent) this.odd.set(from, (this.odd.get(from) ?? 0) + 1);
    else this.sent.set(pair, [...(this.sent.get(pair) ?? []), sent]);
  }

  /** Judges, journals, sends; an owner that is killed between the two has sent nothing. */
  take(message: Incoming, isKilled: boolean): void {
    const hosted = this.hosted(message.group);
    const { resident, journal } = hosted;
    const at = journal.length;
    const judged = judge(registry, resident, message, at);
    if (judged.verdict === 'accepted' || judged.verdict === 'parked') {
      const refused = judged.verdict === 'accepted' ? judged.refused : undefined;
      const entry: Entry = {
        ...{ partition: 0, offset: at + 1, token: 't', group: message.group, at },
        seq: resident.group.seq + 1,
        type: message.type,
        to: message.to,
        meta: { ...message.meta, ...(refused !== undefined && { refused }) },
        ...(message.body !== undefined && { body: message.body }),
        transitions: judged.verdict === 'accepted' ? judged.turned.transitions : [],
        ...(judged.verdict === 'parked' && { parked: judged.reason }),
      };
      journal.push(entry);
      const next =
        judged.verdict === 'parked' ? keep(judged.next, entry, message.body) : judged.next;
      hosted.resident = { ...next, offset: entry.offset };
    }
    if (isKilled) this.restart(message.group);
    else this.#release(message.group, judged);
  }

  #release(id: string, judged: Judged): void {
    const [owed, notices] =
      judged.verdict === 'accepted'
        ? [judged.turned.owed, judged.turned.notices]
        : ['owed' in judged ? judged.owed : [], 'notices' in judged ? judged.notices : []];
    this.post(id, owed);
    for (const notice of notices) {
      if (notice.kind === 'tell') this.net.push(letterFor(id, notice));
    }
  }

  post(id: string, owed: readonly Owed[]): void {
    for (const item of owed) if (item.kind === 'message') this.net.push(letterOf(id, item));
  }

  /** Memory is gone; the journal is stepped again, and what is owed is sent. */
  restart(id: string): void {
    const hosted = this.hosted(id);
    let resident = emptyResident(id);
    for (const entry of hosted.journal) {
      const judged =
        entry.parked === undefined
          ? judge(registry, resident, incomingOf(entry), entry.at).next
          : keep(resident, entry, entry.body);
      resident = { ...judged, offset: entry.offset };
    }
    expect(resident).toEqual(hosted.resident);
    hosted.resident = resident;
    this.resend(id);
  }

  resend(id: string): void {
    const { resident } = this.hosted(id);
    if (resident.parked === undefined) this.post(id, owedNow(resident.group.obligations));
  }

  deliver(index: number, { isTwice = false, isKilled = false } = {}): void {
    const letter = this.net[index % this.net.length];
    if (letter === undefined) return;
    if (!isTwice) this.net.splice(this.net.indexOf(letter), 1);
    const { messageId, type, headers, body } = letter;
    const properties = { messageId, type, timestamp: 0, headers };
    const delivery = { exchange: exchanges.partitions, routingKey: '', properties, body };
    this.take(decode({ ...delivery, redelivered: false, tag: 1 }), isKilled);
  }

  /** From now on nothing is lost: everything arrives. */
  settle(): void {
    for (let round = 0; round < 100; round += 1) {
      for (const id of this.groups.keys()) this.resend(id);
      if (this.net.length === 0) return;
      while (this.net.length > 0) this.deliver(0);
    }
    throw new Error('never settles');
  }
}

type Step =
  | { do: 'send'; from: number; to: number; isOdd: boolean }
  | { do: 'deliver'; index: number; isTwice: boolean; isKilled: boolean }
  | { do: 'drop'; index: number }
  | { do: 'restart'; group: number }
  | { do: 'resend'; group: number }
  | { do: 'end'; group: number };

const group = fc.nat({ max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      from: group,
      to: fc.nat({ max: 3 }),
      isOdd: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      index: fc.nat({ max: 50 }),
      isTwice: fc.boolean(),
      isKilled: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('drop' as const), index: fc.nat({ max: 50 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), group }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resend' as const), group }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), group }) },
);

function play(world: World, step: Step): void {
  const id = (number: number): string => ids[number] ?? absent;
  switch (step.do) {
    case 'send':
      if (step.from !== step.to) world.send(id(step.from), id(step.to), step.isOdd);
      return;
    case 'deliver':
      if (world.net.length > 0) world.deliver(step.index, step);
      return;
    case 'drop':
      world.net.splice(step.index % Math.max(1, world.net.length), 1);
      return;
    case 'restart':
      world.restart(id(step.group));
      return;
    case 'resend':
      world.resend(id(step.group));
      return;
    case 'end':
      world.command(id(step.group), 'peer.end');
  }
}

test('every message between groups has one effect, in order, whatever is lost, doubled, late or killed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const world = new World();
      for (const id of ids) world.command(id, 'peer.start');
      for (const each of steps) play(world, each);
      world.settle();
      for (const id of ids) {
        const { got, back } = world.context(id);
        const isOver = world.isOver(id);
        if (!isOver && !ids.some((other) => world.isOver(other)))
          expect(back).toHaveLength(world.odd.get(id) ?? 0);
        for (const from of ids.filter((other) => other !== id)) {
          const all = got.filter((note) => note.from === `${from}/peer/main`).map(({ n }) => n);
          const sent = world.sent.get(`${from}>${id}`) ?? [];
          // One that has ended takes messages without effect.
          expect(all).toEqual(isOver ? sent.slice(0, all.length) : sent);
        }
      }
      for (const { resident } of world.groups.values()) {
        expect(owesNothing(resident.group.obligations)).toBe(true);
      }
      for (const id of world.groups.keys()) world.restart(id);
    }),
    { numRuns: 300 },
  );
});
