/** What is said of a request at the end, and by `status`. */
import type { Parking, RequestStatus } from '../reader.ts';
import { isTerminal, requestStates } from '../protocol/states.ts';
import type { Context } from './context.ts';
import {
  ago,
  colorsOf,
  count,
  duration,
  instant,
  note,
  paintState,
  plural,
  print,
  printJson,
} from './print.ts';
import { lastLines, oneLine } from './text.ts';

const reasonLines = 4;
const mostFailures = 10;

/** The end of `run` and `resume`: one JSON document, or a few lines. */
export function printSummary(
  context: Context,
  status: RequestStatus,
  options: { json: boolean; ms: number },
): void {
  if (options.json) printJson({ ...status, durationMs: options.ms });
  else {
    print(`${paintState(status.state)} in ${duration(options.ms)}: ${countsText(status)}`);
    printFailures(status);
    print(`request ${status.id}`);
  }
  sayHowToGoOn(context, status);
}

/** What is known beside the request's state. */
type Beside = { parking?: Parking | undefined; isHosted?: boolean };

/** A note on stderr where something can be done. */
export function sayHowToGoOn(
  context: Context,
  { id, state, parked }: { id: string; state: string; parked?: string },
  { parking, isHosted = true }: Beside = {},
): void {
  const reason = parking?.reason ?? parked;
  if (reason !== undefined) {
    note(`It is parked${keptText(parking)}: ${lastLines(reason, reasonLines, '').trim()}`);
    note(`Mend the cause, then: ${context.command(`unpark ${id}`)}`);
    if (parking?.isBroken === false) {
      note(`Or set the message that throws aside: ${context.command(`unpark ${id} --skip`)}`);
    }
  } else if (state === 'SUSPENDED') {
    note(`Go on with it: ${context.command(`resume ${id}`)}`);
  } else if (state === 'FAIL') {
    note(`Once the cause is mended, run it on from there: ${context.command(`retry ${id}`)}`);
  } else if (!isTerminal(state) && !isHosted) {
    note(`No process hosts it. Go on with it: ${context.command(`resume ${id}`)}`);
  }
}

/** ` since 3 min ago, 2 messages kept` */
function keptText({ since, kept }: Partial<Parking> = {}): string {
  if (since === undefined || kept === undefined) return '';
  return ` (since ${ago(since, Date.now())}, ${plural(kept, 'message')} kept)`;
}

/** `millrace status ID`. */
export function printStatus(status: RequestStatus, host: string | undefined): void {
  const { id, type, state, args, user, parked, createdAt, updatedAt, running } = status;
  const took = isTerminal(state) ? `, took ${duration(updatedAt - createdAt)}` : '';
  // An actor of the user's own has states that may last for ever.
  const lasts = !isTerminal(state) && requestStates.includes(state);
  const since = lasts ? `, for ${duration(Date.now() - createdAt)}` : '';
  print(`request  ${id}`);
  print(`type     ${type}`);
  print(`state    ${paintState(state)}${parked === undefined ? '' : ', parked'}${since}`);
  // An actor of the user's own has neither jobs nor args.
  if (args !== undefined) {
    print(`progress ${progressText(status)}`);
    print(`jobs     ${countsText(status)}`);
    print(`args     ${oneLine(JSON.stringify(args))}`);
  }
  if (user !== undefined) print(`user     ${oneLine(user)}`);
  if (status.retryOf !== undefined) print(`retries  ${retryText(status.retryOf)}`);
  print(`created  ${instant(createdAt)}  ${ago(createdAt, Date.now())}`);
  print(`updated  ${instant(updatedAt)}  ${ago(updatedAt, Date.now())}${took}`);
  if (host !== undefined) print(`host     ${host}`);
  for (const { name, attempt } of running.slice(0, mostFailures)) {
    print(`running  ${oneLine(name)}${attempt > 1 ? ` (attempt ${attempt})` : ''}`);
  }
  if (running.length > mostFailures)
    print(`         and ${count(running.length - mostFailures)} more`);
  printFailures(status);
}

/** Whole per cent, as nothing is over before its end. */
function progressText({ counts, total }: RequestStatus): string {
  return `${total === 0 ? 0 : Math.floor((counts.complete / total) * 100)} %`;
}

/** `01k…, 3 jobs kept, from "build"`. */
function retryText({ request, carried, from }: NonNullable<RequestStatus['retryOf']>): string {
  const since = from === undefined ? '' : `, from "${oneLine(from)}"`;
  return `${request}, ${plural(carried, 'job')} kept${since}`;
}

/** `1,200 complete, 3 failed of 20,001 jobs`. */
function countsText({ counts, total }: RequestStatus): string {
  if (counts.complete === total) return `${plural(total, 'job')} complete`;
  const order = ['complete', 'failed', 'stopped', 'running', 'pending'] as const;
  const parts = order
    .filter((state) => counts[state] > 0)
    .map((state) => `${count(counts[state])} ${state}`);
  return `${parts.join(', ')} of ${plural(total, 'job')}`;
}

function printFailures({ failures, counts }: RequestStatus): void {
  // Of a job that was tried again the newest counts.
  const newest = new Map(failures.map(({ name, reason }) => [name, reason]));
  const shown = [...newest].slice(-mostFailures);
  for (const [name, reason] of shown) {
    print(`${colorsOf(process.stdout).red('failed')}   ${oneLine(name)}`);
    print(lastLines(withoutStack(reason), reasonLines, '         '));
  }
  const more = counts.failed - shown.length;
  if (shown.length > 0 && more > 0) print(`         and ${count(more)} more`);
}

/** Where it was thrown is in `--json`; a person first wants to know what was said. */
function withoutStack(reason: string): string {
  const said = reason.split('\n').filter((line) => !/^\s+at /.test(line));
  return said.length === 0 ? reason : said.join('\n');
}
