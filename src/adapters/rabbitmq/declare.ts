/** Makes a topology real, and remembers it, so that it is there again after the broker has lost it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel, Options } from 'amqplib';
import { MillraceError, messageOf } from '../../protocol/errors.ts';
import type { Binding, Exchange, Queue, Topology } from '../../protocol/topology.ts';
import { closeChannel } from './consumer.ts';
import { codeOf, replyCodes, transient } from './failure.ts';
import type { Names } from './names.ts';

/** Written out: 4.x would drop after 20 deliveries, and 3.10 takes -1 as "at the first". */
const noDeliveryLimit = 2147483647;

/** A queue that is gone is declared again after this, when all who consumed it have been told. */
const restMs = 500;

/** So much of the event stream is kept; the journal has all of it. */
const streamBytes = 1_000_000_000;

type Step = {
  what: string;
  declare(channel: Channel): Promise<unknown>;
  /** Whether it is there, for who may not declare it; a binding cannot be looked at. */
  look?(channel: Channel): Promise<unknown>;
};

/** Declares all of it; MillraceError when something of that name is there and is another. */
export async function declareOn(
  model: ChannelModel,
  { exchanges, queues, bindings }: Topology,
  names: Names,
): Promise<void> {
  const steps = [
    ...exchanges.map((exchange) => exchangeStep(exchange, names)),
    ...queues.map((queue) => queueStep(queue, names)),
    ...bindings.map((binding) => bindingStep(binding, names)),
  ];
  let channel = await openChannel(model);
  for (const step of steps) {
    try {
      await step.declare(channel);
    } catch (error) {
      channel = await openChannel(model);
      await judge(step, channel, error);
    }
  }
  await closeChannel(channel);
}

/**
 * Resolves when these queues are there, or have been missing for long enough to be declared again. Where a queue
 * comes back at once RabbitMQ tells nothing to those who consumed the old one: it moves them in silence, and 3.10
 * then keeps what it has delivered to them.
 */
export async function restOfDeleted(
  model: ChannelModel,
  queues: readonly Queue[],
  { outer }: Names,
): Promise<void> {
  let isMissing = false;
  let channel = await openChannel(model);
  for (const { name } of queues) {
    try {
      await channel.checkQueue(outer(name));
    } catch (error) {
      if (codeOf(error) !== replyCodes.notFound)
        throw transient(`${name} cannot be looked at`, error);
      isMissing = true;
      channel = await openChannel(model);
    }
  }
  await closeChannel(channel);
  if (isMissing) await delay(restMs, undefined, { ref: false });
}

/** A channel for questions that the broker may answer by closing it. */
export async function openChannel(model: ChannelModel): Promise<Channel> {
  const channel = await model.createChannel().catch((error: unknown) => {
    throw transient('RabbitMQ opens no channel', error);
  });
  channel.on('error', () => undefined);
  return channel;
}

/** A worker's login may declare only what is its own; then it is enough that the thing is there. */
async function judge({ what, look }: Step, channel: Channel, error: unknown): Promise<void> {
  const code = codeOf(error);
  if (code === replyCodes.preconditionFailed) {
    const text = `The ${what} is there and is another (${messageOf(error)})`;
    const remedy = 'delete it, or give this deployment a prefix of its own';
    throw new MillraceError('config', `${text}; ${remedy}.`, { cause: error });
  }
  if (code !== replyCodes.accessRefused) throw transient(`The ${what} cannot be declared`, error);
  await look?.(channel).catch((cause: unknown) => {
    throw transient(`The ${what} is not there, and this user may not declare it`, cause);
  });
}

function exchangeStep({ name, kind, alternate }: Exchange, { outer }: Names): Step {
  const options: Options.AssertExchange = { durable: true };
  if (alternate !== undefined) options.alternateExchange = outer(alternate);
  return {
    what: `exchange ${outer(name)}`,
    declare: (channel) => channel.assertExchange(outer(name), kind, options),
    look: (channel) => channel.checkExchange(outer(name)),
  };
}

function queueStep(queue: Queue, { outer }: Names): Step {
  const name = outer(queue.name);
  return {
    what: `queue ${name}`,
    declare: (channel) => channel.assertQueue(name, queueOptions(queue)),
    look: (channel) => channel.checkQueue(name),
  };
}

function bindingStep({ exchange, queue, routingKey }: Binding, { outer }: Names): Step {
  return {
    what: `binding of the queue ${outer(queue)} to ${outer(exchange)}`,
    declare: (channel) => channel.bindQueue(outer(queue), outer(exchange), routingKey),
  };
}

function queueOptions({ kind = 'quorum', singleActiveConsumer }: Queue): Options.AssertQueue {
  if (kind === 'exclusive') return { exclusive: true, autoDelete: true, durable: false };
  if (kind === 'stream')
    return { arguments: { 'x-queue-type': 'stream', 'x-max-length-bytes': streamBytes } };
  const single = singleActiveConsumer ? { 'x-single-active-consumer': true } : {};
  return {
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': noDeliveryLimit, ...single },
  };
}

/** Everything that was declared and outlives a connection. */
export class Declared {
  readonly #exchanges = new Map<string, Exchange>();
  readonly #queues = new Map<string, Queue>();
  readonly #bindings = new Map<string, Binding>();

  add({ exchanges, queues, bindings }: Topology): void {
    for (const exchange of exchanges) this.#exchanges.set(exchange.name, exchange);
    const own = new Set(queues.filter(({ kind }) => kind === 'exclusive').map(({ name }) => name));
    for (const queue of queues) if (!own.has(queue.name)) this.#queues.set(queue.name, queue);
    for (const binding of bindings) {
      if (own.has(binding.queue)) continue;
      const { exchange, queue, routingKey } = binding;
      this.#bindings.set([exchange, queue, routingKey].join('\n'), binding);
    }
  }

  /** Those of the topology that were declared before. */
  queuesOf({ queues }: Topology): Queue[] {
    return queues.filter(({ name }) => this.#queues.has(name));
  }

  hasExchange(name: string): boolean {
    return name === '' || this.#exchanges.has(name);
  }

  get topology(): Topology {
    return {
      exchanges: [...this.#exchanges.values()],
      queues: [...this.#queues.values()],
      bindings: [...this.#bindings.values()],
    };
  }
}
