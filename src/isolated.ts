/** The program that an isolated job's process runs: finds the job's definition where its parent says. */
import { systemClock } from './adapters/systemClock.ts';
import { loadConfig } from './config.ts';
import type { JobDefinition } from './definitions.ts';
import { onOffered } from './offer.ts';
import { messageOf, MillraceError } from './protocol/errors.ts';
import { serveIsolated } from './worker/isolatedChild.ts';
import type { DefinitionsSource } from './worker/isolatedMessages.ts';

serveIsolated({ clock: systemClock, load });

async function load(source: DefinitionsSource, type: string): Promise<JobDefinition> {
  const { configFile, definitions = '' } = source;
  const jobs = configFile === undefined ? await inModule(definitions) : await inConfig(configFile);
  const job = jobs.find((each) => each.type === type);
  if (job !== undefined) return job;
  const where = configFile ?? definitions;
  throw new MillraceError('config', `${where} defines no job "${type}"; export it there`);
}

async function inConfig(configFile: string): Promise<readonly JobDefinition[]> {
  const config = await loadConfig({ config: configFile }, { millrace: () => import('./index.ts') });
  return config.jobs;
}

/** Those that the module exports, by themselves or in its options, or else gives to createMillrace. */
async function inModule(url: string): Promise<JobDefinition[]> {
  const offered = new Promise<JobDefinition[]>((resolve) =>
    onOffered(({ jobs = [] }) => resolve([...jobs])),
  );
  const exported = import(url).then(
    (module: Record<string, unknown>) => Object.values(module).flatMap(jobsIn),
    (cause: unknown) => {
      throw new MillraceError('config', `${url} does not load: ${messageOf(cause)}`, { cause });
    },
  );
  return Promise.race([offered, exported]);
}

function jobsIn(exported: unknown): JobDefinition[] {
  if (typeof exported !== 'object' || exported === null) return [];
  if ('kind' in exported && exported.kind === 'job') return [exported as JobDefinition];
  if (Array.isArray(exported)) return exported.flatMap(jobsIn);
  return 'jobs' in exported ? jobsIn(exported.jobs) : [];
}
