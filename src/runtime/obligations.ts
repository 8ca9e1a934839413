/**
 * What a group owes and is owed (architecture, section 4): attempts, timers, commands seen.
 * Pure: `owe` adds, `settle` answers, `owedNow` lists all that must be sent.
 */
import type { Address } from '../protocol/envelope.ts';
import type { ActorEvent, AttemptRequest } from './actor.ts';

/** An attempt that workers have not answered. */
export type AttemptRow = {
  actor: Address;
  key: string;
  job: AttemptRequest;
  /** It is to be stopped: owes the cancel until it is answered. */
  cancelled?: true;
};

/** A timer that is held; (seq, n) is its id, given when it was set. */
export type HeldTimer = {
  actor: Address;
  key: string;
  event: ActorEvent;
  due: number;
  seq: number;
  n: number;
};

/** A command that was carried out, and what was answered. */
export type SeenCommand = { id: string; reply?: string };

export type Obligations = {
  readonly attempts: ReadonlyMap<string, AttemptRow>;
  readonly timers: ReadonlyMap<string, HeldTimer>;
  readonly commands: readonly SeenCommand[];
};

export const noObligations: Obligations = {
  attempts: new Map(),
  timers: new Map(),
  commands: [],
};

/** One thing to be sent; release knows how, recovery lists them all. */
export type Owed =
  | { kind: 'start'; row: AttemptRow }
  | { kind: 'cancel'; row: AttemptRow }
  | { kind: 'timer'; timer: HeldTimer };

/** A change of the tables; made from an actor's outgoing data. */
export type Change =
  | { kind: 'start'; row: AttemptRow }
  | { kind: 'cancel'; actor: Address; key: string }
  | { kind: 'forget'; actor: Address; key: string }
  | { kind: 'timer'; timer: HeldTimer }
  | { kind: 'clear'; actor: Address; key: string };

/** How many commands a group remembers, to answer a repeated one alike. */
const rememberedCommands = 256;

/** Key of an actor's attempt or timer in the group's tables. */
export function rowKey(actor: Address, key: string): string {
  return `${actor} ${key}`;
}

/** The tables after a change, and what is to be sent because of it. */
export function owe(held: Obligations, change: Change): [Obligations, Owed | undefined] {
  switch (change.kind) {
    case 'start': {
      const { actor, key } = change.row;
      return [
        { ...held, attempts: withRow(held.attempts, rowKey(actor, key), change.row) },
        change,
      ];
    }
    case 'cancel':
      return cancel(held, rowKey(change.actor, change.key));
    case 'forget':
      return [
        { ...held, attempts: without(held.attempts, rowKey(change.actor, change.key)) },
        undefined,
      ];
    case 'timer': {
      const { actor, key } = change.timer;
      return [{ ...held, timers: withRow(held.timers, rowKey(actor, key), change.timer) }, change];
    }
    case 'clear':
      return [
        { ...held, timers: without(held.timers, rowKey(change.actor, change.key)) },
        undefined,
      ];
  }
}

function cancel(held: Obligations, key: string): [Obligations, Owed | undefined] {
  const row = held.attempts.get(key);
  if (row === undefined) return [held, undefined];
  const cancelled: AttemptRow = { ...row, cancelled: true };
  return [
    { ...held, attempts: withRow(held.attempts, key, cancelled) },
    { kind: 'cancel', row: cancelled },
  ];
}

/** The tables once an attempt is answered; `duplicate` when that attempt is not awaited. */
export function settleAttempt(
  held: Obligations,
  answer: { actor: Address; key: string; attempt: number },
): { held: Obligations; jobType: string } | 'duplicate' {
  const key = rowKey(answer.actor, answer.key);
  const row = held.attempts.get(key);
  if (row?.job.attempt !== answer.attempt) return 'duplicate';
  return { held: { ...held, attempts: without(held.attempts, key) }, jobType: row.job.type };
}

/** The timer with this id, and the tables without it; `duplicate` when it is not held. */
export function settleTimer(
  held: Obligations,
  id: { seq: number; n: number },
): { timer: HeldTimer; held: Obligations } | 'duplicate' {
  for (const [key, timer] of held.timers) {
    if (timer.seq === id.seq && timer.n === id.n) {
      return { timer, held: { ...held, timers: without(held.timers, key) } };
    }
  }
  return 'duplicate';
}

/** The tables with a command remembered; the oldest is forgotten. */
export function rememberCommand(held: Obligations, command: SeenCommand): Obligations {
  return { ...held, commands: [...held.commands.slice(1 - rememberedCommands), command] };
}

/** The remembered command of this id. */
export function seenCommand(held: Obligations, id: string): SeenCommand | undefined {
  return held.commands.find((command) => command.id === id);
}

/** The tables without what an ended actor still held. */
export function dropActor(held: Obligations, actor: Address): Obligations {
  const ofOthers = <Row extends { actor: Address }>(rows: ReadonlyMap<string, Row>) =>
    [...rows.values()].some((row) => row.actor === actor)
      ? new Map([...rows].filter(([, row]) => row.actor !== actor))
      : rows;
  return { ...held, attempts: ofOthers(held.attempts), timers: ofOthers(held.timers) };
}

/** All that must be sent so that nothing owed is lost: recovery's whole work. */
export function owedNow(held: Obligations): Owed[] {
  return [
    ...[...held.attempts.values()].map((row): Owed => ({ kind: 'start', row })),
    ...[...held.attempts.values()]
      .filter((row) => row.cancelled)
      .map((row): Owed => ({ kind: 'cancel', row })),
    ...[...held.timers.values()].map((timer): Owed => ({ kind: 'timer', timer })),
  ];
}

/** Nothing is owed and nothing awaited: the group needs no memory. */
export function owesNothing(held: Obligations): boolean {
  return held.attempts.size === 0 && held.timers.size === 0;
}

function withRow<Row>(
  rows: ReadonlyMap<string, Row>,
  key: string,
  row: Row,
): ReadonlyMap<string, Row> {
  return new Map(rows).set(key, row);
}

function without<Row>(rows: ReadonlyMap<string, Row>, key: string): ReadonlyMap<string, Row> {
  if (!rows.has(key)) return rows;
  const rest = new Map(rows);
  rest.delete(key);
  return rest;
}
