/**
 * Asks over the broker and hears the answers, on a queue of its own. A broker that other processes share may
 * be away for a while: what is unanswered is then asked again under its own id, which has one effect.
 */
import { z } from 'zod';
import type { Broker, Properties, Publication } from './ports/broker.ts';
import type { Clock } from './ports/clock.ts';
import { MillraceError, toErrorCode, TransientError } from './protocol/errors.ts';
import type { ErrorCode } from './protocol/errors.ts';
import { exchanges, ownQueueTopology } from './protocol/topology.ts';
import type { Topology } from './protocol/topology.ts';
import { subscribe } from './worker/subscription.ts';
import type { Subscription } from './worker/subscription.ts';

export type Question = Omit<Publication, 'properties'> & {
  properties: Omit<Properties, 'timestamp' | 'replyTo' | 'correlationId'>;
};

export type AskOptions = {
  /** For people, in errors. */
  what: string;
  /** How long to wait for the answer, in milliseconds; default: for ever. */
  timeoutMs?: number | undefined;
};

export type RepliesOptions = { broker: Broker; clock: Clock; newId(): string };

/** What a host or a gateway answers instead of doing what was asked. */
const refusalSchema = z.object({
  ok: z.literal(false),
  code: z.string().optional(),
  message: z.string().optional(),
});

/** Who waits for an answer. */
type Waiting = { question: Question; resolve(reply: unknown): void; reject(reason: Error): void };

export class Replies {
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #queue: string;
  readonly #waiting = new Map<string, Waiting>();
  #subscription: Subscription | undefined;

  constructor({ broker, clock, newId }: RepliesOptions) {
    this.#broker = broker;
    this.#clock = clock;
    this.#queue = `${exchanges.replies}.${newId().slice(-12)}`;
  }

  /** Rejects with TransientError when the broker does not answer. */
  async open(): Promise<void> {
    this.#subscription = await subscribe({
      broker: this.#broker,
      clock: this.#clock,
      random: Math.random,
      topology: topologyOf(this.#queue),
      queue: this.#queue,
      prefetch: 1000,
      onReceipt: (receipt) => {
        const { body, properties } = receipt.delivery;
        receipt.ack();
        // What nobody has asked for may be anything.
        this.#waiting.get(properties.correlationId ?? '')?.resolve(JSON.parse(body));
      },
      onLost: () => undefined,
      onReopened: () => {
        for (const waiting of this.#waiting.values()) void this.#send(waiting);
      },
    });
  }

  /** Resolves with the answer. Rejects as it was refused, or with MillraceError `unavailable` when no answer comes in time. */
  async ask(question: Question, options: AskOptions): Promise<unknown> {
    const reply = await this.#answerTo(question, options);
    const refusal = refusalSchema.safeParse(reply);
    if (!refusal.success) return reply;
    const { message = `${options.what} was refused` } = refusal.data;
    throw new MillraceError(codeOf(refusal.data), message);
  }

  /** Whoever waits is told that it is over. */
  async close(): Promise<void> {
    const message = 'millrace was stopped before it answered; start it and ask again';
    for (const { reject } of this.#waiting.values())
      reject(new MillraceError('unavailable', message));
    await this.#subscription?.close();
  }

  async #answerTo(question: Question, { what, timeoutMs }: AskOptions): Promise<unknown> {
    const { messageId } = question.properties;
    let takeBack: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const waiting = { question, resolve, reject };
        if (timeoutMs !== undefined)
          takeBack = this.#clock.after(timeoutMs, () => reject(unanswered(what, timeoutMs)));
        this.#waiting.set(messageId, waiting);
        void this.#send(waiting);
      });
    } finally {
      takeBack?.();
      this.#waiting.delete(messageId);
    }
  }

  async #send({ question, reject }: Waiting): Promise<void> {
    const { properties } = question;
    // The answer's correlation id is this message's id, as it names no other.
    const asked = { timestamp: this.#clock.now(), replyTo: this.#queue };
    try {
      await this.#broker.publish({ ...question, properties: { ...properties, ...asked } });
    } catch (thrown) {
      // It comes back, and this is sent then.
      if (thrown instanceof TransientError && this.#broker.isRemote) return;
      reject(thrown as Error);
    }
  }
}

/** Hosts may not have started yet: whoever asks first declares. */
function topologyOf(queue: string): Topology {
  const { replies: name } = exchanges;
  return { ...ownQueueTopology(name, queue, queue), exchanges: [{ name, kind: 'direct' }] };
}

/** A parked request keeps the command, and cannot take it now. */
function codeOf({ code }: { code?: string | undefined }): ErrorCode {
  return code === 'parked' ? 'state' : (toErrorCode(code) ?? 'rejected');
}

function unanswered(what: string, timeoutMs: number): MillraceError {
  const remedy = 'it was sent and may still be taken';
  return new MillraceError('unavailable', `${what} had no answer in ${timeoutMs} ms; ${remedy}`);
}
