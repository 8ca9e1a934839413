/**
 * The valve of new chains: a partition whose owner has many chains with attempts out lets no more begin, so
 * that answers are not stuck behind creates (architecture, section 10). Commands never pass through it.
 */
import type { Clock } from '../ports/clock.ts';
import { MillraceError } from '../protocol/errors.ts';

/** Chains with attempts out that a partition may have (architecture, section 10), and all together at the least. */
const mostBusy = { each: 2000, together: 32_000 };

/**
 * A partition that stands still for so long lets one more in all the same: its chains may wait for that very
 * one, when their jobs start chains.
 */
const stillMs = 1000;

type Waiting = { resolve(leave: () => void): void; reject(reason: Error): void };

/** What the owner in another process has said, and the chains that were let in before and since it did. */
type Reported = { busy: number; before: number; since: number };

/** One partition's. */
type Gate = {
  busy: Set<string>;
  reported?: Reported;
  entering: number;
  waiting: Set<Waiting>;
  hasMoved: boolean;
};

export class Valve {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #gates = new Map<number, Gate>();
  #takeBack: (() => void) | undefined;
  #isClosed = false;

  /** `most` chains with attempts out that a partition may have. */
  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  /** Of a deployment with so many partitions: where there are fewer, each takes more. */
  static of(partitions: number, clock: Clock): Valve {
    return new Valve(clock, Math.max(mostBusy.each, Math.ceil(mostBusy.together / partitions)));
  }

  /** Notes whether a group has attempts out; told by the partition's owner at every commit. */
  note(partition: number, group: string, isBusy: boolean): void {
    const gate = this.#gate(partition);
    if (isBusy) gate.busy.add(group);
    else if (gate.busy.delete(group)) this.#moved(gate);
  }

  /** Groups of a partition that have attempts out. */
  busy(partition: number): ReadonlySet<string> {
    return this.#gate(partition).busy;
  }

  /**
   * How many are busy, as the partition's owner says now and then. It says so late: whoever was let in since
   * the report before this one counts beside it.
   */
  report(partition: number, busy: number): void {
    const gate = this.#gate(partition);
    const { reported } = gate;
    gate.reported = { busy, before: reported?.since ?? 0, since: 0 };
    if (busy < (reported?.busy ?? 0)) gate.hasMoved = true;
    this.#letIn(gate);
  }

  /** The partition is taken over, and its groups are counted anew. */
  recount(partition: number): void {
    this.#gate(partition).busy.clear();
  }

  /** Resolves when one more chain may begin; what it resolves with is called once it has, or has not. */
  enter(partition: number): Promise<() => void> {
    const gate = this.#gate(partition);
    return new Promise((resolve, reject) => {
      gate.waiting.add({ resolve, reject });
      this.#letIn(gate);
    });
  }

  /**
   * Creates a chain once one more may begin. A chain that another one starts, and waits for, is to go past
   * this once it can say so.
   */
  async pass<T>(partition: number, create: () => Promise<T>): Promise<T> {
    const leave = await this.enter(partition);
    try {
      return await create();
    } finally {
      leave();
    }
  }

  /** Whoever waits is told that it is over. */
  close(): void {
    this.#isClosed = true;
    this.#takeBack?.();
    for (const gate of this.#gates.values()) this.#letIn(gate);
  }

  #gate(partition: number): Gate {
    const known = this.#gates.get(partition);
    if (known !== undefined) return known;
    const gate = {
      busy: new Set<string>(),
      entering: 0,
      waiting: new Set<Waiting>(),
      hasMoved: false,
    };
    this.#gates.set(partition, gate);
    return gate;
  }

  #letIn(gate: Gate): void {
    if (this.#isClosed) return refuse(gate);
    while (busyIn(gate) < this.#most && gate.waiting.size > 0) this.#next(gate);
    if (gate.waiting.size > 0) this.#watch();
  }

  #next(gate: Gate): void {
    const [first] = gate.waiting;
    if (first === undefined) return;
    gate.waiting.delete(first);
    gate.entering += 1;
    let hasLeft = false;
    first.resolve(() => {
      if (hasLeft) return;
      hasLeft = true;
      gate.entering -= 1;
      if (gate.reported !== undefined) gate.reported.since += 1;
      this.#moved(gate);
    });
  }

  #moved(gate: Gate): void {
    gate.hasMoved = true;
    if (gate.waiting.size > 0) this.#letIn(gate);
  }

  #watch(): void {
    this.#takeBack ??= this.#clock.after(stillMs, () => {
      this.#takeBack = undefined;
      for (const gate of this.#gates.values()) {
        if (!gate.hasMoved && gate.waiting.size > 0) this.#next(gate);
        gate.hasMoved = false;
        this.#letIn(gate);
      }
    });
  }
}

/** Of a partition that is ours both are known, and ours is the newer. */
function busyIn({ busy, reported, entering }: Gate): number {
  const elsewhere = reported === undefined ? 0 : reported.busy + reported.before + reported.since;
  return Math.max(busy.size, elsewhere) + entering;
}

function refuse({ waiting }: Gate): void {
  const message = 'millrace was stopped before the chain could begin; start it and ask again';
  for (const { reject } of waiting) reject(new MillraceError('state', message));
  waiting.clear();
}
