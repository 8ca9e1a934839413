/** Follows one request until it has settled or a signal ends it; shared by `run` and `resume`. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Request } from '../client.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { RequestStatus } from '../reader.ts';
import type { View } from './view.ts';

/** How it ended: the request has settled, or SIGTERM asked this process to go. */
export type Followed = { status: RequestStatus; isTerminated: boolean };

const lookMs = 100;

/** Shows the request until it has ended, is suspended or is parked, or until `terminated` is aborted. */
export async function follow(
  request: Request,
  view: View,
  terminated: AbortSignal,
): Promise<Followed> {
  const startedAt = Date.now();
  const says = new Map<string, string>();
  const done = new AbortController();
  const endStatus = request.onStatus(({ jobId, text }) => says.set(jobId, text));
  const endOutput = view.printed === undefined ? undefined : request.onOutput(view.printed);
  const watches = Promise.all([
    look(request, view, says, done.signal),
    watchMoves(request, view, startedAt, done.signal),
  ]);
  const failed = watches.then(() => new Promise<never>(() => undefined));
  try {
    const settled = await Promise.race([request.settled(), failed, aborted(terminated)]);
    const status = settled ?? (await request.status());
    view.show(status, says);
    return { status, isTerminated: settled === undefined };
  } finally {
    done.abort();
    endStatus();
    endOutput?.();
    await watches.catch(() => undefined);
  }
}

/** Suspends; a request that has just ended, or is being suspended, stays as it is. */
export async function suspend(request: Request): Promise<void> {
  try {
    await request.suspend();
  } catch (thrown) {
    if (!(thrown instanceof MillraceError) || thrown.code !== 'state') throw thrown;
  }
}

async function look(
  request: Request,
  view: View,
  says: Map<string, string>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const status = await request.status();
    if (signal.aborted) return;
    forget(says, status);
    view.show(status, says);
    await delay(lookMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What a job said last time is not what it says now. */
function forget(says: Map<string, string>, { running }: RequestStatus): void {
  if (says.size < 1000) return;
  const names = new Set(running.map(({ name }) => name));
  for (const name of says.keys()) if (!names.has(name)) says.delete(name);
}

async function watchMoves(
  request: Request,
  view: View,
  since: number,
  signal: AbortSignal,
): Promise<void> {
  if (view.moved === undefined) return;
  for await (const transition of request.transitions({ signal })) {
    if (transition.at >= since) view.moved(transition);
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
