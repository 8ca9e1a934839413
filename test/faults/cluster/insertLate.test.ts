/** An insert that its owner gave up waiting for reaches the store after another host has claimed the partition. */
import { faultSuite } from '../../kit/cluster/faults.ts';
import { openTcpProxy } from '../../kit/tcpProxy.ts';
import type { TcpProxy } from '../../kit/tcpProxy.ts';

let proxy: TcpProxy;

faultSuite({
  name: 'an insert lands late',
  async open(cluster) {
    const url = new URL(cluster.mongodbUrl);
    proxy = await openTcpProxy(cluster.mongodbUrl);
    url.port = String(proxy.port);
    await Promise.all([
      cluster.start('host-1', ['host'], { mongodbUrl: url.toString() }),
      cluster.start('host-2', ['gateway', 'host', 'tracker']),
      cluster.start('worker-1', ['worker']),
    ]);
  },
  /** What host-1 sends from now on stays on its way until host-2 owns everything. */
  async strike({ cluster }) {
    proxy.drop();
    await cluster.ownedByOthers('host-1');
    proxy.pass();
  },
  close: () => proxy.close(),
});
