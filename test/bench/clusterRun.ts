/**
 * Program of the benchmark `cluster`: some roles of a deployment over RabbitMQ. It starts chains when it is
 * told to, and tells how long they took; it tells when its first handler began, and what it has counted.
 */
import { pino } from 'pino';
import { z } from 'zod';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { JobHandle } from '../../src/index.ts';
import { portsOf } from '../../src/roles/ports.ts';
import type { Ports } from '../../src/roles/ports.ts';
import { RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { MongoStore } from '../../src/adapters/mongodb/store.ts';
import type { Store } from '../../src/ports/store.ts';
import { toConfig } from '../../src/config.ts';
import { ordered, tell } from './orders.ts';

const { slowMs, ...options } = z
  .looseObject({
    roles: z.array(z.enum(['gateway', 'host', 'worker', 'tracker', 'api'])),
    amqpUrl: z.string(),
    mongodbUrl: z.string().exactOptional(),
    prefix: z.string(),
    data: z.string(),
    /** Of a step; default none. */
    slowMs: z.number().default(0),
  })
  .parse(ordered());

const wanted = z.discriminatedUnion('do', [
  z.object({ do: z.literal('run'), chains: z.number(), steps: z.number() }),
  z.object({ do: z.literal('start'), chains: z.number(), steps: z.number() }),
  z.object({ do: z.literal('count') }),
  z.object({ do: z.literal('watch') }),
]);

let isWatched = false;

const step = defineJob({
  type: 'step',
  args: z.object({}),
  async run() {
    if (isWatched) tell({ at: performance.timeOrigin + performance.now() });
    isWatched = false;
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
  },
});

const line = defineChain({
  type: 'line',
  args: z.object({ steps: z.number() }),
  plan({ args, job }) {
    let before: JobHandle | undefined;
    for (let n = 0; n < args.steps; n += 1)
      before = job(step, {}, before === undefined ? {} : { after: before });
  },
});

const config = { ...options, jobs: [step], chains: [line], concurrency: 100 };
let broker: RabbitmqBroker | undefined;
let store: Store | undefined;
const ports = portsOf(toConfig(config), { log: pino({ level: 'silent' }) });
const counted: Partial<Ports> = {
  ...ports,
  openBroker: async (of) => {
    const opened = await ports.openBroker(of);
    if (opened instanceof RabbitmqBroker) broker = opened;
    return opened;
  },
  openStore: async (of) => (store = await ports.openStore(of)),
};
const millrace = createMillrace(config, counted);

async function start(chains: number, steps: number): Promise<() => Promise<void>> {
  const requests = await Promise.all(
    Array.from({ length: chains }, () => millrace.client.start(line, { steps })),
  );
  return async () => {
    await Promise.all(requests.map((request) => request.finished()));
  };
}

async function obey(message: unknown): Promise<void> {
  const order = wanted.parse(message);
  switch (order.do) {
    case 'run': {
      const before = performance.now();
      const finished = await start(order.chains, order.steps);
      await finished();
      tell({ ms: performance.now() - before });
      break;
    }
    case 'start':
      await start(order.chains, order.steps);
      tell({ started: order.chains });
      break;
    case 'count':
      tell({
        published: broker?.stats().messages ?? 0,
        ...(store instanceof MongoStore && store.stats()),
      });
      break;
    case 'watch':
      isWatched = true;
      tell({ watched: true });
  }
}

process.on('message', (message) => void obey(message));
process.once('SIGTERM', () => {
  void millrace.stop().then(() => process.exit(0));
});
await millrace.start();
tell({ started: 0 });
