/** `millrace find [k=v…]`: requests of any age by type, state, user, time, args and labels. */
import { MillraceError } from '../protocol/errors.ts';
import { didYouMean } from '../gateway/suggest.ts';
import type { RequestFilter } from '../ports/readmodels.ts';
import { requestStates } from '../protocol/states.ts';
import type { FoundRequest } from '../tracker/questions.ts';
import { parsePairs } from './args.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { ago, count, duration, instant, note, paintState, print, printJson } from './print.ts';
import { withTracked } from './reading.ts';
import { table } from './table.ts';
import type { Column } from './table.ts';
import { toInstant, whenHelp } from './when.ts';
import type { Zone } from './when.ts';

const defaultLimit = 20;

type Clock = { now: number; zone: Zone };

/** What each key does to the filter. */
const keys: Readonly<Record<string, (text: string, clock: Clock) => RequestFilter>> = {
  type: (type) => ({ type }),
  state: (text) => ({ states: text.split(',').map(toState) }),
  user: (user) => ({ user }),
  args: (text) => ({ args: Object.fromEntries(parsePairs(text.split(','))) }),
  since: (text, { now, zone }) => ({ since: toInstant(text, 'since', now, zone) }),
  until: (text, { now, zone }) => ({ until: toInstant(text, 'until', now, zone) }),
  timezone: () => ({}),
  limit: (text) => ({ limit: toNumber(text, 'limit') }),
  offset: (text) => ({ offset: toNumber(text, 'offset') }),
};

/** As Spin Cycle has it. */
const otherNames: Readonly<Record<string, string>> = { states: 'state' };

/** What a condition may begin with. */
export const findKeys = [...Object.keys(keys), 'arg.', 'label.'];

const keyNames = findKeys.map((key) => (key.endsWith('.') ? `${key}NAME` : key));

const keyHelp = `
Conditions, all of which must hold:
  type=T           type of the chain
  state=S[,S…]     ${requestStates.slice(0, 4).join(', ')},
                   ${requestStates.slice(4).join(', ')}
  user=U           who asked for it
  since=W          not finished, or finished after this
  until=W          created before this
  arg.NAME=V       an arg of the request
  args=N=V[,N=V…]  several args
  label.NAME=V     a label of the request
  limit=N          at most so many; ${defaultLimit} if not given, 0 for all
  offset=N         without the first so many
  timezone=Z       of times that name none, and of --long: utc, or local
W is ${whenHelp}`;

export const declareFind: Declare = (program, act) => {
  program
    .command('find')
    .argument('[conditions...]', 'key=value each, see below')
    .description('list requests of any age, the newest first')
    .option('-l, --long', 'with the times in full; for a wide terminal')
    .option(...jsonFlag)
    .addHelpText('after', keyHelp)
    .addHelpText(
      'after',
      examples('find state=fail,stopped since=2d', 'find type=nightly arg.region=eu limit=0'),
    )
    .action(act(find));
};

async function find(
  context: Context,
  conditions: readonly string[],
  { json = false, long = false }: { json?: boolean; long?: boolean },
): Promise<number> {
  const pairs = parsePairs(conditions);
  const clock = { now: Date.now(), zone: toZone(pairs.get('timezone') ?? 'utc') };
  const filter = toFilter(pairs, clock);
  const { limit = defaultLimit, offset = 0 } = filter;
  await withTracked(context, undefined, async (tracked) => {
    // One more tells whether there are more.
    const bound = limit === 0 ? {} : { limit: limit + 1 };
    const { limit: _, ...rest } = filter;
    const all = await tracked.find({ ...rest, ...bound });
    const found = limit === 0 ? all : all.slice(0, limit);
    if (json) printJson(found);
    else if (found.length === 0) note(emptyText(conditions, offset));
    else if (long) for (const line of table(longColumns(clock.zone), found, Infinity)) print(line);
    else for (const line of table(columns(clock.now), found)) print(line);
    if (all.length > found.length) {
      note(`There are more: offset=${offset + limit} goes on, limit=0 lists all.`);
    }
  });
  return exitCodes.complete;
}

