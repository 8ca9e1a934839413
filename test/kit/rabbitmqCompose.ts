/** A private RabbitMQ in Docker, from docker-compose.yml under a project name and on ports of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';
import type { RabbitmqServer } from './rabbitmqServer.ts';

const run = promisify(execFile);
const file = new URL('../../docker-compose.yml', import.meta.url).pathname;

/** Whether there is a Docker with Compose that answers. */
export function hasCompose(): Promise<boolean> {
  return run('docker', ['compose', 'ls']).then(
    () => true,
    () => false,
  );
}

/** Starts a container; resolves when it is healthy. */
export async function startRabbitmqInDocker(): Promise<RabbitmqServer> {
  const [port, managementPort] = await Promise.all([freePort(), freePort()]);
  const env = {
    ...process.env,
    MILLRACE_DEV_USER: 'guest',
    MILLRACE_DEV_PASSWORD: 'guest',
    MILLRACE_DEV_AMQP_PORT: String(port),
    MILLRACE_DEV_MANAGEMENT_PORT: String(managementPort),
  };
  const compose = async (...args: string[]): Promise<string> => {
    const project = ['compose', '-f', file, '-p', `millrace-test-${port}`];
    return (await run('docker', [...project, ...args], { env })).stdout;
  };
  const told = async (...args: string[]): Promise<void> => {
    await compose(...args);
  };
  const start = (): Promise<void> => told('up', '-d', '--wait', 'rabbitmq');
  await start();
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    managementUrl: `http://guest:guest@127.0.0.1:${managementPort}`,
    start,
    stop: () => told('down', '-v'),
    kill: () => told('kill', 'rabbitmq'),
    async restart() {
      await compose('stop', 'rabbitmq');
      await start();
    },
    rabbitmqctl: (...args) => compose('exec', '-T', 'rabbitmq', 'rabbitmqctl', ...args),
  };
}
