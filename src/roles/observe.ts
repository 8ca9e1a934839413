/** How a process is watched: its health, and where a port is configured its metrics, both over HTTP. */
import type { Config } from '../config.ts';
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import type { Closing } from './closing.ts';
import { brokerProbe, Health, storeProbe } from './health.ts';
import { Meter, meteredBroker, meteredStore } from './meter.ts';
import type { Gauges } from './metrics.ts';

export type Observed = {
  health: Health;
  /** Told by the roles what is asked of them at a scrape. */
  gauges: Gauges;
  /** Where this is answered; undefined without a port. */
  url?: string;
  /** Told how long each batch took to be released. */
  onReleased?: (seconds: number) => void;
  /** Puts itself between the roles and their port, where anybody can ask. */
  broker(broker: Broker): Broker;
  store(store: Store): Store;
};

/** Listens before anything else is opened: whoever asks is told what is waited for. Rejects with MillraceError `config`. */
export async function observe({ http }: Config, closing: Closing): Promise<Observed> {
  const health = new Health();
  const gauges: Gauges = { running: () => 0, partitions: () => 0, parked: () => 0 };
  const asIs = { broker: (broker: Broker) => broker, store: (store: Store) => store };
  if (http === undefined) return { health, gauges, ...asIs };
  const [{ createMetrics }, { listenForProbes }] = await Promise.all([
    import('./metrics.ts'),
    import('./http.ts'),
  ]);
  const meter = new Meter();
  const metrics = createMetrics(meter, gauges);
  const { url, close } = await listenForProbes(http, { health, metrics });
  closing.add(close);
  return {
    health,
    gauges,
    url,
    onReleased: (seconds) => meter.onRelease(seconds),
    broker(broker) {
      health.check('broker', brokerProbe(broker));
      return meteredBroker(broker, meter);
    },
    store(store) {
      health.check('store', storeProbe(store));
      return meteredStore(store, meter);
    },
  };
}
