/**
 * A consumer that comes back: declares its queue, consumes, and does both again when the channel is lost.
 * Each delivery arrives with a receipt that knows whether it can still be acked.
 */
import type { Broker, Channel, Delivery } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Topology } from '../protocol/topology.ts';
import { TransientError } from '../protocol/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';

export type Receipt = {
  readonly delivery: Delivery;
  /** Nothing when the delivery is lost, or acked before. */
  ack(): void;
  /** The broker has it back, and hands it over again. */
  isLost(): boolean;
};

export type SubscriptionOptions = {
  broker: Broker;
  clock: Clock;
  random(): number;
  /** Declared before each consume. */
  topology: Topology;
  queue: string;
  prefetch: number;
  onReceipt(receipt: Receipt): void;
  /** It consumes, for the first time or again. */
  onOpened?(): void;
  /** The channel is gone, and with it every unacked receipt; a new one is on its way. */
  onLost(): void;
  /** It is back after a loss; what was published meanwhile may never come. */
  onReopened?(): void;
};

export type Subscription = {
  /** Gives every unacked delivery back; may be called twice. */
  close(): Promise<void>;
};

type Session = { channel?: Channel; acked: number[]; lost: boolean };

/** How often a first consume that fails just now is tried: for some 30 s. */
const firstTries = 10;

/**
 * Rejects when the first consume fails; later ones are tried again until it is closed. Over a network the
 * first is tried again, too: RabbitMQ may close a connection as two processes declare a queue at once (541).
 */
export async function subscribe(options: SubscriptionOptions): Promise<Subscription> {
  const { broker, clock, random, topology, queue, prefetch, onReceipt, onLost } = options;
  let session: Session = { acked: [], lost: true };
  let closed = false;
  let takeBack: (() => void) | undefined;

  async function open(): Promise<void> {
    await broker.declare(topology);
    const opening: Session = { acked: [], lost: false };
    session = opening;
    const channel = await broker.consume(queue, {
      prefetch,
      onDelivery: (delivery) => onReceipt(new SessionReceipt(delivery, opening)),
      onClosed: () => lose(opening),
    });
    if (closed) return channel.close();
    opening.channel = channel;
    for (const tag of opening.acked) channel.ack(tag);
    if (!opening.lost) options.onOpened?.();
  }

  function lose(losing: Session): void {
    if (losing.lost) return;
    losing.lost = true;
    onLost();
    reopen(1);
  }

  function reopen(failures: number): void {
    if (closed) return;
    takeBack = clock.after(backoffMs(failures, random()), () => {
      if (closed) return;
      open().then(options.onReopened, () => reopen(failures + 1));
    });
  }

  async function first(): Promise<void> {
    for (let failures = 1; ; failures += 1) {
      try {
        await open();
        return;
      } catch (thrown) {
        const isForGood = !broker.isRemote || !(thrown instanceof TransientError);
        if (isForGood || failures === firstTries) throw thrown;
        await new Promise<void>((resolve) => clock.after(backoffMs(failures, random()), resolve));
      }
    }
  }

  await first();
  return {
    async close() {
      if (closed) return;
      closed = true;
      takeBack?.();
      const { channel, lost } = session;
      session.lost = true;
      if (!lost) await channel?.close();
    },
  };
}

class SessionReceipt implements Receipt {
  readonly delivery: Delivery;
  readonly #session: Session;
  #isAcked = false;

  constructor(delivery: Delivery, session: Session) {
    this.delivery = delivery;
    this.#session = session;
  }

  ack(): void {
    const { lost, channel, acked } = this.#session;
    if (lost || this.#isAcked) return;
    this.#isAcked = true;
    if (channel === undefined) acked.push(this.delivery.tag);
    else channel.ack(this.delivery.tag);
  }

  isLost(): boolean {
    return this.#session.lost;
  }
}
