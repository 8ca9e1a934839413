/** All queues of the deployment are deleted in the middle of work, with two hosts: the store repairs the broker. */
import { faultSuite } from '../../kit/cluster/faults.ts';
import { queuesOf } from '../../kit/cluster/queues.ts';

faultSuite({
  name: 'the broker is wiped',
  losesCommands: true,
  async strike({ cluster }) {
    const queues = await queuesOf(cluster);
    for (const queue of await queues.names()) await queues.delete(queue);
    await queues.close();
  },
});
