/** Before all tests: starts what servers the chosen files ask for, as by `inject('amqpUrl')`, and stops them after. */
import type {} from 'vitest';
import { readFile } from 'node:fs/promises';
import type { TestProject, Vitest } from 'vitest/node';
import { mongodbUrl } from './mongodbServer.ts';
import { rabbitmqUrl } from './servers.ts';

type Provided = { url: string } | { skipped: string };

declare module 'vitest' {
  export interface ProvidedContext {
    /** A RabbitMQ to test with, or why there is none. */
    amqpUrl: Provided;
    /** A MongoDB, or a server that speaks its protocol. */
    mongodbUrl: Provided;
  }
}

const servers = { amqpUrl: rabbitmqUrl, mongodbUrl };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const names = ['amqpUrl', 'mongodbUrl'] as const;
  const stops = await Promise.all(names.map((name) => provide(project, name)));
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Resolves with what stops the server, if it was started. */
async function provide(
  project: TestProject,
  name: keyof typeof servers,
): Promise<() => Promise<void>> {
  if (!(await isAskedFor(project, [`inject('${name}')`, '/kit/cluster/']))) {
    project.provide(name, { skipped: 'no chosen test file asks for it' });
    return async () => {};
  }
  const server = await servers[name]();
  project.provide(name, 'url' in server ? { url: server.url } : server);
  return 'stop' in server ? server.stop : async () => {};
}

async function isAskedFor(project: TestProject, words: readonly string[]): Promise<boolean> {
  const { testFiles } = await project.globTestFiles(chosen(project.vitest));
  const texts = await Promise.all(testFiles.map((file) => readFile(file, 'utf8')));
  return texts.some((text) => words.some((word) => text.includes(word)));
}

/** The file names on the command line, which vitest does not publish; all files when it keeps them no longer. */
function chosen(vitest: Vitest): string[] | undefined {
  const pattern: unknown = Reflect.get(vitest, 'filenamePattern');
  return Array.isArray(pattern) ? pattern.map(String) : undefined;
}
