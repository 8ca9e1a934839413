/** Watches a request from here to its end: signals, the view, the summary; what Ctrl-C does depends on who asked for it. */
import type { Client, Request } from '../client.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { RequestStatus } from '../reader.ts';
import type { Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { follow, suspend } from './follow.ts';
import { createLines } from './lines.ts';
import { note, plural } from './print.ts';
import { isCode } from './session.ts';
import type { Session } from './session.ts';
import { watchSignals } from './signals.ts';
import { printSummary } from './summary.ts';
import type { View } from './view.ts';

export type FollowOptions = { verbose?: boolean; json?: boolean };

export type WatchOptions = FollowOptions & {
  /** The first Ctrl-C suspends the request, or only ends the watching. */
  onInterrupt: 'suspend' | 'leave';
};

const mostOthers = 1000;

/** Opens a session, begins, follows to the end, says how it went; answers with the exit code. */
export async function watch(
  context: Context,
  { verbose = false, json = false, onInterrupt }: WatchOptions,
  open: (say: (line: string) => void) => Promise<Session>,
  begin: (client: Client) => Promise<Request>,
): Promise<number> {
  let view: View | undefined;
  let session: Session | undefined;
  let request: Request | undefined;
  const interrupted = new AbortController();
  const left = new AbortController();
  const say = (line: string): void => {
    if (view === undefined) note(line);
    else view.note(line);
  };
  const suspendIt = (asked: Request): void => {
    suspend(asked).catch((thrown: unknown) => {
      say(`It could not be suspended: ${String(thrown)}`);
    });
  };
  const endSignals = watchSignals({
    onInterrupt() {
      if (onInterrupt === 'leave') {
        left.abort();
        return;
      }
      interrupted.abort();
      say('Suspending: running jobs are asked to end. Ctrl-C again leaves at once.');
      if (request !== undefined) suspendIt(request);
    },
    onTerminate() {
      say('SIGTERM: ending; the request stays as it is.');
      left.abort();
    },
    onLeave() {
      view?.end();
      note(`Left at once; what is committed is kept. ${howToGoOn(context, request?.id, session)}`);
    },
  });
  try {
    session = await open(say);
    const startedAt = Date.now();
    const { client, hostedBy } = session;
    const others = hostedBy === undefined ? await leftBehind(client) : [];
    request = await begin(client);
    noteOthers(others.filter((id) => id !== request?.id));
    note(`request ${request.id}${hostedBy === undefined ? '' : ` in ${hostedBy}`}`);
    view = process.stderr.isTTY ? await screen(verbose) : createLines(verbose);
    if (interrupted.signal.aborted) suspendIt(request);
    const { status, isTerminated } = await follow(request, view, left.signal);
    view.end();
    await session.close();
    if (isTerminated) return leave(context, status, session);
    printSummary(context, status, { json, ms: Date.now() - startedAt });
    return exitCodeOf(status.state);
  } catch (thrown) {
    throw isCode(thrown, 'unavailable') ? hostLost(context, thrown, { request, session }) : thrown;
  } finally {
    view?.end();
    endSignals();
    await session?.close();
  }
}

async function screen(verbose: boolean): Promise<View> {
  return (await import('./screen.ts')).createScreen(verbose);
}

/** What a host that begins here goes on with. */
export async function leftBehind(client: Client): Promise<string[]> {
  const heads = await client.reader.list(mostOthers);
  return heads
    .filter(({ active, parked }) => active && parked === undefined)
    .map(({ group }) => group);
}

function noteOthers(ids: readonly string[]): void {
  if (ids.length === 0) return;
  const named = ids.slice(0, 3).join(', ');
  note(
    `Going on also with ${plural(ids.length, 'request')} left behind here: ${named}${ids.length > 3 ? ', …' : ''}`,
  );
}

/** Says which request has lost its host, when one had begun. */
function hostLost(
  context: Context,
  cause: unknown,
  { request, session }: { request: Request | undefined; session: Session | undefined },
): unknown {
  if (request === undefined || session?.hostedBy === undefined) return cause;
  const { id } = request;
  const { hostedBy } = session;
  const fate = hostedBy.startsWith('process ') ? 'has ended' : 'does not answer any more';
  const what = `${hostedBy}, which hosted request "${id}", ${fate}`;
  const message = `${what}; go on with it: ${context.command(`resume ${id}`)}`;
  return new MillraceError('unavailable', message, { cause });
}

function leave(context: Context, { id, state }: RequestStatus, session: Session): number {
  note(`The request is ${state}. ${howToGoOn(context, id, session)}`);
  return exitCodes.couldNotRun;
}

function howToGoOn(context: Context, id: string | undefined, session: Session | undefined): string {
  if (id === undefined) return `See what was started: ${context.command('status')}`;
  return session?.hostedBy === undefined
    ? `Go on with it: ${context.command(`resume ${id}`)}`
    : `${capital(session.hostedBy)} goes on with it: ${context.command(`status ${id}`)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
