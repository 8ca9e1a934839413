/**
 * Environment and `millrace.config.ts` → one validated, frozen Config. The only place that reads
 * `process.env`.
 */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { apiSchema } from './api/options.ts';
import type { ApiConfig } from './api/options.ts';
import { authSchema } from './auth/options.ts';
import type { AuthConfig, AuthOptions } from './auth/options.ts';
import { commandJob } from './commandJob.ts';
import { refuseOpen, refuseTwins, refuseUnfound } from './configChecks.ts';
import { readConfigFile } from './configFile.ts';
import type { Modules } from './configFile.ts';
import type { ActorDefinition } from './runtime/actor.ts';
import type { ChainDefinition, JobDefinition } from './definitions.ts';
import { MillraceError } from './protocol/errors.ts';
import { defaultPartitions } from './protocol/topology.ts';

/** What a process can do for a deployment, in the order in which it is drained (architecture, section 2). */
export const roles = ['gateway', 'host', 'worker', 'tracker', 'api'] as const;

export type Role = (typeof roles)[number];

export type Config = {
  readonly jobs: readonly JobDefinition[];
  readonly chains: readonly ChainDefinition[];
  readonly actors: readonly ActorDefinition[];
  /** Folder of request specs, whose requests are chains by their names; from the configuration's own folder. */
  readonly specs?: string;
  /** Whether specs may start programs, by jobs of the built-in type `command`; default false. */
  readonly commands: boolean;
  /** Folder of the data; default `.millrace` in the working directory. */
  readonly data: string;
  /** Partitions of a new store; one that exists keeps its number. Default 16 in MongoDB, 4 in a SQLite file. */
  readonly partitions: number;
  /** Jobs that run at a time in this process; default 50. */
  readonly concurrency: number;
  /**
   * How long a handler or a program may take to end once it is told to; default 8,000: less than the 10 s
   * after which a stop counts a job that has not answered as failed (specification 12.7).
   */
  readonly graceMs: number;
  /** A request that is suspended for longer fails, in milliseconds; default: never. */
  readonly suspendedTtlMs?: number;
  /** URL of the module whose jobs an isolated job's process looks through: `import.meta.url` of the one that calls createMillrace, or one that exports them. */
  readonly definitions?: string;
  /** Path of the file that all this was read from; the command line's, which needs no `definitions`. */
  readonly configFile?: string;
  /** RabbitMQ; default MILLRACE_AMQP_URL, else a broker inside this process. */
  readonly amqpUrl?: string;
  /** MongoDB; default MILLRACE_MONGODB_URL, else a SQLite file in the data folder. */
  readonly mongodbUrl?: string;
  /** RabbitMQ's management API, by which purged queues are found; default MILLRACE_MANAGEMENT_URL, else it is not asked. */
  readonly managementUrl?: string;
  /** How the names of all exchanges and queues begin; default MILLRACE_PREFIX, else `millrace`. */
  readonly prefix: string;
  /** What this process does; default: everything. */
  readonly roles: readonly Role[];
  /** Where health and metrics are answered; without it nowhere. `host` default 127.0.0.1. */
  readonly http?: { readonly host: string; readonly port: number };
  /** Who may do what, over HTTP and RabbitMQ; without it everybody who reaches them. */
  readonly auth?: AuthConfig;
  /** Where requests are taken over HTTP, by the role `api`; without it nowhere. */
  readonly api?: ApiConfig;
  readonly publish: {
    /** Every change of a job's state as a message of its own, which doubles the broker's work; default false. */
    readonly jobTransitions: boolean;
  };
  /** Least level of what is logged; default MILLRACE_LOG, else `warn`, and `info` for `up --json`. */
  readonly logLevel?: LogLevel;
};

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** What `createMillrace` and the default export of `millrace.config.ts` take. */
export type MillraceOptions = Partial<
  Omit<Config, 'actors' | 'jobs' | 'chains' | 'http' | 'api' | 'auth' | 'publish'>
> & {
  jobs?: readonly JobDefinition[];
  chains?: readonly ChainDefinition[];
  actors?: readonly ActorDefinition[];
  http?: { host?: string; port: number };
  auth?: AuthOptions;
  api?: Partial<ApiConfig>;
  publish?: { jobTransitions?: boolean };
};

const definition = (kind: 'job' | 'chain', maker: string) =>
  z.custom<object>(
    (value) =>
      typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind,
    `must be made with ${maker}`,
  );

/** The message names the form and never what was given: that may hold a password. */
const url = (pattern: RegExp, form: string) =>
  z.string().regex(pattern, `must be a URL like ${form}`);

