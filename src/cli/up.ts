/** `millrace up`: hosts the folder until a signal ends it, then drains: no request's state changes by that. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Client } from '../client.ts';
import type { Millrace } from '../compose.ts';
import { roles as allRoles, toConfig } from '../config.ts';
import type { Config, MillraceOptions, Role } from '../config.ts';
import { maskedUrl } from '../protocol/masked.ts';
import { isTerminal } from '../protocol/states.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { duration, note, plural } from './print.ts';
import { troubleLog } from './session.ts';
import { leftBehind } from './watch.ts';

/** What a drain may take beyond the time that handlers have: partitions are let go, and the tracker finishes. */
const beyondGraceMs = 30_000;

type UpOptions = {
  verbose?: boolean;
  json?: boolean;
  roles?: string;
  http?: string;
  api?: string;
};

export const declareUp: Declare = (program, act) => {
  program
    .command('up')
    .description('host the folder until SIGTERM or Ctrl-C')
    .option('--roles <list>', `some of ${allRoles.join(',')} (default: all)`)
    .option(
      '--http <[host:]port>',
      'answer /healthz, /readyz and /metrics there (default host: 127.0.0.1)',
    )
    .option(
      '--api <[host:]port>',
      'take requests over HTTP there (default with --roles …,api: 127.0.0.1:32308)',
    )
    .option(jsonFlag[0], 'log as JSON lines on stdout')
    .option('-v, --verbose', 'a line for each request that starts, is suspended or ends')
    .addHelpText('after', examples('up', 'up --roles host,tracker', 'up --json >> millrace.log'))
    .action(act(up));
};

async function up(context: Context, options: UpOptions): Promise<number> {
  const { verbose = false, json = false } = options;
  // A flag that is there for all commands is taken for theirs.
  const config = withFlags(await context.config(), { ...options, ...apiOf(context) });
  const log = json ? await jsonLog(config) : await troubleLog(config);
  const say = json ? toLog(log) : toPeople;
  const millrace = await context.hosting.host(config, { log });
  const signalled = firstSignal(say);
  try {
    const started = millrace.start().then(() => undefined);
    const early = await Promise.race([started, signalled.promise]);
    if (early !== undefined) return await endEarly(millrace, started, say);
    if (verbose && config.roles.includes('host')) sayRequests(millrace.client, say);
    await sayWhatIsHosted({ ...config, chains: await context.chains() }, millrace, say);
    const signal = await signalled.promise;
    say(
      'draining',
      { signal },
      `${signal}: draining. What is unfinished goes on at the next start.`,
    );
    const patienceMs = config.graceMs + beyondGraceMs;
    const hasDrained = await inTime(millrace.stop(), patienceMs);
    if (hasDrained) say('drained', {}, 'Drained.');
    else say('not drained', { patienceMs }, 'Not drained in time; what is committed is kept.');
    return hasDrained ? exitCodes.complete : exitCodes.couldNotRun;
  } catch (thrown) {
    await millrace.stop();
    throw thrown;
  } finally {
    signalled.end();
  }
}

function apiOf({ api }: Context): Pick<UpOptions, 'api'> {
  return api === undefined ? {} : { api };
}

/** A signal came while it still waited for its broker or its store. */
async function endEarly(millrace: Millrace, started: Promise<unknown>, say: Say): Promise<number> {
  started.catch(() => undefined);
  await inTime(millrace.stop(), beyondGraceMs);
  say('ended', {}, 'Ended before it was up.');
  return exitCodes.couldNotRun;
}

/** Whether it was done within so many milliseconds. */
async function inTime(done: Promise<void>, ms: number): Promise<boolean> {
  const late = new AbortController();
  const lateness = delay(ms, false, { signal: late.signal }).catch(() => false);
  try {
    return await Promise.race([done.then(() => true), lateness]);
  } finally {
    late.abort();
  }
}

/** Throws MillraceError `config` for a role that there is not, or a port that is none. */
function withFlags(config: Config, { roles: list, http, api }: UpOptions): Config {
  if ([list, http, api].every((flag) => flag === undefined)) return config;
  // A cast: the schema says which there are.
  const roles = list === undefined ? undefined : (list.split(',') as Role[]);
  const takesRequests = api !== undefined || roles?.includes('api') === true;
  const asked: MillraceOptions = {
    ...config,
    ...(roles !== undefined && { roles }),
    ...(http !== undefined && { http: placeOf(http) }),
    ...(takesRequests && { api: { ...config.api, ...(api !== undefined && placeOf(api)) } }),
  };
  return toConfig(asked, 'up');
}

