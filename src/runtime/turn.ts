/**
 * One turn of a group: what one message does to it until it is quiet. Pure, so that recovery and replay
 * are the same code.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { checkId } from '../protocol/envelope.ts';
import type { Address } from '../protocol/envelope.ts';
import type { ActorDefinition, ActorEvent, Outgoing } from './actor.ts';
import type { Group, Notice, Turned } from './group.ts';
import { isReserved } from './incoming.ts';
import { dropActor, isStillOwed, keepPromise, owe } from './obligations.ts';
import type { Change, Obligations, Owed } from './obligations.ts';
import { addressInside, outboxForget, toBeTold } from './outbox.ts';
import { idOf, kindOf } from './registry.ts';
import type { Registry } from './registry.ts';
import { dueAt } from './when.ts';
import type { Effect, Stepped, TimerChange } from './step.ts';
import type { Table } from './table.ts';
import { TransitionLog } from './transitions.ts';

/** Events that one turn may deliver before it counts as never getting quiet. */
const maxEventsATurn = 100_000;

/**
 * Delivers an event and all that follows from it inside the group. Throws what a machine throws.
 * `from`: the actor of another group that sent it.
 */
export function turn(
  registry: Registry,
  before: Group,
  message: { to: Address; event: ActorEvent; at: number; from?: Address },
): Turned {
  const running = new Turn(registry, before, message.at);
  running.deliver(message);
  return running.result();
}

/** A turn that steps no actor, and may send a message to another group. */
export function turnWithoutStep(
  registry: Registry,
  before: Group,
  at: number,
  message?: { from: Address; to: Address; event: ActorEvent },
): Turned {
  const running = new Turn(registry, before, at);
  if (message !== undefined) running.post(message.from, message.to, message.event);
  return running.result();
}

/** An event on its way inside the group, and the actor that sent it. */
type Queued = { to: Address; event: ActorEvent; from?: Address };

class Turn {
  readonly #registry: Registry;
  readonly #before: Group;
  readonly #at: number;
  readonly #queue: Queued[] = [];
  #actors: Table<AnyMachineSnapshot>;
  readonly #log = new TransitionLog();
  readonly #owed: Owed[] = [];
  readonly #notices: Notice[] = [];
  #obligations: Obligations;
  #root: Address;
  #asked = 0;
  #isIgnored = true;

  constructor(registry: Registry, before: Group, at: number) {
    this.#registry = registry;
    this.#before = before;
    this.#at = at;
    this.#actors = before.actors;
    this.#obligations = before.obligations;
    this.#root = before.root;
  }

  deliver(first: Queued): void {
    this.#queue.push(first);
    for (let n = 0; n < this.#queue.length; n += 1) {
      if (n > maxEventsATurn)
        throw new Error(`never gets quiet: more than ${maxEventsATurn} events in one turn`);
      const next = this.#queue[n];
      if (next !== undefined) this.#step(next.to, this.#given(next, n));
    }
  }

  /** The event with what the host gives to each: an id, the same on every replay, when, and from whom. */
  #given({ event, from }: Queued, n: number): ActorEvent {
    const given = { id: `${this.#before.seq + 1}-${n}`, at: this.#at };
    return Object.assign({}, event, given, from !== undefined && { from });
  }

