/**
 * Who owns which partition, as far as a worker has heard: the newest claim of each. A start that was sent under
 * an older one may have been sent again since.
 */

export class Claims {
  readonly #isRemote: boolean;
  readonly #newest = new Map<string, number>();
  /** How many partitions there are, once somebody has said so. */
  #partitions = Infinity;

  /** `isRemote`: there may be owners that this worker has not heard of. */
  constructor(isRemote: boolean) {
    this.#isRemote = isRemote;
  }

  /** An owner says what its claim is. */
  report({
    partition,
    claim,
    partitions,
  }: {
    partition: string;
    claim: number;
    partitions: number;
  }): void {
    this.#partitions = partitions;
    this.#note(partition, claim);
  }

  /** Whether a start with this claim may not be the last that was sent. */
  isOld(partition: string, claim: number): boolean {
    const newest = this.#newest.get(partition);
    if (newest === undefined && this.#isRemote) return true;
    if (newest === undefined || claim > newest) this.#note(partition, claim);
    return newest !== undefined && claim < newest;
  }

  /** Nothing is known any more: reports may have been missed. */
  forget(): void {
    this.#newest.clear();
  }

  /** Every partition's owner is known. */
  get isComplete(): boolean {
    return this.#newest.size >= this.#partitions;
  }

  #note(partition: string, claim: number): void {
    const newest = this.#newest.get(partition) ?? claim;
    this.#newest.set(partition, Math.max(newest, claim));
  }
}
