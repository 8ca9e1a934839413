/**
 * The gateway: what publishers say on `millrace.commands` becomes messages for partitions (architecture,
 * section 10). A message is acked when the broker has what was made of it, or has it in `millrace.rejected`.
 */
import type { Logger } from 'pino';
import type { Broker, Delivery, Properties } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import { isOwnQueue, requestCreateChild } from '../protocol/commands.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { loggedIds } from '../protocol/logged.ts';
import { rejection } from '../protocol/rejected.ts';
import {
  baseTopology,
  commandsQueue,
  createsQueue,
  exchanges,
  gatewayTopology,
  partitionKey,
  partitionOf,
} from '../protocol/topology.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { createPublisher } from '../worker/publisher.ts';
import type { Publisher } from '../worker/publisher.ts';
import { subscribe } from '../worker/subscription.ts';
import type { Receipt, Subscription } from '../worker/subscription.ts';
import { checkAllowed } from './authorise.ts';
import type { Authorise } from './authorise.ts';
import { decodeCommand, doorsOf } from './commands.ts';
import type { Doors, Kind } from './commands.ts';
import { decodeCreate } from './creates.ts';
import type { PlanOptions } from './creates.ts';
import { replyFields, scopedId } from './decode.ts';

/** Unacked messages a queue (architecture, section 10). */
const prefetch = 50;

/** Who lets new chains begin. */
export type Room = {
  /** Resolves once one more chain may begin in the partition, with what is called when it has; rejects when it is closed. */
  enter(partition: number): Promise<() => void>;
};

export type GatewayOptions = PlanOptions & {
  broker: Broker;
  clock: Clock;
  log: Logger;
  partitions: number;
  /** All kinds of actors that are hosted. */
  kinds: readonly Kind[];
  room: Room;
  /** Default: everybody may do everything. */
  authorise?: Authorise;
  newId(): string;
  /** In [0, 1): spreads retries. */
  random(): number;
};