  #step(to: Address, event: ActorEvent): void {
    const { stepper, definition } = this.#registry.kind(kindOf(to));
    const snapshot = this.#actors.get(to) ?? this.#create(to, event);
    if (snapshot === undefined) return;
    const stepped = stepper.step(snapshot, event);
    this.#settle(to, snapshot, stepped);
    this.#carryOut(to, definition, stepped.effects);
  }

  #carryOut(actor: Address, definition: ActorDefinition, effects: readonly Effect[]): void {
    for (const effect of effects) {
      const outgoing = definition.effects[effect.type]?.(effect, { id: idOf(actor) });
      if (outgoing === undefined)
        throw new Error(`actor "${actor}" emits "${effect.type}", which has no entry in effects`);
      this.#send(actor, outgoing);
    }
  }

  /** An event inside the group for an actor that has ended is late: it changes nothing. */
  #create(to: Address, event: ActorEvent): AnyMachineSnapshot | undefined {
    const { stepper, definition } = this.#registry.kind(kindOf(to));
    if (!definition.startedBy.includes(event.type)) return undefined;
    if (this.#root === '') this.#root = to;
    const stepped = stepper.start(event);
    this.#actors = this.#actors.with(to, stepped.snapshot);
    this.#isIgnored = false;
    for (const timer of stepped.timers) this.#setTimer(to, timer);
    this.#carryOut(to, definition, stepped.effects);
    return stepped.snapshot;
  }

  #settle(to: Address, before: AnyMachineSnapshot, stepped: Stepped): void {
    const { snapshot } = stepped;
    if (snapshot !== before || stepped.effects.length > 0 || stepped.timers.length > 0)
      this.#isIgnored = false;
    this.#log.add(to, before.value, snapshot.value);
    const hasEnded = snapshot.status === 'done' && to !== this.#root;
    if (hasEnded) this.#actors = this.#actors.without(to);
    else if (snapshot !== before) this.#actors = this.#actors.with(to, snapshot);
    for (const timer of stepped.timers) this.#setTimer(to, timer);
    if (hasEnded) this.#obligations = dropActor(this.#obligations, to);
  }

  #setTimer(actor: Address, change: TimerChange): void {
    if (change.kind === 'clear') this.#owe({ kind: 'clear', actor, key: change.key });
    else this.#holdTimer(actor, change.key, change.event, this.#at + change.afterMs);
  }

  #holdTimer(actor: Address, key: string, event: ActorEvent, due: number): void {
    this.#owe({ kind: 'timer', timer: { actor, key, event, due, ...this.#nextId() } });
  }

  /** Names what this turn asks for: (seq, n), the same on every replay. */
  #nextId(): { seq: number; n: number } {
    this.#asked += 1;
    return { seq: this.#before.seq + 1, n: this.#asked };
  }

  #owe(change: Change): void {
    if ('key' in change) checkId(change.key);
    if (change.kind === 'start') checkId(change.row.key);
    const [obligations, owed] = owe(this.#obligations, change);
    this.#obligations = obligations;
    if (owed !== undefined) this.#owed.push(owed);
  }

  #send(actor: Address, outgoing: Outgoing): void {
    switch (outgoing.kind) {
      case 'actor':
        this.#tell(actor, outgoing.to, outgoing.event);
        return;
      case 'job':
        this.#owe({ kind: 'start', row: { actor, key: outgoing.key, job: outgoing.job } });
        return;
      case 'cancel':
      case 'forget':
      case 'clear':
        this.#owe({ kind: outgoing.kind, actor, key: outgoing.key });
        return;
      case 'timer':
        this.#holdTimer(actor, outgoing.key, outgoing.event, dueAt(outgoing.when, this.#at));
        return;
      case 'rows':
        this.#log.addRows(outgoing);
        return;
      case 'replyTo':
        this.#keepPromise(outgoing.address ?? '', outgoing.data);
        return;
      case 'reply':
      case 'exchange':
        this.#notices.push(outgoing);
        return;
      case 'nothing':
    }
  }

  #tell(from: Address, to: Address, event: ActorEvent): void {
    const inside = addressInside(this.#before.id, to);
    if (inside !== undefined) this.#queue.push({ to: inside, event, from });
    else if (isReserved(event.type))
      throw new Error(`"${event.type}" is the host's own: name the event otherwise`);
    else this.post(from, to, event);
  }

  /** Owes a message to another group. */
  post(from: Address, to: Address, { type, ...body }: ActorEvent): void {
    to.split('/').forEach(checkId);
    const row = { to, from, type, body: JSON.stringify(body), ...this.#nextId() };
    this.#owe({ kind: 'message', row });
  }

  /** Answers once; where nobody waits any more, nothing. */
  #keepPromise(address: string, data: unknown): void {
    const kept = keepPromise(this.#obligations, address, JSON.stringify(data));
    if (kept === undefined) return;
    this.#obligations = kept.held;
    this.#notices.push({ kind: 'reply', data, to: kept.promise });
  }

  /** What an actor that has ended had promised cannot come any more. */
  #breakPromises(): void {
    for (const [address, { actor }] of this.#obligations.replies.sorted()) {
      if (this.#actors.get(actor)?.status === 'active') continue;
      const message = `actor "${actor}" has ended without an answer`;
      this.#keepPromise(address, { ok: false, code: 'state', message });
    }
  }

  /** A group whose root has ended, or never began, says so to those that remember it. */
  #takeLeave(): void {
    if (this.#actors.get(this.#root)?.status === 'active') return;
    for (const receiver of toBeTold(this.#obligations.outbox))
      this.post(this.#root, `${receiver}/outbox`, { type: outboxForget });
  }

  result(): Turned {
    if (this.#obligations.replies.size > 0) this.#breakPromises();
    if (this.#obligations.outbox.size > 0) this.#takeLeave();
    const { id, seq, root, createdAt, values } = this.#before;
    const group: Group = {
      id,
      seq: seq + 1,
      createdAt: root === '' ? this.#at : createdAt,
      at: this.#at,
      root: this.#root,
      actors: this.#actors,
      obligations: this.#obligations,
      values,
    };
    const owed = this.#owed.filter((item) => isStillOwed(this.#obligations, item));
    return {
      group,
      transitions: this.#log.transitions(),
      owed,
      notices: this.#notices,
      isIgnored: this.#isIgnored,
    };
  }
}
