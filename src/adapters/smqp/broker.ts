/**
 * The in-process broker, over smqp: its exchanges and bindings say where a message goes, its queues hold
 * what waits. It forgets everything with the process.
 */
import { Broker as SmqpMemory, Queue as SmqpQueue } from 'smqp';
import { TransientError } from '../../protocol/errors.ts';
import type { Binding, Exchange, Queue, Topology } from '../../protocol/topology.ts';
import type {
  Broker,
  Channel,
  ConsumeOptions,
  Publication,
  QueueState,
} from '../../ports/broker.ts';
import { Mailbox } from './mailbox.ts';

/** Routing keys remembered with their queues; reply queues make them many. */
const maxRoutes = 10_000;

export class SmqpBroker implements Broker {
  readonly isRemote = false;
  readonly #memory = new SmqpMemory();
  readonly #mailboxes = new Map<string, Mailbox>();
  /** With their alternates. */
  readonly #exchanges = new Map<string, string | undefined>();
  readonly #routes = new Map<string, readonly Mailbox[]>();
  #published = 0;
  #closed = false;

  async declare({ exchanges, queues, bindings }: Topology): Promise<void> {
    this.#assertOpen();
    for (const exchange of exchanges) this.#declareExchange(exchange);
    // Nobody else could read a stream, and it would fill the memory.
    const streams = new Set(queues.filter(({ kind }) => kind === 'stream').map(({ name }) => name));
    for (const queue of queues) if (!streams.has(queue.name)) this.#declareQueue(queue);
    for (const binding of bindings) if (!streams.has(binding.queue)) this.#bind(binding);
    this.#routes.clear();
  }

  async publish({
    exchange,
    routingKey,
    properties,
    body,
    isNews = false,
  }: Publication): Promise<'confirmed' | 'returned'> {
    this.#assertOpen();
    const targets = this.#route(exchange, routingKey);
    const isUnheard = targets.length === 0;
    if (isUnheard && isNews && this.#exchanges.has(exchange)) return 'confirmed';
    if (isUnheard || targets.some((target) => target.isFull())) return 'returned';
    const publication = { exchange, routingKey, properties: copy(properties), body };
    const place = this.#published++;
    for (const target of targets) target.put({ publication, redelivered: false, place });
    return 'confirmed';
  }

  async consume(queue: string, options: ConsumeOptions): Promise<Channel> {
    this.#assertOpen();
    const mailbox = this.#mailboxes.get(queue);
    if (mailbox === undefined)
      throw new TransientError(`There is no queue ${queue}; declare it first.`);
    return mailbox.consume(options);
  }

  async inspect(queue: string): Promise<QueueState | undefined> {
    const mailbox = this.#mailboxes.get(queue);
    return mailbox && { ready: mailbox.waiting, consumers: mailbox.consumers };
  }

  /** Its connection is never lost. */
  watch(): () => void {
    return () => undefined;
  }

  /** Deletes a queue with all that waits in it; its consumers are told. */
  deleteQueue(queue: string): void {
    const mailbox = this.#mailboxes.get(queue);
    if (mailbox === undefined) return;
    this.#mailboxes.delete(queue);
    this.#routes.clear();
    for (const exchange of this.#exchanges.keys())
      this.#memory.getExchange(exchange).unbindQueueByName(queue);
    mailbox.cut(`queue ${queue} was deleted`);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const mailbox of this.#mailboxes.values()) mailbox.cut();
    this.#mailboxes.clear();
    this.#routes.clear();
    this.#memory.reset();
  }

  #assertOpen(): void {
    if (this.#closed) throw new TransientError('The in-process broker is closed; open another.');
  }

  #declareExchange({ name, kind, alternate }: Exchange): void {
    this.#memory.assertExchange(name, kind, { autoDelete: false });
    this.#exchanges.set(name, alternate);
  }

  #declareQueue(queue: Queue): void {
    if (this.#mailboxes.has(queue.name)) return;
    // Not made by smqp's broker, because then every message would also raise events there.
    const held = new SmqpQueue(queue.name, { autoDelete: false });
    const mailbox = new Mailbox(held, queue, () => this.deleteQueue(queue.name));
    this.#mailboxes.set(queue.name, mailbox);
  }

  #bind({ exchange, queue, routingKey }: Binding): void {
    const mailbox = this.#mailboxes.get(queue);
    if (mailbox === undefined)
      throw new TransientError(`There is no queue ${queue}; declare it first.`);
    this.#exchange(exchange).bindQueue(mailbox.queue, routingKey);
  }

  /** The queues that a routing key leads to, each once. */
  #route(exchange: string, routingKey: string): readonly Mailbox[] {
    const key = `${exchange}\n${routingKey}`;
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    const names = exchange === '' ? [routingKey] : this.#boundQueues(exchange, routingKey);
    const targets = [...new Set(names)].flatMap((name) => this.#mailboxes.get(name) ?? []);
    if (this.#routes.size >= maxRoutes) this.#routes.clear();
    this.#routes.set(key, targets);
    return targets;
  }

  #exchange(name: string): ReturnType<SmqpMemory['getExchange']> {
    if (!this.#exchanges.has(name))
      throw new TransientError(`There is no exchange ${name}; declare it first.`);
    return this.#memory.getExchange(name);
  }

  /** None for an exchange that nobody declared: what a person's effect names may not exist. */
  #boundQueues(name: string, routingKey: string): string[] {
    if (!this.#exchanges.has(name)) return [];
    const exchange = this.#exchange(name);
    const bound = exchange.bindings.filter((binding) => {
      if (exchange.type === 'topic') return binding.testPattern(routingKey);
      return exchange.type === 'fanout' || binding.pattern === routingKey;
    });
    const alternate = this.#exchanges.get(name);
    if (bound.length === 0 && alternate !== undefined)
      return this.#boundQueues(alternate, routingKey);
    return bound.map((binding) => binding.queue.name);
  }
}

/** Frozen, because all who get the message share it. */
function copy(properties: Publication['properties']): Publication['properties'] {
  const { headers } = properties;
  return Object.freeze({
    ...properties,
    ...(headers && { headers: Object.freeze({ ...headers }) }),
  });
}

/** Opens an in-process broker, empty. */
export function openSmqpBroker(): SmqpBroker {
  return new SmqpBroker();
}
