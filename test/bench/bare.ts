/**
 * What RabbitMQ allows: the starts and answers of chains between two processes, through the same adapter, and
 * nothing else. No machine, journal, news or tracker; what millrace costs beyond it is its own.
 */
import { once } from 'node:events';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import type { Broker, Delivery } from '../../src/ports/broker.ts';
import { defaultPartitions, exchanges, partitionKey } from '../../src/protocol/topology.ts';
import { partitionOf, partitionQueue } from '../../src/protocol/topology.ts';
import { silentLog } from '../kit/silentLog.ts';
import type { Children } from './children.ts';

export type Bare = {
  /** Milliseconds from the first start to the last answer. */
  run(chains: number, steps: number): Promise<number>;
  close(): Promise<void>;
};

export async function openBare(children: Children, url: string): Promise<Bare> {
  const prefix = 'bench-bare';
  const partitions = defaultPartitions.sqlite;
  const worker = children.start('bare', { url, prefix, partitions });
  await worker.next();
  const broker = await openRabbitmqBroker({ url, prefix, name: 'bare', log: silentLog() });
  let onAnswer = (_delivery: Delivery): void => undefined;
  for (let partition = 0; partition < partitions; partition += 1) {
    const channel = await broker.consume(partitionQueue(partition), {
      prefetch: 200,
      onDelivery(delivery) {
        channel.ackUpTo(delivery.tag);
        onAnswer(delivery);
      },
      onClosed: () => undefined,
    });
  }
  return {
    run: (chains, steps) =>
      new Promise((resolve) => {
        const begun = performance.now();
        let left = chains;
        onAnswer = ({ properties: { headers = {} } }) => {
          const { group = '', to = '' } = headers;
          const done = Number(to.slice('job/'.length)) + 1;
          if (done < steps) start(broker, group, done);
          else if ((left -= 1) === 0) resolve(performance.now() - begun);
        };
        for (let n = 0; n < chains; n += 1) start(broker, `line-01J9ZQ3W8K-${n}`, 0);
      }),
    async close() {
      await broker.close();
      worker.process.kill('SIGTERM');
      await once(worker.process, 'exit');
    },
  };
}

/** As a host sends it. */
function start(broker: Broker, group: string, job: number): void {
  const to = `job/${job}`;
  const routingKey = partitionKey(partitionOf(group, defaultPartitions.sqlite));
  const startId = `${group}/${to}/run/1`;
  const about = { requestId: group, jobId: `step-${job}`, jobType: 'step' };
  const answer = { group, to, key: 'run', routingKey };
  const numbers = { claim: 1, attempt: 1, resumption: 0 };
  const given = { args: {}, data: [], results: { step: [null] } };
  void broker.publish({
    exchange: exchanges.jobs,
    routingKey: 'step',
    properties: { messageId: startId, type: 'attempt.start', timestamp: 0 },
    body: JSON.stringify({ startId, ...numbers, ...about, answer, ...given }),
  });
}
