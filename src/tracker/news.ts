/**
 * What a host's thread tells its tracker's: in which partitions something was committed. The tracker is woken
 * only while it sleeps; a host that commits all the time does no more than count.
 */

const [awake, asleep] = [0, 1];

export class News {
  /** For the other thread's: first whether the tracker sleeps, then how often each partition had news. */
  readonly shared: Int32Array;
  readonly #seen: Int32Array;

  constructor(shared: Int32Array) {
    this.shared = shared;
    this.#seen = shared.slice();
  }

  /** None yet. */
  static of(partitions: number): News {
    const bytes = Int32Array.BYTES_PER_ELEMENT * (1 + partitions);
    return new News(new Int32Array(new SharedArrayBuffer(bytes)));
  }

  /** Something was committed in a partition. */
  committed(partition: number): void {
    Atomics.add(this.shared, 1 + partition, 1);
    if (Atomics.load(this.shared, 0) === awake) return;
    Atomics.store(this.shared, 0, awake);
    Atomics.notify(this.shared, 0);
  }

  /** Resolves with the partitions that have had news since it last did, as soon as there are any. */
  async next(): Promise<number[]> {
    const { waitAsync } = withWaitAsync(Atomics);
    for (;;) {
      // Before the look: what is committed after it wakes.
      Atomics.store(this.shared, 0, asleep);
      const partitions = this.#look();
      if (partitions.length > 0) {
        Atomics.store(this.shared, 0, awake);
        return partitions;
      }
      await waitAsync(this.shared, 0, asleep).value;
    }
  }

  #look(): number[] {
    const partitions: number[] = [];
    for (let partition = 0; partition < this.shared.length - 1; partition += 1) {
      const count = Atomics.load(this.shared, 1 + partition);
      if (count !== this.#seen[1 + partition]) partitions.push(partition);
      this.#seen[1 + partition] = count;
    }
    return partitions;
  }
}

/** A cast: Node 20 has it, the ES2023 library does not name it yet. */
function withWaitAsync(atomics: unknown): {
  waitAsync(array: Int32Array, index: number, value: number): { value: Promise<string> | string };
} {
  return atomics as ReturnType<typeof withWaitAsync>;
}
