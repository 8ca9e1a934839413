/** An insert that its owner gave up waiting for reaches the store after another host has claimed the partition. */
import { setTimeout as delay } from 'node:timers/promises';
import { below } from '../../kit/crashChain.ts';
import type { Cluster } from '../../kit/cluster/cluster.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { openTcpProxy } from '../../kit/tcpProxy.ts';
import type { TcpProxy } from '../../kit/tcpProxy.ts';

let proxy: TcpProxy;

async function startBehindProxy(cluster: Cluster): Promise<void> {
  const url = new URL(cluster.mongodbUrl);
  url.port = String(proxy.port);
  await cluster.start('host-1', ['host'], { mongodbUrl: url.toString() });
}

faultSuite({
  name: 'an insert lands late',
  async open(cluster) {
    proxy = await openTcpProxy(cluster.mongodbUrl);
    await Promise.all([
      startBehindProxy(cluster),
      cluster.start('host-2', ['gateway', 'host', 'tracker']),
      cluster.start('worker-1', ['worker']),
    ]);
  },
  /** What host-1 has sent when it dies stays on its way until host-2 owns everything. */
  async strike({ cluster, random }) {
    proxy.drop();
    await delay(below(random, 200));
    await cluster.signal('host-1', 'SIGKILL');
    await cluster.ownedByOthers('host-1');
    proxy.pass();
    await startBehindProxy(cluster);
  },
  close: () => proxy.close(),
});
