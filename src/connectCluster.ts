/** Composition of a client of a deployment of many processes: a link over RabbitMQ, a reader of MongoDB. */
import { openRabbitmqBroker } from './adapters/rabbitmq/broker.ts';
import { systemClock } from './adapters/systemClock.ts';
import { createClient } from './client.ts';
import { openClusterLink } from './clusterLink.ts';
import type { Config } from './config.ts';
import type { Connection } from './connect.ts';
import { newId } from './newId.ts';
import { readerOf } from './openReader.ts';
import { openStoreToRead } from './openStore.ts';
import type { Broker } from './ports/broker.ts';
import type { HostDocument } from './ports/hosts.ts';
import { BrokerNews } from './roles/news.ts';

/** Of hosts that write twice a second; a machine's clock may be a little off. */
const aliveMs = 15_000;

/** What troubles it is said by what it rejects with. */
const silent = { info: () => undefined, warn: () => undefined };

/** Rejects with MillraceError `unavailable` when broker or store do not answer within `patienceMs`. */
export async function openClusterConnection(
  config: Config & { amqpUrl: string },
  patienceMs: number,
): Promise<Connection> {
  const { amqpUrl: url, prefix } = config;
  const common = { prefix, name: 'client', log: silent, connectWithinMs: patienceMs };
  const broker = await openRabbitmqBroker({ url, ...common });
  try {
    const { link, close } = await openOver(config, broker, patienceMs);
    const end = async (): Promise<void> => {
      await close();
      await broker.close();
    };
    return {
      client: createClient(link),
      link,
      place: `the cluster at ${hostOfUrl(url)}`,
      close: end,
    };
  } catch (thrown) {
    await broker.close();
    throw thrown;
  }
}

async function openOver(config: Config, broker: Broker, patienceMs: number) {
  const clock = systemClock;
  const store = await openStoreToRead(config);
  const reader = readerOf(config, store);
  const { partitions } = store;
  const news = new BrokerNews({ broker, clock, partitions, newId });
  try {
    const common = { broker, clock, newId, partitions, patienceMs };
    const link = await openClusterLink({ ...common, reader, news });
    const close = async (): Promise<void> => {
      await link.close();
      await reader.close();
    };
    return { link, close };
  } catch (thrown) {
    await reader.close();
    throw thrown;
  }
}

/** Names of the hosts that are alive just now, as far as their own clocks tell. */
export async function aliveHosts(config: Config): Promise<string[]> {
  const store = await openStoreToRead(config);
  try {
    const isAlive = ({ at }: HostDocument): boolean => Math.abs(Date.now() - at) < aliveMs;
    const hosts = await store.hosts.all();
    return hosts
      .filter(isAlive)
      .map(({ name }) => name)
      .sort();
  } finally {
    await store.close();
  }
}

function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'its broker';
}
