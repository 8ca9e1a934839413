/** Fetches args, data and results that were too large for their start, part by part, from the partition's owner. */
import type { AttemptInput, AttemptStart } from '../protocol/attempts.ts';
import type { Asking } from './asking.ts';
import type { Held } from './held.ts';
import { withInput } from './messages.ts';
import type { Sayings } from './sayings.ts';

type Fetching = { held: Held; texts: string[]; done(whole: AttemptStart | undefined): void };

export class Inputs {
  readonly #asking: Asking;
  readonly #sayings: Sayings;
  readonly #fetching = new Map<string, Fetching>();

  constructor(asking: Asking, sayings: Sayings) {
    this.#asking = asking;
    this.#sayings = sayings;
  }

  /** Resolves with the whole start; undefined when it cannot be had. Never, when the fetch is ended. */
  fetch(held: Held): Promise<AttemptStart | undefined> {
    return new Promise((resolve) => {
      this.#fetching.set(held.executionId, { held, texts: [], done: resolve });
      this.#ask(held, 0);
    });
  }

  /** A part has come; one that was not asked for changes nothing. */
  take({ executionId, part, text }: AttemptInput): void {
    const fetching = this.#fetching.get(executionId);
    if (fetching?.texts.length !== part) return;
    const { held, texts, done } = fetching;
    texts.push(text);
    if (texts.length < (held.start.parts ?? 0)) return this.#ask(held, texts.length);
    this.end(held);
    done(withInput(held.start, texts.join('')));
  }

  /** It is not wanted any more. */
  end(held: Held): void {
    this.#fetching.delete(held.executionId);
    this.#asking.end(`${held.executionId}/fetch`);
  }

  #ask(held: Held, part: number): void {
    this.#asking.ask(`${held.executionId}/fetch`, {
      publication: () => this.#sayings.fetch(held, part),
      isWanted: () => !held.isOver && !held.receipt.isLost(),
    });
  }
}
