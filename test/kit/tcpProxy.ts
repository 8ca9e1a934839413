/**
 * A TCP proxy that a test puts between a process and a server, and that then behaves as networks do: it passes,
 * is silent, delays, closes one direction, or cuts. What it does holds for open and for new connections.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  port: number;
  /** As a wire: bytes go through, those that are being delayed in their time. */
  pass(): void;
  /**
   * Nothing arrives, in either direction, and nobody is told, not even of an end. What was sent meanwhile
   * arrives when it passes again, as TCP sends it again.
   */
  drop(): void;
  /** Each piece of data arrives so much later, in order. */
  delay(ms: number): void;
  /** Tells the server that the clients' side has ended, and goes on passing what the server sends; `'client'`: the other way. */
  halfClose(toward?: 'server' | 'client'): void;
  /** Resets all connections; new ones are taken. */
  cut(): void;
  /** Takes no new connections until `accept`: they are reset. */
  refuse(): void;
  accept(): void;
  /** Connections that are open now. */
  readonly connections: number;
  close(): Promise<void>;
};

type Pair = { client: Socket; server: Socket };
type Mode = { kind: 'pass' } | { kind: 'drop' } | { kind: 'delay'; ms: number };

/** Listens on a free port of 127.0.0.1 and connects to `target` (`host:port`, or a URL) for each connection. */
export async function openTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port: targetPort } = new URL(
    target.includes('://') ? target : `tcp://${target}`,
  );
  const pairs = new Set<Pair>();
  let mode: Mode = { kind: 'pass' };
  let isRefusing = false;
  const waiting: (() => void)[] = [];

  const become = (next: Mode): void => {
    mode = next;
    for (const go of waiting.splice(0)) go();
  };

  const listener = createServer({ allowHalfOpen: true }, (client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ host: hostname, port: Number(targetPort), allowHalfOpen: true });
    const pair = { client, server };
    pairs.add(pair);
    join(client, server, () => cutPair(pair));
    join(server, client, () => cutPair(pair));
    for (const socket of [client, server]) socket.setNoDelay(true);
  });

  /** Bytes and the end of one direction, in order; `cut` when nothing can follow. */
  function join(from: Socket, to: Socket, cut: () => void): void {
    let last = Promise.resolve();
    const forward = (act: () => unknown): void => {
      const due = Date.now() + (mode.kind === 'delay' ? mode.ms : 0);
      last = last
        .then(() => untilTime(due))
        .then(untilPassing)
        .then(() => void act());
    };
    from.on('data', (bytes) => forward(() => to.writable && to.write(bytes)));
    from.on('end', () => forward(() => to.end()));
    from.on('error', () => undefined);
    from.on('close', () => forward(cut));
  }

  async function untilPassing(): Promise<void> {
    while (mode.kind === 'drop') await new Promise<void>((resolve) => waiting.push(resolve));
  }

  function cutPair(pair: Pair): void {
    if (!pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }

  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    port: address.port,
    pass: () => become({ kind: 'pass' }),
    drop: () => become({ kind: 'drop' }),
    delay: (ms) => become({ kind: 'delay', ms }),
    halfClose: (toward = 'server') => pairs.forEach((pair) => pair[toward].end()),
    cut: () => pairs.forEach(cutPair),
    refuse: () => void (isRefusing = true),
    accept: () => void (isRefusing = false),
    get connections() {
      return pairs.size;
    },
    async close() {
      become({ kind: 'pass' });
      pairs.forEach(cutPair);
      listener.close();
      await once(listener, 'close');
    },
  };
}

function untilTime(due: number): Promise<void> | undefined {
  const ms = due - Date.now();
  if (ms <= 0) return undefined;
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
