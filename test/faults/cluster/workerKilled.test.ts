/** A worker is killed (SIGKILL) in the middle of attempts; they are run again by others. */
import { below } from '../../kit/crashChain.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';

faultSuite({
  name: 'a worker is killed',
  async strike({ cluster, random }) {
    const name = `worker-${1 + below(random, 2)}`;
    await cluster.signal(name, 'SIGKILL');
    await cluster.start(name, ['worker']);
  },
});
