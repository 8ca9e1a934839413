/** What every command is given: the flags for all, and what main.ts lets them host and read. */
import type { Logger } from 'pino';
import type { AnyStateMachine } from 'xstate';
import type { Millrace } from '../compose.ts';
import { dataFolder, loadConfig, toConfig, variable } from '../config.ts';
import type { Config } from '../config.ts';
import type { Connection, Hosted } from '../connect.ts';
import type { ChainDefinition } from '../definitions.ts';
import type { OpenHeads } from '../openHeads.ts';
import type { OpenReader } from '../openReader.ts';
import type { OpenRejected } from '../openRejected.ts';
import type { OpenTracked } from '../openTracked.ts';
import type { Remote, RemoteOptions } from '../remote/open.ts';
import type { Specs } from '../spec/check.ts';
import { overApi } from './api.ts';
import type { RequestKind } from './kinds.ts';
import { quoted } from './quote.ts';
import type { Rebuilt } from '../tracker/tracker.ts';

/** Hears what troubles it. */
type Warn = (text: string) => void;

/** What commands need of the composition roots; each is loaded when it is asked for. */
export type Hosting = {
  host(config: Config, ports: { log: Logger }): Promise<Millrace>;
  openReader(config: Config): Promise<OpenReader>;
  /** As much of a reader as is quick to load. */
  openHeads(config: Config): Promise<OpenHeads>;
  /** Rejects with MillraceError `unavailable` when no process hosts the folder. */
  connect(config: Config): Promise<Connection>;
  hostOf(config: Config): Promise<Hosted | undefined>;
  /** Its messages as an AsyncAPI document. */
  describeMessages(config: Config): Promise<object>;
  /** The API over HTTP as an OpenAPI document. */
  describeApi(): Promise<object>;
  /** What could not be accepted: at its broker, or in the process that hosts the folder. */
  openRejected(config: Config): Promise<OpenRejected>;
  /** The machine of a kind of actor; undefined when there is none of that kind. */
  machineOf(config: Config, kind: string): Promise<AnyStateMachine | undefined>;
  /** The tracker's read models, brought up to date where no host does it. */
  openTracked(config: Config, warn: Warn): Promise<OpenTracked>;
  rebuildReadModels(config: Config, warn: Warn): Promise<Rebuilt>;
  /** What an API at an address can be asked; rejects with MillraceError `usage` for what is no address. */
  remote(options: RemoteOptions): Promise<Remote>;
  /** The public API, for the `import 'millrace'` of a configuration. */
  millrace(): Promise<object>;
};

export type Flags = {
  data?: string;
  config?: string;
  debug?: boolean;
  api?: string;
  timeout?: number;
};

export type Context = {
  hosting: Hosting;
  /** An API is spoken to, in place of a folder or a cluster. */
  isRemote: boolean;
  /** The flag: of whom to ask, and of `up` where to answer. */
  api: string | undefined;
  /** Definitions and all; rejects with MillraceError `config`. */
  config(): Promise<Config>;
  /** The specs of the configuration, if it names any; rejects with MillraceError `config`. */
  specs(): Promise<Specs | undefined>;
  /** Chains of the configuration and of its specs; rejects with MillraceError `config`. */
  chains(): Promise<readonly ChainDefinition[]>;
  /** What may be started, and its args. */
  kinds(): Promise<readonly RequestKind[]>;
  /** For reading: the configuration's file is not looked at when the folder is named. */
  readingConfig(): Promise<Config>;
  /** `millrace resume ID` with the flags that were given. */
  command(words: string): string;
};

/** `isHost`: the command is `up`, which answers at an API's address and asks nobody. */
export function contextOf(local: Hosting, flags: Flags, isHost = false): Context {
  const api = isHost ? undefined : (flags.api ?? variable('MILLRACE_API'));
  const remote = api === undefined ? undefined : overApi(local, api, flags);
  const hosting = remote ?? local;
  let loaded: Promise<Config> | undefined;
  const config = (): Promise<Config> =>
    (loaded ??= loadConfig(flags, { millrace: hosting.millrace }));
  const chains = async (): Promise<readonly ChainDefinition[]> => {
    const given = await config();
    // Specs take a while to load, and most configurations have none.
    if (given.specs === undefined) return given.chains;
    return (await import('../specs.ts')).chainsOf(given);
  };
  return {
    hosting,
    isRemote: remote !== undefined,
    api: flags.api,
    config,
    chains,
    async kinds() {
      if (remote !== undefined) return remote.kinds();
      const { kindOfChain } = await import('./kinds.ts');
      return (await chains()).map(kindOfChain);
    },
    async specs() {
      return (await import('../specs.ts')).specsOf(await config());
    },
    async readingConfig() {
      if (remote !== undefined) return toConfig({}, '--api');
      const data = flags.config === undefined ? dataFolder(flags) : undefined;
      return data === undefined ? config() : toConfig({ data }, '--data');
    },
    command: (words) =>
      [
        'millrace',
        ...flag('--config', flags.config),
        ...flag('--data', flags.data),
        ...flag('--api', flags.api),
        words,
      ].join(' '),
  };
}

function flag(name: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  return [name, quoted(value)];
}
