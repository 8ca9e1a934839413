/**
 * How much all partitions of a host together take in one turn of the event loop. Each takes batches of its
 * own; sixteen full ones in a row would hold up everything else for a second. While the broker takes nothing,
 * nothing is taken at all.
 */

/** Work a turn of the loop, a message without more to it being one; while partitions are being taken over, so that these come first. */
const workATurn = { usual: 250, recovering: 20 };

export class Pace {
  /** Partitions are being taken over. */
  isRecovering = false;
  #left = workATurn.usual;
  #refill: Promise<void> | undefined;
  #isHeld = false;
  #onGo: (() => void)[] = [];
  /** By partition, why its batch cannot be committed just now. */
  readonly #failing = new Map<number, string>();

  /** Undefined when messages may be taken now; else resolves when they may. */
  begin(): Promise<void> | undefined {
    if (this.#isHeld) return this.#going().then(() => this.begin());
    const refill = this.#nextTurn();
    return this.#left <= 0 ? refill.then(() => this.begin()) : undefined;
  }

  /** Notes what was done since; false when that is enough for this turn of the loop. */
  goOn(work: number): boolean {
    this.#left -= work;
    return this.#left > 0;
  }

  /** So many messages can be taken at most before that is enough; one always can. */
  get mostNow(): number {
    return Math.max(1, this.#left);
  }

  /** No batch is taken until `go`. */
  hold(): void {
    this.#isHeld = true;
  }

  go(): void {
    this.#isHeld = false;
    for (const go of this.#onGo.splice(0)) go();
  }

  /** A partition's batch cannot be committed just now; it takes nothing until it is. */
  fails(partition: number, why: string): void {
    this.#failing.set(partition, why);
  }

  works(partition: number): void {
    this.#failing.delete(partition);
  }

  /** Why some partition takes nothing just now. */
  get failure(): string | undefined {
    const [first] = this.#failing.values();
    return first;
  }

  #going(): Promise<void> {
    return new Promise((resolve) => this.#onGo.push(resolve));
  }

  /** What a large message took too much is missing in the turns after it. */
  #nextTurn(): Promise<void> {
    this.#refill ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#refill = undefined;
        const most = this.isRecovering ? workATurn.recovering : workATurn.usual;
        this.#left = Math.min(most, this.#left + most);
        if (this.#left < most) void this.#nextTurn();
        resolve();
      });
    });
    return this.#refill;
  }
}
