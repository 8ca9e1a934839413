/** A host is killed (SIGKILL) while it owns partitions; the other goes on with them. */
import { faultSuite } from '../../kit/cluster/faults.ts';

faultSuite({
  name: 'a host is killed',
  async strike({ cluster }) {
    const { name, roles } = await cluster.owner();
    await cluster.signal(name, 'SIGKILL');
    await cluster.start(name, [...roles]);
  },
});
