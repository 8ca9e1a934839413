/** A cluster for one test file: opened before its tests, closed after them, skipped with a reason without servers. */
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { transpiled } from '../transpiled.ts';
import { Cluster } from './cluster.ts';
import type { ClusterOptions } from './cluster.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

export type ServerUrl = { url: string } | { skipped: string };

/** Why there can be no cluster here; undefined when there can. */
export function missing(): string | undefined {
  const servers: ServerUrl[] = [inject('amqpUrl'), inject('mongodbUrl')];
  for (const server of servers) if ('skipped' in server) return server.skipped;
  return undefined;
}

/** Over the servers that all files share, or `urls`, which are asked for when the tests begin. */
export function useCluster(
  open: (cluster: Cluster) => Promise<void>,
  {
    urls = sharedUrls,
    ...options
  }: Partial<ClusterOptions> & { urls?: () => Promise<Urls> | Urls } = {},
): () => Cluster {
  let cluster: Cluster | undefined;
  let remove = (): void => undefined;
  let isFailing = false;

  beforeAll(async () => {
    const built = transpiled(root, ['test/kit']);
    ({ remove } = built);
    const program = built.program(fileURLToPath(new URL('./member.ts', import.meta.url)));
    cluster = new Cluster({ ...(await urls()), program, ...options });
    await cluster.open();
    isFailing = true;
    await open(cluster);
    isFailing = false;
  }, 180_000);

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') isFailing = true;
  });

  afterAll(async () => {
    await cluster?.close({ isKept: isFailing });
    remove();
  }, 60_000);

  return () => {
    if (cluster === undefined) throw new Error('there is no cluster before the tests begin');
    return cluster;
  };
}

export type Urls = Pick<ClusterOptions, 'amqpUrl' | 'mongodbUrl' | 'managementUrl'>;

export function sharedUrls(): Urls {
  const [amqp, mongodb]: ServerUrl[] = [inject('amqpUrl'), inject('mongodbUrl')];
  if (amqp === undefined || mongodb === undefined) throw new Error('nothing is provided');
  if ('skipped' in amqp || 'skipped' in mongodb) throw new Error('there are no servers');
  return { amqpUrl: amqp.url, mongodbUrl: mongodb.url };
}
