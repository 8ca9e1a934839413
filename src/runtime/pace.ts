/**
 * How much all partitions of a host together take in one turn of the event loop. Each takes batches of its
 * own; sixteen full ones in a row would hold up everything else for a second. While the broker takes nothing,
 * nothing is taken at all.
 */

/** Messages a turn of the loop; while partitions are being taken over, so that these come first. */
const messagesATurn = { usual: 200, recovering: 20 };

export class Pace {
  /** Partitions are being taken over. */
  isRecovering = false;
  #left = messagesATurn.usual;
  #refill: Promise<void> | undefined;
  #isHeld = false;
  #onGo: (() => void)[] = [];
  /** By partition, why its batch cannot be committed just now. */
  readonly #failing = new Map<number, string>();

  /** Undefined when a batch may be taken now; else resolves when it may. */
  take(messages: number): Promise<void> | undefined {
    if (this.#isHeld) return this.#going().then(() => this.take(messages));
    const refill = this.#nextTurn();
    if (this.#left <= 0) return refill.then(() => this.take(messages));
    this.#left -= messages;
    return undefined;
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

  /** What a large batch took too much is missing in the turns after it. */
  #nextTurn(): Promise<void> {
    this.#refill ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#refill = undefined;
        const most = this.isRecovering ? messagesATurn.recovering : messagesATurn.usual;
        this.#left = Math.min(most, this.#left + most);
        if (this.#left < most) void this.#nextTurn();
        resolve();
      });
    });
    return this.#refill;
  }
}
