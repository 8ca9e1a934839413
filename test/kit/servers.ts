/** Where tests get a RabbitMQ from: the one they are given, an installed one run privately, or apt-get in CI. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { startRabbitmq } from './rabbitmqServer.ts';

const run = promisify(execFile);

/** What the Debian package brings; the wrapper in /usr/sbin insists on its own user. */
const script = '/usr/lib/rabbitmq/bin/rabbitmq-server';

export type Server = { url: string; stop(): Promise<void> };

/** A RabbitMQ for tests, or why there is none; with CI=true there must be one. */
export async function rabbitmqUrl(): Promise<Server | { skipped: string }> {
  const given = process.env['MILLRACE_TEST_AMQP_URL'];
  if (given) return { url: given, stop: async () => {} };
  const isCi = process.env['CI'] === 'true';
  if (!existsSync(script) && isCi) await install();
  if (existsSync(script)) return startRabbitmq(script);
  const skipped = 'no RabbitMQ: set MILLRACE_TEST_AMQP_URL, or install the package rabbitmq-server';
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
