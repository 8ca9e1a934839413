/** What every part of a host works with. */
import type { Logger } from 'pino';
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Store } from '../ports/store.ts';
import type { Announcer } from './announcer.ts';
import type { Epoch } from './epoch.ts';
import type { Desk } from './attempts/desk.ts';
import type { Feed } from './feed.ts';
import type { Memory } from './memory.ts';
import type { Outlet } from './outlet.ts';
import type { Pace } from './pace.ts';
import type { Registry } from './registry.ts';
import type { Freezer } from './snapshots.ts';
import type { Valve } from './valve.ts';

export type Runtime = {
  broker: Broker;
  /** Identity of the broker's memory: another one means that it has forgotten everything (architecture, section 12). */
  epoch: Epoch;
  store: Store;
  clock: Clock;
  registry: Registry;
  freezer: Freezer;
  feed: Feed;
  /** Tells other processes; there are none where the broker is in this one. */
  announcer?: Announcer;
  /** Told how long each batch took to be released, in seconds, where somebody measures it. */
  onReleased?: (seconds: number) => void;
  outlet: Outlet;
  desk: Desk;
  pace: Pace;
  valve: Valve;
  memory: Memory;
  log: Logger;
  /** Aborted when the host stops: what fails is then not tried again. */
  stopping: AbortController;
  /** In [0, 1): spreads retries. */
  random(): number;
  /** A new ownership's token, unlike any other. */
  newToken(): string;
};