/** What goes to a partition, but for the time. */
type Forwarded = { group: string; properties: Omit<Properties, 'timestamp'>; body: string };

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #doors: Doors;
  readonly #publisher: Publisher;
  readonly #subscriptions: Subscription[] = [];
  readonly #pauses = new Set<() => void>();
  /** Commands are sent on in the order of their queue. */
  #line: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  /** Messages since the start: sent on, and set aside. */
  readonly counts = { accepted: 0, rejected: 0 };

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#doors = doorsOf(options.kinds);
    this.#publisher = createPublisher(options.broker, options.clock, options.random);
  }

  /** Rejects with TransientError when the broker does not answer. */
  async start(): Promise<void> {
    await this.#options.broker.declare(baseTopology(this.#options.partitions));
    await this.#subscribe(createsQueue, (receipt) => {
      void this.#see(
        receipt,
        this.#again(receipt, () => this.#create(receipt)),
      );
    });
    await this.#subscribe(commandsQueue, (receipt) => {
      const turn = this.#line.then(() => this.#again(receipt, () => this.#command(receipt)));
      this.#line = turn.catch(() => undefined);
      void this.#see(
        receipt,
        turn.then((begun) => begun?.sent),
      );
    });
  }

  /** Takes nothing more, and gives back what is not sent on yet. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
    this.#publisher.end();
    for (const end of this.#pauses) end();
  }

  async #subscribe(queue: string, onReceipt: (receipt: Receipt) => void): Promise<void> {
    const { broker, clock, random } = this.#options;
    const topology = gatewayTopology();
    const onLost = (): void => undefined;
    this.#subscriptions.push(
      await subscribe({ broker, clock, random, topology, queue, prefetch, onReceipt, onLost }),
    );
  }

  /** Sees one message through; `sent` resolves with true once a partition's queue has what it became. */
  async #see(receipt: Receipt, sent: Promise<boolean | undefined>): Promise<void> {
    try {
      if ((await sent) !== true) return;
      this.counts.accepted += 1;
      receipt.ack();
    } catch (thrown) {
      await this.#refuse(receipt, thrown).catch((err: unknown) => {
        this.#options.log.error(
          { err, ...loggedIds(receipt.delivery) },
          'a refused message could not be set aside',
        );
      });
    }
  }

  /** What fails only just now (the store does not answer) is tried again. */
  async #again<T>(receipt: Receipt, attempt: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; this.#isWanted(receipt); failures += 1) {
      try {
        return await attempt();
      } catch (thrown) {
        if (!(thrown instanceof MillraceError) || thrown.code !== 'unavailable') throw thrown;
        this.#options.log.warn(
          { err: thrown, ...loggedIds(receipt.delivery), failures },
          'a message has to wait',
        );
        await this.#pause(failures);
      }
    }
    return undefined;
  }

  #pause(failures: number): Promise<void> {
    const { clock, random } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        takeBack();
        this.#pauses.delete(end);
        resolve();
      };
      const takeBack = clock.after(backoffMs(failures, random()), end);
      this.#pauses.add(end);
    });
  }

  /** Resolves with true once the partition's queue has it. */
  async #create(receipt: Receipt): Promise<boolean> {
    const { authorise, room, partitions } = this.#options;
    const create = decodeCreate(receipt.delivery);
    const { requestId: group, principal, parent, properties } = create;
    await checkAllowed(authorise, principal, create.asked);
    // The parent waits for it, and would for ever.
    const leave =
      parent === undefined
        ? await this.#entered(room, partitionOf(group, partitions))
        : () => undefined;
    if (leave === undefined) return false;
    try {
      if (!this.#isWanted(receipt)) return false;
      const body = await create.plan(this.#options);
      return await this.#send(receipt, { group, properties, body });
    } finally {
      leave();
    }
  }

  /** Undefined when the valve was closed, as everything stops: then the broker keeps the message. */
  async #entered(room: Room, partition: number): Promise<(() => void) | undefined> {
    return room.enter(partition).catch(() => undefined);
  }

  /** Resolves in its turn; what it resolves with says when the partition's queue has it. */
  async #command(receipt: Receipt): Promise<{ sent: Promise<boolean | undefined> }> {
    const { delivery } = receipt;
    if (delivery.routingKey === requestCreateChild)
      return { sent: this.#again(receipt, () => this.#create(receipt)) };
    const { asked, ...command } = decodeCommand(delivery, this.#doors, this.#options.newId);
    await checkAllowed(this.#options.authorise, delivery.properties.userId, asked);
    return { sent: this.#send(receipt, { group: asked.group, ...command }) };
  }

  #isWanted(receipt: Receipt): boolean {
    return !this.#isStopped && !receipt.isLost();
  }

  #send(receipt: Receipt, { group, properties, body }: Forwarded): Promise<boolean> {
    const { partitions, clock } = this.#options;
    const publication = {
      exchange: exchanges.partitions,
      routingKey: partitionKey(partitionOf(group, partitions)),
      properties: { ...properties, timestamp: clock.now() },
      body,
    };
    return this.#publisher.publish(publication, () => this.#isWanted(receipt));
  }

  /** Tells whoever asked, and sets the message aside. */
  async #refuse(receipt: Receipt, thrown: unknown): Promise<void> {
    const { clock, log } = this.#options;
    const { delivery } = receipt;
    const code = thrown instanceof MillraceError ? thrown.code : 'rejected';
    const reason = messageOf(thrown);
    const { routingKey } = delivery;
    log.warn({ ...loggedIds(delivery), routingKey, reason }, 'message refused');
    await this.#answer(delivery, { ok: false, code, message: reason });
    const publication = rejection(delivery, { code, reason, at: clock.now() });
    if (!(await this.#publisher.publish(publication, () => this.#isWanted(receipt)))) return;
    this.counts.rejected += 1;
    receipt.ack();
  }

  /** Tried once: nobody waits any more when the queue is gone, and when the broker is the message comes again. */
  async #answer({ properties }: Delivery, data: object): Promise<void> {
    const { broker, clock } = this.#options;
    const { replyTo, ...named } = replyFields(properties);
    if (replyTo === undefined || isOwnQueue(replyTo)) return;
    const messageId =
      scopedId({ ...properties, messageId: `${properties.messageId}/refused` }) ?? '';
    await broker
      .publish({
        exchange: '',
        routingKey: replyTo,
        properties: { messageId, type: 'reply', timestamp: clock.now(), ...named },
        body: JSON.stringify(data),
      })
      .catch(() => undefined);
  }
}
