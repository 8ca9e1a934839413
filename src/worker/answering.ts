/** Gives the answers of attempts: each until the broker has it, and then the delivery is acked. */
import type { Clock } from '../ports/clock.ts';
import type { Answer } from './answers.ts';
import { isOurs } from './held.ts';
import type { Held } from './held.ts';
import { answerPublication } from './messages.ts';
import type { Publisher } from './publisher.ts';
import type { Sayings } from './sayings.ts';

/** A worker that ends gives its leases back, if the broker takes it within this time. */
const giveBackMs = 2_000;

export type AnsweringOptions = {
  clock: Clock;
  publisher: Publisher;
  sayings: Sayings;
  /** Nothing is left to be said of it. */
  onSent(held: Held): void;
};

export class Answering {
  readonly #options: AnsweringOptions;
  #isStopped = false;

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  send(held: Held, answer: Answer): void {
    held.answer = answer;
    this.#sending(held, this.#deliver(held, answer));
  }

  /** Of one that its group may know and that has not been answered, as the worker ends. */
  giveBack(held: Held): void {
    if (!held.isNamed || held.answer !== undefined || held.isOver) return;
    held.isOver = true;
    const { clock, publisher, sayings } = this.#options;
    const until = clock.now() + giveBackMs;
    const saying = sayings.giveBack(held);
    this.#sending(
      held,
      publisher.publish(saying, () => clock.now() < until).then(() => undefined),
    );
  }

  /** What is not confirmed is given up. */
  stop(): void {
    this.#isStopped = true;
  }

  #sending(held: Held, sending: Promise<void>): void {
    held.sending = sending.finally(() => {
      held.sending = undefined;
      this.#options.onSent(held);
    });
  }

  /** Whoever has lost the delivery, and has no lease, may still say that it succeeded, and nothing else. */
  async #deliver(held: Held, answer: Answer): Promise<void> {
    const { clock, publisher } = this.#options;
    const isWanted = (): boolean =>
      answer.type === 'attempt.succeeded' || (isOurs(held) && !held.isOver);
    // Again, since a redelivery may have been adopted after the publisher gave up, and the group been asked about it.
    while (isWanted() && !this.#isStopped) {
      const { isNamed } = held;
      const publication = answerPublication(held, answer, clock.now());
      const isRight = (): boolean => isWanted() && held.isNamed === isNamed;
      held.isAnswered = await publisher.publish(publication, isRight);
      if (!held.isAnswered) continue;
      held.receipt.ack();
      return;
    }
  }
}
