/**
 * Where tests get a MongoDB from: the one they are given, an installed one or FerretDB run privately, Docker
 * Compose, or FerretDB built now. One that a test starts for itself it may freeze, kill and restart.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildFerretdb, builtFerretdb } from './ferretdbProgram.ts';

const run = promisify(execFile);
const startMs = 30_000;

export type MongodbServer = {
  url: string;
  /** Stops it for good; its data are gone. */
  stop(): Promise<void>;
  /** It neither answers nor ends, until it is continued. */
  freeze(): void;
  continue(): void;
  /** Ends it at once, as a crash does; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on its port and data, after it has ended or by ending it. */
  restart(): Promise<void>;
};

type Skipped = { skipped: string };

/** The MongoDB that tests share, or why there is none; with CI=true there must be one. */
export async function mongodbUrl(): Promise<Pick<MongodbServer, 'url' | 'stop'> | Skipped> {
  const given = process.env['MILLRACE_TEST_MONGODB_URL'];
  if (given) return { url: given, stop: async () => {} };
  const program = installed();
  if (program !== undefined) return startProgram(program);
  return (await startCompose()) ?? built();
}

/** A MongoDB of the caller's own, to be broken; or why there is none. */
export async function ownMongodb(): Promise<MongodbServer | Skipped> {
  const program = installed();
  return program === undefined ? built() : startProgram(program);
}

async function built(): Promise<MongodbServer | Skipped> {
  const ferretdb = await buildFerretdb();
  if (ferretdb !== undefined) return startProgram(ferretdbArgs(ferretdb));
  const skipped =
    'no MongoDB: set MILLRACE_TEST_MONGODB_URL, or install mongod, or Go to build FerretDB with';
  if (process.env['CI'] === 'true') throw new Error(skipped);
  return { skipped };
}

/** The command line of a server on a port of the loopback interface, with its data in a folder. */
type Program = (place: { port: number; folder: string }) => string[];

function installed(): Program | undefined {
  const mongod = found('mongod');
  if (mongod !== undefined)
    return ({ port, folder }) => [
      mongod,
      '--dbpath',
      folder,
      '--port',
      String(port),
      '--bind_ip',
      '127.0.0.1',
    ];
  const ferretdb = builtFerretdb();
  return ferretdb === undefined ? undefined : ferretdbArgs(ferretdb);
}

function ferretdbArgs(path: string): Program {
  return ({ port, folder }) => [
    path,
    '-until-eof',
    '-data',
    folder,
    '-listen',
    `127.0.0.1:${port}`,
  ];
}

function found(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function startProgram(program: Program): Promise<MongodbServer> {
  const home = mkdtempSync(join(tmpdir(), 'millrace-mongodb-'));
  const folder = mkdtempSync(join(home, 'data-'));
  const port = await freePort();
  const log = join(home, 'output.log');
  let server = await started(program({ port, folder }), port, log);
  const killAtExit = (): void => void server.kill('SIGKILL');
  process.once('exit', killAtExit);
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => ended(server, signal);
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    freeze: () => void server.kill('SIGSTOP'),
    continue: () => void server.kill('SIGCONT'),
    kill: () => kill(),
    async restart() {
      await kill('SIGTERM');
      server = await started(program({ port, folder }), port, log);
    },
    async stop() {
      process.off('exit', killAtExit);
      await kill('SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function started(
  [command = '', ...args]: string[],
  port: number,
  log: string,
): Promise<ChildProcess> {
  const output = openSync(log, 'a');
  const server = spawn(command, args, { stdio: ['pipe', output, output] });
  const end = Date.now() + startMs;
  while (!(await isListening(port))) {
    if (server.exitCode !== null || Date.now() > end) {
      server.kill('SIGKILL');
      throw new Error(`${command} did not start: ${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    await delay(20);
  }
  return server;
}

async function ended(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exit = once(server, 'exit');
  server.kill(signal);
  // A frozen one hears of it only when it goes on.
  server.kill('SIGCONT');
  const late = delay(5000, undefined, { ref: false }).then(() => server.kill('SIGKILL'));
  await Promise.race([exit, late]);
  await exit;
}

const composeFile = fileURLToPath(new URL('mongodb.compose.yml', import.meta.url));

/** By Docker Compose, under a project of its own; undefined where that does not run. */
async function startCompose(): Promise<Pick<MongodbServer, 'url' | 'stop'> | undefined> {
  if (found('docker') === undefined) return undefined;
  const port = await freePort();
  const env = { ...process.env, MILLRACE_TEST_MONGODB_PORT: String(port) };
  const compose = (...args: string[]) =>
    run('docker', ['compose', '-p', `millrace-test-${port}`, '-f', composeFile, ...args], { env });
  try {
    await run('docker', ['info'], { timeout: 10_000 });
    await compose('up', '--detach', '--wait');
  } catch {
    return undefined;
  }
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    stop: async () => {
      await compose('down', '--volumes');
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
