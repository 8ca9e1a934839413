/** Makes names unique: the second of a name is `name#2`. Those of jobs are made here, and of sequences. */
import { maxIdBytes } from '../protocol/envelope.ts';

export class Names {
  readonly #given = new Map<string, number>();

  /** Throws an Error where the name is too long for an id. */
  unique(name: string): string {
    const count = (this.#given.get(name) ?? 0) + 1;
    this.#given.set(name, count);
    if (count > 1) return this.unique(`${name}#${count}`);
    if (Buffer.byteLength(name) <= maxIdBytes) return name;
    throw new Error(
      `the job name "${name.slice(0, 50)}…" is over ${maxIdBytes} bytes; shorten the names of its node and its sequence`,
    );
  }
}
