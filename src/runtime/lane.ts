/** Runs tasks strictly one after another, with at most one waiting: the release stage of a partition. */

export class Lane {
  #tail: Promise<void> = Promise.resolve();
  #waiting: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  /** Resolves when the task is next in line; rejects with what an earlier task threw. */
  async push(task: () => Promise<void>): Promise<void> {
    await this.#waiting;
    this.#raise();
    const before = this.#tail;
    this.#waiting = before;
    this.#tail = before.then(async () => {
      if (this.#failure !== undefined) return;
      try {
        await task();
      } catch (error) {
        this.#failure = { error };
      }
    });
  }

  /** Resolves when every task has ended; rejects with what one threw. */
  async drain(): Promise<void> {
    await this.#tail;
    this.#raise();
  }

  #raise(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
