/**
 * Bundles what goes the same way. Bundles form by themselves: what is published in one turn of the event loop goes
 * together, and while some are on their way to a mailbox the next gathers. Where little is said nothing waits.
 */
import type { Publication } from '../../ports/broker.ts';
import { bundleOf, isToMailbox } from './bundle.ts';
import type { Outcome } from './publisher.ts';

/** Bodies in a bundle, in characters; what is longer goes alone, in its turn. */
const mostLength = 64 * 1024;

/** Messages in a bundle, also where the publisher would allow more. */
const mostMessages = 64;

/** Bundles on their way to one mailbox: with one, a command would wait for any message before it to be confirmed. */
const mostOnTheWay = 4;

/** What is not confirmed after so long holds up nothing any more. */
const patienceMs = 1000;

type Waiting = {
  publication: Publication;
  resolve(outcome: Outcome): void;
  reject(error: unknown): void;
};

/** What goes the same way. */
type Lane = {
  isToMailbox: boolean;
  waiting: Waiting[];
  onTheWay: Set<Publication>;
  /** It goes on at the end of this turn. */
  isAsked: boolean;
  patience: NodeJS.Timeout | undefined;
};

export class Bundler {
  readonly #publish: (publication: Publication) => Promise<Outcome>;
  readonly #lanes = new Map<string, Lane>();

  /** `publish` one AMQP message. */
  constructor(publish: (publication: Publication) => Promise<Outcome>) {
    this.#publish = publish;
  }

  /** Rejects with TransientError when the outcome is not known. */
  publish(publication: Publication): Promise<Outcome> {
    if (mostWith(publication) === 1) return this.#publish(publication);
    return new Promise((resolve, reject) => {
      const lane = this.#laneTo(publication);
      lane.waiting.push({ publication, resolve, reject });
      this.#goOnSoon(lane);
    });
  }

  #laneTo(publication: Publication): Lane {
    const { exchange, routingKey } = publication;
    const key = `${exchange}/${routingKey}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        isToMailbox: isToMailbox(publication),
        ...{ waiting: [], onTheWay: new Set(), isAsked: false, patience: undefined },
      };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #goOnSoon(lane: Lane): void {
    if (lane.isAsked) return;
    if (!hasRoom(lane)) {
      lane.patience ??= setTimeout(() => this.#passBy(lane), patienceMs).unref();
      return;
    }
    lane.isAsked = true;
    process.nextTick(() => {
      lane.isAsked = false;
      while (lane.waiting.length > 0 && hasRoom(lane)) this.#send(lane);
      if (lane.waiting.length > 0) this.#goOnSoon(lane);
    });
  }

  /** Whatever became of what is on its way, the rest goes on. */
  #passBy(lane: Lane): void {
    lane.patience = undefined;
    lane.onTheWay.clear();
    this.#goOnSoon(lane);
  }

  #send(lane: Lane): void {
    const bundled = lane.waiting.splice(0, fitting(lane.waiting));
    const [first, ...more] = bundled.map(({ publication }) => publication);
    if (first === undefined) return;
    const bundle = bundleOf(first, more);
    lane.onTheWay.add(bundle);
    this.#publish(bundle).then(
      (outcome) => {
        this.#settled(lane, bundle);
        for (const each of bundled) each.resolve(outcome);
      },
      (error: unknown) => {
        this.#settled(lane, bundle);
        for (const each of bundled) each.reject(error);
      },
    );
  }

  #settled(lane: Lane, bundle: Publication): void {
    lane.onTheWay.delete(bundle);
    clearTimeout(lane.patience);
    lane.patience = undefined;
    if (lane.waiting.length > 0) this.#goOnSoon(lane);
  }
}

/** Starts do not wait for those before them: workers are to have something to do. */
function hasRoom({ isToMailbox, onTheWay }: Lane): boolean {
  return !isToMailbox || onTheWay.size < mostOnTheWay;
}

/** How many may go together with this one and itself. */
function mostWith(publication: Publication): number {
  if (isToMailbox(publication)) return mostMessages;
  return Math.min(mostMessages, publication.mostTogether ?? 1);
}

/** How many of the first go together. */
function fitting(waiting: readonly Waiting[]): number {
  const [first] = waiting;
  if (first === undefined) return 0;
  let length = 0;
  const most = Math.min(waiting.length, mostWith(first.publication));
  for (let count = 0; count < most; count += 1) {
    length += waiting[count]?.publication.body.length ?? 0;
    if (length > mostLength) return Math.max(1, count);
  }
  return most;
}
