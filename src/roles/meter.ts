/**
 * Counts what goes through the ports, for `/metrics`. It stands between a role and its ports only where a
 * port is configured, so that nobody else pays; numbers are added up here and read when they are asked for.
 */
import type { Broker } from '../ports/broker.ts';
import type { Journal } from '../ports/journal.ts';
import type { Store } from '../ports/store.ts';

/** Types of messages are the code's own, and few; what is beyond these is counted as `other`. */
const mostTypes = 100;

export class Meter {
  delivered = 0;
  returned = 0;
  unconfirmed = 0;
  appends = 0;
  entries = 0;
  /** By type of the message. */
  readonly published = new Map<string, number>();
  /** Told how long each append took. */
  onAppend: (seconds: number) => void = () => undefined;
  /** Told how long it took to send what a committed batch asked for. */
  onRelease: (seconds: number) => void = () => undefined;

  countPublished(type: string): void {
    const key = this.published.has(type) || this.published.size < mostTypes ? type : 'other';
    this.published.set(key, (this.published.get(key) ?? 0) + 1);
  }
}

/** The same broker, counted. */
export function meteredBroker(broker: Broker, meter: Meter): Broker {
  const handed = (outcome: string): void => {
    if (outcome === 'returned') meter.returned += 1;
  };
  const failed = (): void => {
    meter.unconfirmed += 1;
  };
  return {
    isRemote: broker.isRemote,
    declare: (topology) => broker.declare(topology),
    publish(publication) {
      meter.countPublished(publication.properties.type);
      const outcome = broker.publish(publication);
      outcome.then(handed, failed);
      return outcome;
    },
    consume: (queue, options) =>
      broker.consume(queue, {
        ...options,
        onDelivery(delivery) {
          meter.delivered += 1;
          options.onDelivery(delivery);
        },
      }),
    inspect: (queue) => broker.inspect(queue),
    watch: (listener) => broker.watch(listener),
    close: () => broker.close(),
  };
}

/** The same store with its appends counted. */
export function meteredStore(store: Store, meter: Meter): Store {
  const { journal } = store;
  const append: Journal['append'] = async (entries) => {
    const began = performance.now();
    const appended = await journal.append(entries);
    meter.appends += 1;
    meter.entries += entries.length;
    meter.onAppend((performance.now() - began) / 1000);
    return appended;
  };
  return overlaid(store, { journal: overlaid(journal, { append }) });
}

/** With some members replaced; the others keep their own `this`. */
function overlaid<T extends object>(port: T, own: Partial<T>): T {
  return new Proxy(port, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
