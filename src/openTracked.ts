/**
 * Composition for the tracker without its thread: questions to the read models of a store, beside who hosts
 * it or without anybody, and making them anew.
 */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from './adapters/systemClock.ts';
import type { Config } from './config.ts';
import { Caller, isUnavailable } from './control/caller.ts';
import { socketName } from './control/socketPath.ts';
import { rebuiltSchema } from './control/wire.ts';
import { openReadModels, openStoreToRead } from './openStore.ts';
import { messageOf, MillraceError } from './protocol/errors.ts';
import { maskedUrl } from './protocol/masked.ts';
import { createTracked } from './tracker/questions.ts';
import type { Tracked } from './tracker/questions.ts';
import { Tracker } from './tracker/tracker.ts';
import type { Rebuilt } from './tracker/tracker.ts';

export type OpenTracked = Tracked & { close(): Promise<void> };

/** How long a host's tracker may take to get on. */
const patienceMs = 500;
const lookAgainMs = 20;

type Warn = (text: string) => void;
const unheard: Warn = () => undefined;

/**
 * Opens the read models of a data folder when they know all that is committed, or as far as they are
 * while a tracker is at work. Where none is, they are brought up to date here. Rejects with MillraceError
 * `store` when there is no store, or there are no read models and none can be written.
 */
export async function openTracked(config: Config, warn = unheard): Promise<OpenTracked> {
  const { store, models, close } = await open(config, true);
  const tracked = createTracked(models, store);
  try {
    if (!(await isFollowed(tracked))) await bringUpToDate(config, tracked, warn);
    return { ...tracked, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Makes the read models of a data folder anew: by its host, or where there is none in this process. Rejects with MillraceError `store` or `unavailable`. */
export async function rebuildReadModels(config: Config, warn = unheard): Promise<Rebuilt> {
  return (await rebuiltByHost(config)) ?? tracking(config, warn, (tracker) => tracker.rebuild());
}

async function rebuiltByHost({ data }: Config): Promise<Rebuilt | undefined> {
  const caller = new Caller({ socket: join(data, socketName), patienceMs: 0 });
  try {
    return rebuiltSchema.parse(await caller.ask('POST', '/tracker/rebuild'));
  } catch (thrown) {
    if (isUnavailable(thrown)) return undefined;
    throw thrown;
  } finally {
    caller.close();
  }
}

/** Whether they know all that is committed, or get nearer to it while this waits. */
async function isFollowed(tracked: Tracked): Promise<boolean> {
  const first = await behind(tracked);
  let now = first;
  for (let ms = 0; ms < patienceMs && now > 0 && now < Infinity; ms += lookAgainMs) {
    await pause(lookAgainMs);
    now = await behind(tracked);
  }
  return now === 0 || now < first;
}

/** Infinity where there are none that can be used. */
async function behind(tracked: Tracked): Promise<number> {
  try {
    return await tracked.behind();
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === 'store') return Infinity;
    throw thrown;
  }
}

/** Read models that may be read and not be written are answered from as they are. */
async function bringUpToDate(config: Config, tracked: Tracked, warn: Warn): Promise<void> {
  try {
    await tracking(config, warn, (tracker) => tracker.runOnce());
  } catch (cause) {
    if ((await behind(tracked)) < Infinity) return;
    const remedy = 'start millrace there, or ask as a user who may write to it';
    throw new MillraceError(
      'store',
      `There are no read models in ${placeOf(config)}, and none can be made: ${messageOf(cause)}; ${remedy}.`,
      { cause },
    );
  }
}

async function tracking<T>(
  config: Config,
  warn: Warn,
  work: (tracker: Tracker) => Promise<T>,
): Promise<T> {
  const { store, models, close } = await open(config, false);
  const { journal, blobs, partitions } = store;
  try {
    return await work(
      new Tracker({ journal, blobs, models, clock: systemClock, partitions, warn }),
    );
  } finally {
    await close();
  }
}

function placeOf({ data, mongodbUrl }: Config): string {
  return mongodbUrl === undefined ? data : maskedUrl(mongodbUrl);
}

/** The store is only read, whatever is done to the read models. */
async function open(config: Config, readonly: boolean) {
  const store = await openStoreToRead(config);
  const models = await openReadModels(config, { store: store.id, readonly });
  const close = async (): Promise<void> => {
    await models.close();
    await store.close();
  };
  return { store, models, close };
}
