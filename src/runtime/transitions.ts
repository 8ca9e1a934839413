/**
 * Collects the transitions of a turn in short form: numbered actors that make the same move are one
 * transition with ranges (`job/0-199`). Readers expand them again.
 */
import type { Transition } from '../ports/journal.ts';
import { stateName } from './stateName.ts';

type Move = { kind: string; from: string; to: string; ids: string[] };

export class TransitionLog {
  /** Few: all jobs that do the same share one. */
  readonly #moves: Move[] = [];

  /** Notes a move of one actor; staying in a state is none. */
  add(actor: string, from: unknown, to: unknown): void {
    if (from === to) return;
    const [before, after] = [stateName(from), stateName(to)];
    if (before === after) return;
    const slash = actor.indexOf('/');
    this.#move(actor.slice(0, slash), before, after).ids.push(actor.slice(slash + 1));
  }

  /** Notes a move of rows that have no actor just now. */
  addRows(rows: { actorKind: string; from: string; to: string; numbers: readonly number[] }): void {
    const { ids } = this.#move(rows.actorKind, rows.from, rows.to);
    for (const number of rows.numbers) ids.push(String(number));
  }

  #move(kind: string, from: string, to: string): Move {
    for (const move of this.#moves) {
      if (move.kind === kind && move.from === from && move.to === to) return move;
    }
    const move: Move = { kind, from, to, ids: [] };
    this.#moves.push(move);
    return move;
  }

  /** In the order of the first move of each sort. */
  transitions(): Transition[] {
    return this.#moves.map(({ kind, from, to, ids }) => ({
      actor: `${kind}/${ranges(ids)}`,
      from,
      to,
    }));
  }
}

const isNumber = (id: string): boolean => /^(0|[1-9]\d{0,14})$/.test(id);

/** An id that would read as a list or a range: `,` and `%`, and the dash of `2026-01`, as in a URL. */
function escaped(id: string): string {
  if (isNumber(id)) return id;
  const plain = id.replaceAll('%', '%25').replaceAll(',', '%2C');
  return isRange.test(plain) ? plain.replace('-', '%2D') : plain;
}

function unescaped(part: string): string {
  if (!part.includes('%')) return part;
  return part.replaceAll('%2D', '-').replaceAll('%2C', ',').replaceAll('%25', '%');
}

const isRange = /^(\d+)-(\d+)$/;

/** `['1','2','3','9']` → `1-3,9`; ids that are no numbers are listed. */
function ranges(ids: readonly string[]): string {
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return escaped(only);
  const parts: string[] = [];
  for (let first = 0; first < ids.length;) {
    let last = first;
    while (follows(ids[last], ids[last + 1])) last += 1;
    const [from = '', to = ''] = [ids[first], ids[last]];
    parts.push(last === first ? escaped(from) : `${from}-${to}`);
    first = last + 1;
  }
  return parts.join(',');
}

function follows(id: string | undefined, next: string | undefined): boolean {
  if (id === undefined || next === undefined) return false;
  return isNumber(id) && isNumber(next) && Number(next) === Number(id) + 1;
}

/** A short form taken apart: ranges stay ranges, so that a large one costs nothing. */
export function parseActors(actor: string): {
  kind: string;
  ids: (string | readonly [first: number, last: number])[];
} {
  const slash = actor.indexOf('/');
  const kind = actor.slice(0, slash);
  const ids = actor
    .slice(slash + 1)
    .split(',')
    .map((part) => {
      const range = part.includes('-') ? isRange.exec(part) : null;
      return range === null ? unescaped(part) : ([Number(range[1]), Number(range[2])] as const);
    });
  return { kind, ids };
}

/** The addresses of a short form; only numbered kinds have ranges. */
export function expand(actor: string): string[] {
  const { kind, ids } = parseActors(actor);
  return ids.flatMap((id) => {
    if (typeof id === 'string') return [`${kind}/${id}`];
    const [first, last] = id;
    return Array.from({ length: last - first + 1 }, (_, n) => `${kind}/${first + n}`);
  });
}
