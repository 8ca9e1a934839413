/** Program of the benchmark `cluster`: a worker that does nothing but answer each start through the broker's adapter. */
import { z } from 'zod';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { attemptStartSchema } from '../../src/protocol/attempts.ts';
import { baseTopology, exchanges, jobQueue, jobTopology } from '../../src/protocol/topology.ts';
import { silentLog } from '../kit/silentLog.ts';
import { ordered, tell } from './orders.ts';

const { url, prefix, partitions } = z
  .object({ url: z.string(), prefix: z.string(), partitions: z.number() })
  .parse(ordered());

const startSchema = attemptStartSchema.pick({ startId: true, answer: true });

const broker = await openRabbitmqBroker({ url, prefix, name: 'bare', log: silentLog() });
await broker.declare(baseTopology(partitions));
await broker.declare(jobTopology('step'));
const channel = await broker.consume(jobQueue('step'), {
  prefetch: 200,
  onDelivery({ body, tag }) {
    const { startId, answer } = startSchema.parse(JSON.parse(body));
    const { group, to, key, routingKey } = answer;
    const headers = { group, to, from: 'worker' };
    const properties = { messageId: `${startId}/1`, type: 'attempt.succeeded', timestamp: 0 };
    const answered = broker.publish({
      exchange: exchanges.results,
      routingKey,
      properties: { ...properties, headers },
      body: JSON.stringify({ key, attempt: 1 }),
    });
    void answered.then(() => channel.ack(tag));
  },
  onClosed: () => undefined,
});
process.once('SIGTERM', () => {
  void broker.close().then(() => process.exit(0));
});
tell({ ready: true });
