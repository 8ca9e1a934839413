/**
 * Environment and `millrace.config.ts` → one validated, frozen Config. The only place that reads
 * `process.env`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { ActorDefinition } from './runtime/actor.ts';
import type { ChainDefinition, JobDefinition } from './definitions.ts';
import { messageOf, MillraceError } from './protocol/errors.ts';
import { defaultPartitions } from './protocol/topology.ts';

export type Config = {
  readonly jobs: readonly JobDefinition[];
  readonly chains: readonly ChainDefinition[];
  readonly actors: readonly ActorDefinition[];
  /** Folder of the data; default `.millrace` in the working directory. */
  readonly data: string;
  /** Partitions of a new store; one that exists keeps its number. Default 16. */
  readonly partitions: number;
  /** Jobs that run at a time in this process; default 50. */
  readonly concurrency: number;
  /**
   * How long a handler or a program may take to end once it is told to; default 8,000: less than the 10 s
   * after which a stop counts a job that has not answered as failed (specification 12.7).
   */
  readonly graceMs: number;
  /** URL of the module whose jobs an isolated job's process looks through: `import.meta.url` of the one that calls createMillrace, or one that exports them. */
  readonly definitions?: string;
  /** Path of the file that all this was read from; the command line's, which needs no `definitions`. */
  readonly configFile?: string;
};

/** What `createMillrace` and the default export of `millrace.config.ts` take. */
export type MillraceOptions = Partial<Omit<Config, 'actors' | 'jobs' | 'chains'>> & {
  jobs?: readonly JobDefinition[];
  chains?: readonly ChainDefinition[];
  actors?: readonly ActorDefinition[];
};

const fileName = 'millrace.config';

const definition = (kind: 'job' | 'chain', maker: string) =>
  z.custom<object>(
    (value) =>
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind,
    `must be made with ${maker}`,
  );

const configSchema = z.strictObject({
  jobs: z.array(definition('job', 'defineJob')).default([]),
  chains: z.array(definition('chain', 'defineChain')).default([]),
  actors: z.array(z.custom<object>((value) => typeof value === 'object')).default([]),
  data: z.string().min(1).default('.millrace'),
  partitions: z.int().min(1).max(1024).default(defaultPartitions),
  concurrency: z.int().min(1).max(10_000).default(50),
  graceMs: z.int().min(0).default(8_000),
  definitions: z.url({ protocol: /^file$/ }).exactOptional(),
  configFile: z.string().exactOptional(),
});

/** Checks options and fills in the defaults. Throws MillraceError `config`, naming every misfit. */
export function toConfig(options: MillraceOptions, from = 'createMillrace'): Config {
  const parsed = configSchema.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`,
    );
    throw new MillraceError('config', `${from}: ${problems.join('; ')}`);
  }
  refuseTwins('job', options.jobs ?? []);
  refuseTwins('chain', options.chains ?? []);
  refuseUnfound(options);
  const { data } = parsed.data;
  return Object.freeze({ ...parsed.data, ...definitionsOf(options), data: resolve(data) });
}

/** The schema proved their kinds; their exact types are the user's. */
function definitionsOf({ jobs = [], chains = [], actors = [] }: MillraceOptions) {
  return { jobs, chains, actors };
}

/** The process of an isolated job has to find its definition again. */
function refuseUnfound({ jobs = [], definitions, configFile }: MillraceOptions): void {
  const isolated = jobs.find(({ isolate }) => isolate === true);
  if (isolated === undefined || definitions !== undefined || configFile !== undefined) return;
  throw new MillraceError(
    'config',
    `job "${isolated.type}" is isolated, and its process cannot know where it is defined; say it: createMillrace({ definitions: import.meta.url, … })`,
  );
}

function refuseTwins(thing: string, definitions: readonly { type: string }[]): void {
  const seen = new Map<string, { type: string }>();
  for (const definition of definitions) {
    const twin = seen.get(definition.type);
    if (twin !== undefined && twin !== definition) {
      throw new MillraceError(
        'config',
        `two ${thing}s have the type "${definition.type}"; rename one`,
      );
    }
    seen.set(definition.type, definition);
  }
}

export type ConfigFlags = {
  /** Path of the configuration; default: `millrace.config.*` in the working directory. */
  config?: string;
  /** `--data`; goes before MILLRACE_DATA, which goes before the file. */
  data?: string;
};

/** The program's configuration. Throws MillraceError `config` with the file and what is wrong in it. */
export async function loadConfig(flags: ConfigFlags = {}, modules: Modules = {}): Promise<Config> {
  const file = await readFile(flags.config, modules);
  const data = flags.data ?? process.env['MILLRACE_DATA'];
  const { options, path, configFile } = file;
  return toConfig({ ...options, ...(data !== undefined && { data }), ...configFile }, path);
}

/** Only the data folder: for commands that read a store and need no definitions. */
export function dataFolder(flags: ConfigFlags): string | undefined {
  return flags.data ?? process.env['MILLRACE_DATA'];
}

/** What child processes are given. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** What the configuration's `import 'millrace'` is given: this very copy, wherever the file lies. */
type Modules = { millrace?: () => Promise<object> };

async function readFile(
  path: string | undefined,
  modules: Modules,
): Promise<{ options: MillraceOptions; path: string; configFile?: { configFile: string } }> {
  if (path !== undefined && !existsSync(path)) {
    throw new MillraceError(
      'config',
      `there is no ${path}; name the configuration with --config FILE`,
    );
  }
  if (path === undefined && !hasFile()) return { options: {}, path: fileName };
  try {
    const { loadConfig: loadFile } = await import('c12');
    const millrace = await modules.millrace?.();
    const { config, _configFile } = await loadFile<MillraceOptions>({
      name: 'millrace',
      ...(path !== undefined && { configFile: path }),
      configFileRequired: path !== undefined,
      rcFile: false,
      globalRc: false,
      dotenv: false,
      packageJson: false,
      ...(millrace !== undefined && { jitiOptions: { virtualModules: { millrace } } }),
    });
    if (_configFile === undefined) return { options: config, path: fileName };
    return { options: config, path: _configFile, configFile: { configFile: resolve(_configFile) } };
  } catch (cause) {
    throw new MillraceError(
      'config',
      `${path ?? 'millrace.config.ts'} does not load: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Whether one may be found, so that nothing is loaded to look for it: there, or in `.config/`. */
function hasFile(): boolean {
  return readdirSync('.').some((name) => name === '.config' || name.startsWith(`${fileName}.`));
}

/** Types the default export of `millrace.config.ts`. */
export function defineConfig(options: MillraceOptions): MillraceOptions {
  return options;
}
