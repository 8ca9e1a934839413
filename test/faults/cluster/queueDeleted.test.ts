/** One queue is deleted under live connections: its consumers declare it again, and what it held is sent again. */
import { below } from '../../kit/crashChain.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { queuesOf } from '../../kit/cluster/queues.ts';

faultSuite({
  name: 'a queue is deleted',
  losesCommands: true,
  async strike({ cluster, random }) {
    const queues = await queuesOf(cluster);
    const names = (await queues.names()).filter((name) => !/\.(creates|commands)$/.test(name));
    const queue = names[below(random, names.length)];
    if (queue !== undefined) await queues.delete(queue);
    await queues.close();
  },
});
