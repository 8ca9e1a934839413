/** What running attempts say, from the workers that run them to the processes where somebody listens. */
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { OutputSignal, StatusSignal } from '../protocol/attempts.ts';
import { exchanges } from '../protocol/topology.ts';
import type { Topology } from '../protocol/topology.ts';
import { news, newsKeys, outputSignalSchema, statusSignalSchema } from '../protocol/transitions.ts';
import { subscribe } from '../worker/subscription.ts';
import type { Subscription } from '../worker/subscription.ts';

export type Signals = {
  onStatus(signal: StatusSignal): void;
  onOutput(signal: OutputSignal): void;
};

type Over = { broker: Broker; clock: Clock };

/** More are not on their way at a time; what comes meanwhile is left out, as the next says what is newer. */
const mostOnTheWay = 200;

/** A worker's end: published for whoever listens, and lost where nobody does. */
export function tellSignals({ broker, clock }: Over): Signals {
  let onTheWay = 0;
  const done = (): void => {
    onTheWay -= 1;
  };
  const tell = (type: string, routingKey: string, signal: StatusSignal): void => {
    if (onTheWay >= mostOnTheWay) return;
    onTheWay += 1;
    const { requestId, actor, attempt, at } = signal;
    const messageId = `${requestId}/${actor}/${attempt}/${type}/${at}`;
    broker
      .publish({
        exchange: exchanges.transitions,
        routingKey,
        properties: { messageId, type, timestamp: clock.now() },
        body: JSON.stringify(signal),
        isNews: true,
      })
      .then(done, done);
  };
  return {
    onStatus: (signal) => tell(news.status, newsKeys.status(signal.requestId), signal),
    onOutput: (signal) => tell(news.output, newsKeys.output(signal.requestId), signal),
  };
}

/** A listener's end: what all attempts say, until it is closed. Rejects with TransientError when the broker does not answer. */
export function hearSignals(
  { broker, clock }: Over,
  { queue, signals }: { queue: string; signals: Partial<Signals> },
): Promise<Subscription> {
  const keys = [
    ...(signals.onStatus === undefined ? [] : [`${news.status}.#`]),
    ...(signals.onOutput === undefined ? [] : [`${news.output}.#`]),
  ];
  return subscribe({
    ...{ broker, clock, random: Math.random, queue, prefetch: 1000 },
    topology: newsTopology(queue, keys),
    onReceipt: (receipt) => {
      const { properties, body } = receipt.delivery;
      hear(properties.type, parsed(body), signals);
      receipt.ack();
    },
    onLost: () => undefined,
  });
}

/** Nothing for what this version does not know. */
export function hear(type: string, said: unknown, signals: Partial<Signals>): void {
  if (type === news.status) {
    const { data } = statusSignalSchema.safeParse(said);
    if (data !== undefined) signals.onStatus?.(data);
  } else if (type === news.output) {
    const { data } = outputSignalSchema.safeParse(said);
    if (data !== undefined) signals.onOutput?.(data);
  }
}

/** Undefined for what is no JSON: anybody may publish there. */
export function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A queue of one process that gets what is published under these keys. */
export function newsTopology(queue: string, keys: readonly string[]): Topology {
  const { transitions: exchange } = exchanges;
  return {
    exchanges: [{ name: exchange, kind: 'topic' }],
    queues: [{ name: queue, kind: 'exclusive' }],
    bindings: keys.map((routingKey) => ({ exchange, queue, routingKey })),
  };
}
