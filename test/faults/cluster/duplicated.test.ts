/** Every message to partitions comes twice or three times, later and in another order. */
import { below } from '../../kit/crashChain.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { openEcho } from '../../kit/cluster/echo.ts';

faultSuite({
  name: 'messages come twice and out of order',
  async strike({ cluster, random, chains }) {
    const echo = await openEcho(cluster, () => below(random, 300));
    await cluster.ended(chains);
    await echo.close();
  },
});
