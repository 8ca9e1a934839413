/** Before all tests: starts what servers the chosen files ask for by `inject('amqpUrl')`, and stops them after. */
import type {} from 'vitest';
import { readFile } from 'node:fs/promises';
import type { TestProject, Vitest } from 'vitest/node';
import { rabbitmqUrl } from './servers.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A RabbitMQ to test with, or why there is none. */
    amqpUrl: { url: string } | { skipped: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!(await isAskedFor(project, "inject('amqpUrl')"))) {
    project.provide('amqpUrl', { skipped: 'no chosen test file asks for RabbitMQ' });
    return async () => {};
  }
  const server = await rabbitmqUrl();
  project.provide('amqpUrl', 'url' in server ? { url: server.url } : server);
  return 'stop' in server ? server.stop : async () => {};
}

async function isAskedFor(project: TestProject, words: string): Promise<boolean> {
  const { testFiles } = await project.globTestFiles(chosen(project.vitest));
  const texts = await Promise.all(testFiles.map((file) => readFile(file, 'utf8')));
  return texts.some((text) => text.includes(words));
}

/** The file names on the command line, which vitest does not publish; all files when it keeps them no longer. */
function chosen(vitest: Vitest): string[] | undefined {
  const pattern: unknown = Reflect.get(vitest, 'filenamePattern');
  return Array.isArray(pattern) ? pattern.map(String) : undefined;
}
