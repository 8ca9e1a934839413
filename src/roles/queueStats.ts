/** The counts of RabbitMQ's queues, where the configuration says who tells them. */
import type { Config } from '../config.ts';
import type { QueueStats } from '../ports/queueStats.ts';

/** Undefined without a `managementUrl`: then a purged queue is found only by what comes back. */
export async function queueStatsOf({
  managementUrl,
  amqpUrl,
  prefix,
}: Config): Promise<QueueStats | undefined> {
  if (managementUrl === undefined || amqpUrl === undefined) return undefined;
  const { openManagement } = await import('../adapters/rabbitmq/management.ts');
  const vhost = decodeURIComponent(new URL(amqpUrl).pathname.slice(1)) || '/';
  return openManagement({ url: managementUrl, vhost, prefix });
}