/** `9464`, `0.0.0.0:9464` or `[::]:9464` */
function placeOf(text: string): { host?: string; port: number } {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(at, 0)).replace(/^\[(.*)\]$/, '$1');
  return { ...(host !== '' && { host }), port: Number(text.slice(at + 1)) };
}

/** What happened, with its fields, for logs; and the same for people. */
type Say = (message: string, fields: object, text: string) => void;

const toPeople: Say = (_message, _fields, text) => note(text);

async function jsonLog({ logLevel: level = 'info' }: Config): Promise<Logger> {
  const { pino } = await import('pino');
  return pino({ name: 'millrace', level }, pino.destination({ dest: 1, sync: true }));
}

function toLog(log: Logger): Say {
  return (message, fields) => {
    log.info(fields, message);
  };
}

async function sayWhatIsHosted(config: Config, millrace: Millrace, say: Say): Promise<void> {
  const { data, roles } = config;
  const jobs = config.jobs.map(({ type }) => type);
  const chains = config.chains.map(({ type }) => type);
  const left = isAlone(config) ? (await leftBehind(millrace.client)).length : 0;
  const text = [
    isAlone(config)
      ? `Hosting ${data} as process ${process.pid}.`
      : `Up as process ${process.pid}.`,
    ...placesOf(config, millrace).map(([what, where]) => `  ${what.padEnd(8)}${where}`),
    `  jobs    ${jobs.join(', ') || 'none'}`,
    `  chains  ${chains.join(', ') || 'none'}`,
    ...(left > 0 ? [`Going on with ${plural(left, 'request')} left behind here.`] : []),
  ];
  const places = Object.fromEntries(placesOf(config, millrace));
  say('hosting', { data, roles, ...places, jobs, chains, leftBehind: left }, text.join('\n'));
}

/** No other process hosts the same requests. */
function isAlone({ amqpUrl, mongodbUrl, roles }: Config): boolean {
  return roles.includes('host') && (amqpUrl === undefined || mongodbUrl === undefined);
}

/** What is not as it is by default. */
function placesOf(
  { amqpUrl, mongodbUrl, roles }: Config,
  { httpUrl, apiUrl }: Millrace,
): [what: string, where: string][] {
  return [
    ...(roles.length < allRoles.length ? [pair('roles', roles.join(', '))] : []),
    ...(amqpUrl === undefined ? [] : [pair('broker', maskedUrl(amqpUrl))]),
    ...(mongodbUrl === undefined ? [] : [pair('store', maskedUrl(mongodbUrl))]),
    ...(httpUrl === undefined ? [] : [pair('http', httpUrl)]),
    ...(apiUrl === undefined ? [] : [pair('api', apiUrl)]),
  ];
}

function pair(what: string, where: string): [string, string] {
  return [what, where];
}

/** On the way to a state that is said. */
const passing: ReadonlySet<string> = new Set(['SUSPENDING', 'STOPPING']);

function sayRequests(client: Client, say: Say): void {
  const tell = async (requestId: string): Promise<void> => {
    const { type, state, createdAt, updatedAt } = await client.request(requestId).status();
    const took = isTerminal(state) ? ` in ${duration(updatedAt - createdAt)}` : '';
    const text = `${state.padEnd(9)} ${requestId}  ${type}${took}`;
    say('request', { requestId, type, state }, text);
  };
  client.onCommitted(({ requestId, state }) => {
    if (state !== undefined && !passing.has(state)) void tell(requestId);
  });
}

/** Resolves at the first SIGTERM or SIGINT; the second leaves at once. */
function firstSignal(say: Say): { promise: Promise<NodeJS.Signals>; end(): void } {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  let onFirst: (signal: NodeJS.Signals) => void = () => undefined;
  let hasCome = false;
  const promise = new Promise<NodeJS.Signals>((resolve) => (onFirst = resolve));
  const onSignal = (signal: NodeJS.Signals): void => {
    if (hasCome) {
      say('left', { signal }, 'Left at once; what is committed is kept.');
      process.exit(exitCodes.couldNotRun);
    }
    hasCome = true;
    onFirst(signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    promise,
    end: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