const configSchema = z.strictObject({
  jobs: z.array(definition('job', 'defineJob')).default([]),
  chains: z.array(definition('chain', 'defineChain')).default([]),
  actors: z.array(z.custom<object>((value) => typeof value === 'object')).default([]),
  specs: z.string().min(1).exactOptional(),
  commands: z.boolean().default(false),
  data: z.string().min(1).default('.millrace'),
  partitions: z.int().min(1).max(1024).exactOptional(),
  concurrency: z.int().min(1).max(10_000).default(50),
  graceMs: z.int().min(0).default(8_000),
  suspendedTtlMs: z.int().min(1).exactOptional(),
  definitions: z.url({ protocol: /^file$/ }).exactOptional(),
  configFile: z.string().exactOptional(),
  amqpUrl: url(/^amqps?:\/\/./, 'amqp://USER:PASSWORD@HOST:PORT/VHOST').exactOptional(),
  mongodbUrl: url(/^mongodb(\+srv)?:\/\/./, 'mongodb://USER:PASSWORD@HOST:PORT').exactOptional(),
  managementUrl: url(/^https?:\/\/./, 'http://USER:PASSWORD@HOST:15672').exactOptional(),
  prefix: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,60}$/, 'must be at most 60 letters, digits, - and _')
    .default('millrace'),
  roles: z
    .array(z.enum(roles, `must be one of ${roles.join(', ')}`))
    .min(1)
    .default([...roles]),
  http: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(0).max(65_535),
    })
    .exactOptional(),
  auth: authSchema.exactOptional(),
  api: apiSchema.exactOptional(),
  publish: z.strictObject({ jobTransitions: z.boolean().default(false) }).prefault({}),
  logLevel: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).exactOptional(),
});

/** Checks options and fills in what the environment says, then the defaults. Throws MillraceError `config`, naming every misfit. */
export function toConfig(options: MillraceOptions, from = 'createMillrace'): Config {
  const parsed = configSchema.safeParse({ ...environment(), ...options });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`,
    );
    throw new MillraceError('config', `${from}: ${problems.join('; ')}`);
  }
  refuseTwins('job', definitionsOf(options).jobs);
  refuseTwins('chain', options.chains ?? []);
  refuseUnfound(options);
  refuseOpen(from, parsed.data);
  const { data, specs, configFile, mongodbUrl } = parsed.data;
  const store = mongodbUrl === undefined ? 'sqlite' : 'mongodb';
  return Object.freeze({
    partitions: defaultPartitions[store],
    ...parsed.data,
    ...definitionsOf(options),
    data: resolve(data),
    ...(specs !== undefined && { specs: resolve(dirname(configFile ?? './_'), specs) }),
  });
}

/** The schema proved their kinds; their exact types are the user's. */
function definitionsOf(options: MillraceOptions) {
  const { jobs = [], chains = [], actors = [], commands = false } = options;
  const isAdded = commands && !jobs.includes(commandJob);
  return { jobs: isAdded ? [...jobs, commandJob] : jobs, chains, actors };
}

/** Many processes may host: broker and store are servers. */
export function isCluster(config: Config): config is Config & { amqpUrl: string } {
  return config.amqpUrl !== undefined && config.mongodbUrl !== undefined;
}

export type ConfigFlags = {
  /** Path of the configuration; default: `millrace.config.*` in the working directory. */
  config?: string;
  /** `--data`; goes before MILLRACE_DATA, which goes before the file. */
  data?: string;
};

/** What the environment says goes before the file. */
const variables = {
  amqpUrl: 'MILLRACE_AMQP_URL',
  mongodbUrl: 'MILLRACE_MONGODB_URL',
  managementUrl: 'MILLRACE_MANAGEMENT_URL',
  prefix: 'MILLRACE_PREFIX',
  logLevel: 'MILLRACE_LOG',
} as const;

/** What is set to nothing is not set. */
export function variable(name: string): string | undefined {
  return process.env[name] === '' ? undefined : process.env[name];
}

function environment(): Pick<MillraceOptions, keyof typeof variables> {
  const set = Object.entries(variables).map(([name, key]) => [name, variable(key)] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== undefined));
}

/** The program's configuration. Throws MillraceError `config` with the file and what is wrong in it. */
export async function loadConfig(flags: ConfigFlags = {}, modules: Modules = {}): Promise<Config> {
  const file = await readConfigFile(flags.config, modules);
  const data = flags.data ?? process.env['MILLRACE_DATA'];
  const { options, path, configFile } = file;
  const given = { ...options, ...environment(), ...(data !== undefined && { data }) };
  return toConfig({ ...given, ...configFile }, path);
}

/** Only the data folder: for commands that read a store and need no definitions. */
export function dataFolder(flags: ConfigFlags): string | undefined {
  return flags.data ?? process.env['MILLRACE_DATA'];
}

/** What child processes are given. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Types the default export of `millrace.config.ts`. */
export function defineConfig(options: MillraceOptions): MillraceOptions {
  return options;
}
