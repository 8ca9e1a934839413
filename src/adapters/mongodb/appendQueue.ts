/**
 * The inserts of a journal. Two are on their way at a time; what is asked for meanwhile, of whatever
 * partitions, goes out in the next as one ordered insert, so that the busier it is the less each costs.
 */
import type { EntryDocument } from './collections.ts';
import { durable } from './connection.ts';
import { faultsOf, type Fault } from './errors.ts';
import type { Part } from './journal.ts';

/** Entries of one partition, in order. */
export type Insert = { documents: EntryDocument[]; bytes: number };

type Waiting = Insert & {
  resolve(fault: Fault | undefined): void;
  reject(error: unknown): void;
};

const atOnce = 2;
/** One insert has about so many bytes. */
const insertBytes = 16 * 1024 * 1024;

export class AppendQueue {
  readonly #part: Pick<Part, 'connection' | 'collections'>;
  #waiting: Waiting[] = [];
  #running = 0;
  #isDue = false;

  constructor(part: Pick<Part, 'connection' | 'collections'>) {
    this.#part = part;
  }

  /**
   * Resolves when all are durable, or with what the first that was not inserted met: those before it are
   * durable, `index` counts within this insert. Rejects with what the whole met.
   */
  insert(insert: Insert): Promise<Fault | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...insert, resolve, reject });
      if (this.#isDue) return;
      this.#isDue = true;
      setImmediate(() => {
        this.#isDue = false;
        this.#begin();
      });
    });
  }

  #begin(): void {
    while (this.#running < atOnce && this.#waiting.length > 0) {
      this.#running += 1;
      void this.#write(this.#takeSome()).finally(() => {
        this.#running -= 1;
        this.#begin();
      });
    }
  }

  #takeSome(): Waiting[] {
    let [end, bytes] = [0, 0];
    for (; end < this.#waiting.length && bytes <= insertBytes; end += 1)
      bytes += this.#waiting[end]?.bytes ?? 0;
    return this.#waiting.splice(0, end);
  }

  /** Tells each of these its outcome. */
  async #write(inserts: readonly Waiting[]): Promise<void> {
    try {
      const fault = await this.#insert(
        inserts.flatMap(({ documents }) => documents),
        inserts,
      );
      if (fault === undefined) for (const { resolve } of inserts) resolve(undefined);
      else this.#tell(inserts, fault);
    } catch (error) {
      for (const { reject } of inserts) reject(error);
    }
  }

  #insert(documents: EntryDocument[], inserts: readonly Insert[]): Promise<Fault | undefined> {
    const { connection, collections } = this.#part;
    connection.writing(
      documents.length,
      inserts.reduce((sum, { bytes }) => sum + bytes, 0),
    );
    return connection.run(`append ${documents.length} entries`, async () => {
      try {
        await collections.journal.insertMany(documents, { ordered: true, ...durable });
        return undefined;
      } catch (error) {
        const fault = faultsOf(error)?.[0];
        if (fault === undefined) throw error;
        return fault;
      }
    });
  }

  /** Those before the fault are durable, those after it were not tried, and go first in the next. */
  #tell(inserts: readonly Waiting[], fault: Fault): void {
    let first = 0;
    for (const [place, { documents, resolve }] of inserts.entries()) {
      const index = fault.index - first;
      first += documents.length;
      if (index >= documents.length) resolve(undefined);
      else {
        resolve({ ...fault, index });
        this.#waiting.unshift(...inserts.slice(place + 1));
        return;
      }
    }
  }
}
