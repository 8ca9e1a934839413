/** What every role of a process is given beside the ports that it needs. */
import type { Logger } from 'pino';
import type { Authority } from '../auth/authority.ts';
import type { Config } from '../config.ts';
import type { ChainDefinition } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { Feed } from '../runtime/feed.ts';
import type { Registry } from '../runtime/registry.ts';
import type { Closing } from './closing.ts';
import type { Mix } from './mix.ts';
import type { Observed } from './observe.ts';
import type { Ports } from './ports.ts';

export type Process = {
  config: Config;
  /** Those of the configuration and of its specs; the list itself changes when these do. */
  chains: readonly ChainDefinition[];
  /** Who asks, and whether they may. */
  authority: Authority;
  mix: Mix;
  registry: Registry;
  ports: Ports;
  clock: Clock;
  log: Logger;
  /** What a role opens it adds here; it is closed before what was opened before it. */
  closing: Closing;
  observed: Observed;
  /** What this process hears of what is committed and said. */
  feed: Feed;
  /** Aborted when the process is to end before it has started. */
  ending: AbortSignal;
};
