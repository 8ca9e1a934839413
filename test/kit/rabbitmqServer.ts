/**
 * A private RabbitMQ node with its management plugin, in a temporary folder on free ports of 127.0.0.1, for tests
 * that break it. It has an epmd of its own, and all it starts is found again by that folder in its environment.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort, isListening } from './freePort.ts';
import { endAll, killAfterUs } from './processesOf.ts';

export type RabbitmqServer = {
  /** `amqp://guest:guest@127.0.0.1:port` */
  url: string;
  /** `http://guest:guest@127.0.0.1:port`, of the management UI and its API. */
  managementUrl: string;
  /** Ends it in order and starts it with the same data on the same ports. */
  restart(): Promise<void>;
  /** Ends it at once, as a power cut would; `start` brings it back. */
  kill(): Promise<void>;
  /** After `kill`; resolves when it takes connections. */
  start(): Promise<void>;
  /** Ends it for good, and deletes its data. */
  stop(): Promise<void>;
  /** `rabbitmqctl ARGS…` for this node; resolves with what it prints. */
  rabbitmqctl(...args: string[]): Promise<string>;
};

type Node = {
  folder: string;
  script: string;
  env: NodeJS.ProcessEnv;
  /** What its processes have in their environment. */
  mark: string;
  ports: readonly number[];
};

const startMs = 90_000;
const endMs = 15_000;
const run = promisify(execFile);

/** Starts a node with the `rabbitmq-server` script of a package; resolves when it takes connections. */
export async function startRabbitmq(
  script: string,
  settings: readonly string[] = [],
): Promise<RabbitmqServer> {
  const [port, managementPort] = await Promise.all([freePort(), freePort()]);
  const node = await prepare(script, { port, managementPort, settings });
  const takeBack = killAfterUs(node.mark, node.folder);
  const stop = async (): Promise<void> => {
    await endAll(node.mark, 0);
    takeBack();
    rmSync(node.folder, { recursive: true, force: true });
  };
  await start(node).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    managementUrl: `http://guest:guest@127.0.0.1:${managementPort}`,
    start: () => start(node),
    stop,
    kill: () => endAll(node.mark, 0),
    async restart() {
      await endAll(node.mark, endMs);
      await start(node);
    },
    async rabbitmqctl(...args) {
      const { stdout } = await run(join(dirname(script), 'rabbitmqctl'), args, { env: node.env });
      return stdout;
    },
  };
}

type Asked = { port: number; managementPort: number; settings: readonly string[] };

async function prepare(script: string, { port, managementPort, settings }: Asked): Promise<Node> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-rabbitmq-'));
  const [distPort, epmdPort] = await Promise.all([freePort(), freePort()]);
  const config = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${managementPort}`,
    'loopback_users = none',
    ...settings,
  ];
  writeFileSync(join(folder, 'rabbitmq.conf'), `${config.join('\n')}\n`);
  writeFileSync(join(folder, 'plugins'), '[rabbitmq_management].\n');
  const mnesia = join(folder, 'mnesia');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `millrace-test-${port}@localhost`,
    RABBITMQ_MNESIA_BASE: mnesia,
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_DIST_PORT: String(distPort),
  };
  const mark = `RABBITMQ_MNESIA_BASE=${mnesia}`;
  return { folder, script, env, mark, ports: [port, managementPort] };
}

async function start({ folder, script, env, mark, ports }: Node): Promise<void> {
  const output = join(folder, 'output.log');
  const log = openSync(output, 'w');
  const child = spawn(script, [], { env, stdio: ['ignore', log, log] });
  const until = Date.now() + startMs;
  for (const port of ports) {
    while (!(await isListening(port))) {
      if (child.exitCode === null && Date.now() < until) {
        await delay(100);
        continue;
      }
      await endAll(mark, 0);
      const said = readFileSync(output, 'utf8').slice(-2000);
      throw new Error(`RabbitMQ (${script}) does not listen on port ${port}: ${said}`);
    }
  }
}
