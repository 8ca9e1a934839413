/**
 * A private RabbitMQ node in a temporary folder on free ports. It has an epmd of its own, and everything it
 * starts is found again by that folder in its environment, so that nothing is left after the tests.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const startMs = 60_000;

/** Starts a node; resolves when it takes connections. */
export async function startRabbitmq(
  script: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rabbitmq-'));
  const [port, distPort, epmdPort] = await Promise.all([freePort(), freePort(), freePort()]);
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}\nloopback_users = none\n`,
  );
  writeFileSync(join(folder, 'plugins'), '[].\n');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `millrace-test-${port}@localhost`,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distPort),
  };
  const log = openSync(join(folder, 'output.log'), 'w');
  const node = spawn(script, [], { env, stdio: ['ignore', log, log] });
  const killAtExit = (): void => killAll(folder, 'SIGKILL');
  process.once('exit', killAtExit);
  const stop = async (): Promise<void> => {
    process.off('exit', killAtExit);
    await end(node, folder);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(port, node);
  } catch (error) {
    const output = readFileSync(join(folder, 'output.log'), 'utf8').slice(-2000);
    await stop();
    throw new Error(`RabbitMQ (${script}) did not start: ${output}`, { cause: error });
  }
  return { url: `amqp://guest:guest@127.0.0.1:${port}`, stop };
}

async function end(node: ChildProcess, folder: string): Promise<void> {
  const ended = node.exitCode === null && node.signalCode === null ? once(node, 'exit') : undefined;
  killAll(folder, 'SIGTERM');
  await Promise.race([ended, delay(5000, undefined, { ref: false })]);
  for (let tries = 0; tries < 20 && processesOf(folder).length > 0; tries += 1) {
    killAll(folder, 'SIGKILL');
    await delay(50);
  }
}

function killAll(folder: string, signal: NodeJS.Signals): void {
  for (const pid of processesOf(folder)) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended in the meantime.
    }
  }
}

/** Processes that have the folder in their environment: the node, its helpers and its epmd. */
function processesOf(folder: string): number[] {
  const mark = `RABBITMQ_MNESIA_BASE=${join(folder, 'mnesia')}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => environmentOf(pid).includes(mark))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

async function untilListening(port: number, node: ChildProcess): Promise<void> {
  const end = Date.now() + startMs;
  while (Date.now() < end) {
    if (node.exitCode !== null) throw new Error(`it exited with ${node.exitCode}`);
    if (await isListening(port)) return;
    await delay(200);
  }
  throw new Error(`nothing listened on port ${port} within ${startMs / 1000} s`);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no free port')),
      );
    });
  });
}
