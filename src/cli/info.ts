/** `millrace info ID`: everything that is known of a request. */
import type { Parking } from '../reader.ts';
import type { Hosted } from '../connect.ts';
import { isTerminal } from '../protocol/states.ts';
import type { FoundRequest } from '../tracker/questions.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { ago, count, duration, instant, paintState, plural, print, printJson } from './print.ts';
import { idHelp, withReader, withTracked } from './reading.ts';
import { sayHowToGoOn } from './summary.ts';
import { oneLine } from './text.ts';

export const declareInfo: Declare = (program, act) => {
  program
    .command('info')
    .argument('<id>', idHelp)
    .description('tell everything about a request')
    .option(...jsonFlag)
    .addHelpText('after', examples('info last', 'info 3c2hrnd7 --json'))
    .action(act(info));
};

async function info(
  context: Context,
  named: string,
  { json = false }: { json?: boolean },
): Promise<number> {
  await withTracked(context, named, async (tracked, id = named, config) => {
    const request = await tracked.info(id);
    const parking =
      request.parked === undefined
        ? undefined
        : await withReader(context, (reader) => reader.parking(id));
    const host = await context.hosting.hostOf(config);
    if (json) {
      printJson({
        ...request,
        ...(parking !== undefined && { parking }),
        ...(host !== undefined && { host: host.pid ?? host.name }),
      });
    } else printInfo(request, { host, parking });
    sayHowToGoOn(context, request, { parking, isHosted: host !== undefined });
  });
  return exitCodes.complete;
}

type Beside = { host: Hosted | undefined; parking: Parking | undefined };

function printInfo(request: FoundRequest, { host, parking }: Beside): void {
  const { id, type, state, user, labels, createdAt, startedAt, finishedAt, seq } = request;
  const now = Date.now();
  const line = (title: string, text: string): void => print(`${title.padEnd(9)} ${text}`);
  const time = (title: string, at: number | undefined, more = ''): void => {
    if (at !== undefined) line(title, `${instant(at)}  ${ago(at, now)}${more}`);
  };
  line('request', id);
  line('type', oneLine(type));
  line('state', `${paintState(state)}${parking === undefined ? '' : ', parked'}`);
  printJobs(request, line);
  printMap('args', request.args, line);
  if (user !== undefined) line('user', oneLine(user));
  printMap('labels', labels, line);
  if (request.retryOf !== undefined) line('retries', request.retryOf);
  time('created', createdAt);
  time('started', startedAt);
  const took = startedAt === undefined ? '' : `, took ${duration((finishedAt ?? 0) - startedAt)}`;
  time('finished', finishedAt, took);
  if (finishedAt === undefined) time('changed', request.updatedAt);
  if (request.resumption > 0) line('resumed', plural(request.resumption, 'time'));
  // Over an API it is not known.
  if (seq > 0) line('events', count(seq));
  if (!isTerminal(state)) line('host', host === undefined ? 'none' : host.name);
}

type PrintLine = (title: string, text: string) => void;

/** How far it is, and the jobs of each state a line. */
function printJobs({ counts, total }: FoundRequest, line: PrintLine): void {
  if (total === 0) return;
  const complete = counts['complete'] ?? 0;
  line('progress', `${Math.floor((complete / total) * 100)} %`);
  const others = Object.entries(counts)
    .filter(([state]) => state !== 'complete')
    .map(([state, jobs]) => `${count(jobs)} ${state}`);
  line('jobs', [`${count(complete)} of ${count(total)} complete`, ...others.sort()].join(', '));
}

/** `key=value`, a line each, the title before the first. */
function printMap(title: string, map: unknown, line: PrintLine): void {
  if (typeof map !== 'object' || map === null) return;
  Object.entries(map).forEach(([key, value], at) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    line(at === 0 ? title : '', oneLine(`${key}=${text}`));
  });
}
