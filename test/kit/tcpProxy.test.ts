/** The proxy of the fault tests does to a connection what it says. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from './eventually.ts';
import { openTcpProxy, type TcpProxy } from './tcpProxy.ts';

let echo: Server;
let proxy: TcpProxy;
let client: Socket;
let got: string;
let ended: boolean;

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes) => socket.write(bytes)).on('error', () => undefined);
    socket.on('end', () => socket.end('bye'));
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  proxy = await openTcpProxy(`127.0.0.1:${port}`);
  client = await opened();
});

afterEach(async () => {
  client.destroy();
  await proxy.close();
  echo.close();
});

async function opened(): Promise<Socket> {
  got = '';
  ended = false;
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('data', (bytes) => (got += bytes.toString())).on('error', () => undefined);
  socket.on('end', () => (ended = true));
  await once(socket, 'connect');
  await eventually(() => expect(proxy.connections).toBe(1));
  return socket;
}

/** Also after an error. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

it('passes bytes both ways', async () => {
  client.write('hello');
  await eventually(() => expect(got).toBe('hello'));
});

it('is silent while it drops, and brings what was sent when it passes again', async () => {
  proxy.drop();
  client.write('late');
  const other = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  await eventually(() => expect(proxy.connections).toBe(2));
  const isClosed = closed(other);
  other.destroy();
  await isClosed;
  expect([got, proxy.connections]).toEqual(['', 2]);
  proxy.pass();
  await eventually(() => expect([got, proxy.connections]).toEqual(['late', 1]));
});

it('delays every piece and keeps their order', async () => {
  proxy.delay(100);
  const start = Date.now();
  client.write('a');
  client.write('b');
  await eventually(() => expect(got).toBe('ab'));
  expect(Date.now() - start).toBeGreaterThanOrEqual(190);
});

it('closes one direction alone: the other still brings bytes', async () => {
  client.write('hello');
  await eventually(() => expect(got).toBe('hello'));
  proxy.halfClose();
  await eventually(() => expect(got).toBe('hellobye'));
  await eventually(() => expect(ended).toBe(true));
});

it('cuts what is open and takes new connections', async () => {
  const isClosed = closed(client);
  proxy.cut();
  await isClosed;
  expect(proxy.connections).toBe(0);
  client = await opened();
  client.write('again');
  await eventually(() => expect(got).toBe('again'));
});

it('refuses new connections until it is told to accept', async () => {
  proxy.refuse();
  const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  await closed(refused);
  proxy.accept();
  proxy.cut();
  client = await opened();
  client.write('in');
  await eventually(() => expect(got).toBe('in'));
});