/** Throws MillraceError `usage` for a key that there is not, or a value that it does not take. */
function toFilter(pairs: ReadonlyMap<string, string>, clock: Clock): RequestFilter {
  let filter: RequestFilter = {};
  for (const [key, text] of pairs) {
    const [, map, name = ''] = /^(arg|label)\.(.+)$/.exec(key) ?? [];
    if (map === 'arg') filter = { ...filter, args: { ...filter.args, [name]: text } };
    else if (map === 'label') filter = { ...filter, labels: { ...filter.labels, [name]: text } };
    else {
      const { args, ...condition } = conditionOf(key)(text, clock);
      filter = { ...filter, ...condition, ...(args && { args: { ...filter.args, ...args } }) };
    }
  }
  return filter;
}

function conditionOf(given: string): (text: string, clock: Clock) => RequestFilter {
  const key = (Object.hasOwn(otherNames, given) ? otherNames[given] : undefined) ?? given;
  const condition = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (condition !== undefined) return condition;
  throw new MillraceError(
    'usage',
    `find takes no "${key}"${didYouMean(key, keyNames)}; it takes ${keyNames.join(', ')}`,
  );
}

function toZone(text: string): Zone {
  const word = text.toLowerCase();
  if (word === 'utc' || word === 'local') return word;
  throw new MillraceError('usage', `timezone "${text}" is neither utc nor local`);
}

function toState(text: string): string {
  const word = text.trim().toUpperCase();
  const state = word === 'FAILED' ? 'FAIL' : word;
  if (requestStates.includes(state)) return state;
  throw new MillraceError(
    'usage',
    `"${text}" is no state${didYouMean(state, requestStates)}; there are ${requestStates.join(', ')}`,
  );
}

function toNumber(text: string, key: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new MillraceError('usage', `${key} must be a whole number, not "${text}"`);
}

function emptyText(conditions: readonly string[], offset: number): string {
  if (conditions.length === 0) return 'No request has been started here yet.';
  return `No request fits${offset > 0 ? ' from there on' : ''}.`;
}

const common: readonly Column<FoundRequest>[] = [
  { title: 'REQUEST', cell: ({ id }) => id },
  { title: 'TYPE', cell: ({ type }) => type, least: 10 },
  { title: 'USER', cell: ({ user = '' }) => user, least: 6 },
  {
    title: 'STATE',
    cell: ({ state, parked }) => (parked === undefined ? state : `${state}, parked`),
    paint: (cell, { state, parked }) => paintState(cell, parked === undefined ? state : 'parked'),
  },
  { title: 'JOBS', cell: jobsText, align: 'right' },
];

function longColumns(zone: Zone): Column<FoundRequest>[] {
  const time = (at: number | undefined): string => (at === undefined ? 'N/A' : instant(at, zone));
  return [
    ...common,
    { title: 'CREATED', cell: ({ createdAt }) => time(createdAt) },
    { title: 'STARTED', cell: ({ startedAt }) => time(startedAt) },
    { title: 'FINISHED', cell: ({ finishedAt }) => time(finishedAt) },
  ];
}

function columns(now: number): Column<FoundRequest>[] {
  return [
    ...common,
    { title: 'CREATED', cell: ({ createdAt }) => ago(createdAt, now), align: 'right' },
    { title: 'TOOK', cell: tookText, align: 'right' },
  ];
}

/** Complete ones and all. */
function jobsText({ counts, total }: FoundRequest): string {
  return total === 0 ? '' : `${count(counts['complete'] ?? 0)}/${count(total)}`;
}

function tookText({ startedAt, finishedAt }: FoundRequest): string {
  if (startedAt === undefined || finishedAt === undefined) return '';
  return duration(finishedAt - startedAt);
}
