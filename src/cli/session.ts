/** Hosts the data folder for one command and follows a request here; shared by `run`, `resume` and `unpark`. */
import type { Logger } from 'pino';
import type { Client, Request } from '../client.ts';
import type { Config } from '../config.ts';
import type { RequestStatus } from '../reader.ts';
import type { Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { follow, suspend } from './follow.ts';
import { createLines } from './lines.ts';
import { note, plural } from './print.ts';
import { watchSignals } from './signals.ts';
import { printSummary } from './summary.ts';
import type { View } from './view.ts';

export type FollowOptions = { verbose?: boolean; json?: boolean };

const mostOthers = 1000;

/** Hosts, begins, follows to the end, says how it went; answers with the exit code. */
export async function followHere(
  context: Context,
  config: Config,
  options: FollowOptions,
  begin: (client: Client) => Promise<Request>,
): Promise<number> {
  const { verbose = false, json = false } = options;
  let view: View | undefined;
  let request: Request | undefined;
  const interrupted = new AbortController();
  const terminated = new AbortController();
  const say = (line: string): void => {
    if (view === undefined) note(line);
    else view.note(line);
  };
  const suspendIt = (asked: Request): void => {
    suspend(asked).catch((thrown: unknown) => {
      say(`It could not be suspended: ${String(thrown)}`);
    });
  };
  const millrace = await context.hosting.host(config, { log: await troubleLog(say) });
  const endSignals = watchSignals({
    onInterrupt() {
      interrupted.abort();
      say('Suspending: running jobs are asked to end. Ctrl-C again leaves at once.');
      if (request !== undefined) suspendIt(request);
    },
    onTerminate() {
      say('SIGTERM: ending; the request stays as it is.');
      terminated.abort();
    },
    onLeave() {
      view?.end();
      note(`Left at once; what is committed is kept. ${howToGoOn(context, request?.id)}`);
    },
  });
  try {
    await millrace.start();
    const startedAt = Date.now();
    const { client } = millrace;
    const others = await leftBehind(client);
    request = await begin(client);
    noteOthers(others.filter((id) => id !== request?.id));
    note(`request ${request.id}`);
    view = process.stderr.isTTY ? await screen(verbose) : createLines(verbose);
    if (interrupted.signal.aborted) suspendIt(request);
    const { status, isTerminated } = await follow(request, view, terminated.signal);
    view.end();
    await millrace.stop();
    if (isTerminated) return leave(context, status);
    printSummary(context, status, { json, ms: Date.now() - startedAt });
    return exitCodeOf(status.state);
  } finally {
    view?.end();
    endSignals();
    await millrace.stop();
  }
}

/** Hosts for as long as `use` takes. */
export async function withClient<T>(
  context: Context,
  config: Config,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const millrace = await context.hosting.host(config, { log: await troubleLog(note) });
  try {
    await millrace.start();
    return await use(millrace.client);
  } finally {
    await millrace.stop();
  }
}

/** Loaded here, as only who hosts needs it. */
async function troubleLog(say: (line: string) => void): Promise<Logger> {
  return (await import('./troubles.ts')).createTroubleLog(say);
}

async function screen(verbose: boolean): Promise<View> {
  return (await import('./screen.ts')).createScreen(verbose);
}

async function leftBehind(client: Client): Promise<string[]> {
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

function leave(context: Context, { id, state }: RequestStatus): number {
  note(`The request is ${state}. ${howToGoOn(context, id)}`);
  return exitCodes.couldNotRun;
}

function howToGoOn(context: Context, id: string | undefined): string {
  return id === undefined
    ? `See what was started: ${context.command('status')}`
    : `Go on with it: ${context.command(`resume ${id}`)}`;
}
