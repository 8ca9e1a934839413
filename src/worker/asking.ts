/** Asks a group, again every two seconds, until its answer has come or is not wanted any more. */
import type { Publication } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { confirmAgainMs } from '../protocol/attempts.ts';
import type { Publisher } from './publisher.ts';

export type Question = {
  publication(): Publication;
  isWanted(): boolean;
};

export class Asking {
  readonly #clock: Clock;
  readonly #publisher: Publisher;
  /** What ends each question. */
  readonly #open = new Map<string, () => void>();

  constructor(clock: Clock, publisher: Publisher) {
    this.#clock = clock;
    this.#publisher = publisher;
  }

  /** One question under an id at a time. */
  ask(id: string, { publication, isWanted }: Question): void {
    this.end(id);
    let takeBack = (): void => undefined;
    let isOpen = true;
    const isStillWanted = (): boolean => isOpen && isWanted();
    const again = (): void => {
      if (!isStillWanted()) return void this.end(id);
      takeBack = this.#clock.after(confirmAgainMs, again);
      void this.#publisher.publish(publication(), isStillWanted);
    };
    this.#open.set(id, () => {
      isOpen = false;
      takeBack();
    });
    again();
  }

  /** It is asked, and not answered. */
  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** It is answered, or not wanted; false when it was not asked. */
  end(id: string): boolean {
    const end = this.#open.get(id);
    end?.();
    return this.#open.delete(id);
  }

  endAll(): void {
    for (const id of [...this.#open.keys()]) this.end(id);
  }
}
