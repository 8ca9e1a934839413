/** A host is frozen (SIGSTOP) past the failover, and continued: it is fenced, and does no harm. */
import { faultSuite } from '../../kit/cluster/faults.ts';

faultSuite({
  name: 'a host is frozen past the failover',
  isLong: true,
  together: 5,
  async strike({ cluster }) {
    const { name } = await cluster.owner();
    await cluster.signal(name, 'SIGSTOP');
    await cluster.ownedByOthers(name);
    await cluster.signal(name, 'SIGCONT');
  },
});
