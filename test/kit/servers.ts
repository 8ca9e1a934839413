/**
 * Where tests get a RabbitMQ from. Those that only use one take the one in the environment; those that break it
 * get their own: an installed one run privately, one in Docker Compose, or, under CI=true, apt-get's.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCompose, startRabbitmqInDocker } from './rabbitmqCompose.ts';
import { startRabbitmq, type RabbitmqServer } from './rabbitmqServer.ts';

const run = promisify(execFile);

/** What the Debian package brings; the wrapper in /usr/sbin insists on its own user. */
const script = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export type Skipped = { skipped: string };

/** A RabbitMQ for tests to share, or why there is none; with CI=true there must be one. */
export async function rabbitmqUrl(): Promise<{ url: string; stop(): Promise<void> } | Skipped> {
  const given = process.env['MILLRACE_TEST_AMQP_URL'];
  return given ? { url: given, stop: async () => {} } : ownRabbitmq();
}

/** A RabbitMQ that the test may break and has to `stop`, up in some 5 s; or why there is none. */
export async function ownRabbitmq(
  /** Lines of rabbitmq.conf, for one that is installed. */
  settings: readonly string[] = [],
): Promise<RabbitmqServer | Skipped> {
  if (existsSync(script)) return startRabbitmq(script, settings);
  if (await hasCompose()) return startRabbitmqInDocker();
  const isCi = process.env['CI'] === 'true';
  if (isCi) await install();
  if (existsSync(script)) return startRabbitmq(script);
  const skipped =
    'no RabbitMQ to run: install the package rabbitmq-server or Docker Compose; suites that break none also take MILLRACE_TEST_AMQP_URL';
  if (isCi) throw new Error(skipped);
  return { skipped };
}

async function install(): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  await root([...sudo, 'apt-get', 'update'], env);
  await root([...sudo, 'apt-get', 'install', '-y', 'rabbitmq-server'], env);
  // The package starts a service of its own, where there is something to start services with.
  await root([...sudo, 'service', 'rabbitmq-server', 'stop'], env).catch(() => {});
}

async function root([command = '', ...args]: string[], env: NodeJS.ProcessEnv): Promise<void> {
  await run(command, args, { env, maxBuffer: 64 * 1024 * 1024 });
}
