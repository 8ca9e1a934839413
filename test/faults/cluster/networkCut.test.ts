/** The network between one host and the broker drops, delays, half-closes or is cut: the other host takes over, or it goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import { below } from '../../kit/crashChain.ts';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { openTcpProxy } from '../../kit/tcpProxy.ts';
import type { TcpProxy } from '../../kit/tcpProxy.ts';

let proxy: TcpProxy;

/** How long the network is bad, and how. */
const harms: ((proxy: TcpProxy) => void)[] = [
  (each) => each.drop(),
  (each) => each.delay(300),
  (each) => each.halfClose(),
  (each) => each.cut(),
];

faultSuite({
  name: 'the network to the broker is bad',
  async open(cluster) {
    const url = new URL(cluster.amqpUrl);
    proxy = await openTcpProxy(cluster.amqpUrl);
    url.port = String(proxy.port);
    url.hostname = '127.0.0.1';
    await Promise.all([
      cluster.start('host-1', ['gateway', 'host', 'tracker'], { amqpUrl: url.toString() }),
      cluster.start('host-2', ['gateway', 'host', 'tracker']),
      cluster.start('worker-1', ['worker'], { amqpUrl: url.toString() }),
      cluster.start('worker-2', ['worker']),
    ]);
  },
  async strike({ random, seed }) {
    harms[seed % harms.length]?.(proxy);
    await delay(500 + below(random, 2500));
    proxy.pass();
  },
  close: () => proxy.close(),
});
