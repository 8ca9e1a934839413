/** `millrace events [ID]`: the event log of a request, or of all in the order of their times; a line an entry. */
import { setTimeout as delay } from 'node:timers/promises';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal } from '../protocol/states.ts';
import type { OpenReader } from '../openReader.ts';
import type { RequestEvent } from '../reader.ts';
import { examples, toCount } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { colorsOf, count, note, print } from './print.ts';
import { idHelp, idOf, shortId, withReader } from './reading.ts';
import { fit, oneLine, pad, widthOf } from './text.ts';
import { toInstant, whenHelp } from './when.ts';

type EventsOptions = {
  json?: boolean;
  bodies?: boolean;
  after: number;
  follow?: boolean;
  type?: string;
  since?: string;
};

/** What is read: of one request or of all, from where on, and whether also what is yet to come. */
type Asked = {
  id: string | undefined;
  after: number;
  since: number | undefined;
  /** Called each time that there is nothing more for now; without it reading ends there. */
  pause: (() => Promise<void>) | undefined;
};

const lookMs = 200;

export const declareEvents: Declare = (program, act) => {
  program
    .command('events')
    .argument('[id]', `${idHelp}; without it those of all requests`)
    .description('print the event log of a request, or of all')
    .option('-f, --follow', 'go on with what is yet to come')
    .option('--type <types>', 'only these message types, or kinds of them: attempt.failed,request')
    .option('--since <when>', `only what came after: ${whenHelp}`)
    .option('--after <seq>', 'only what came after this entry of the request', toCount, 0)
    .option('--bodies', 'with the messages')
    .option('--json', 'print JSON lines, one an entry')
    .addHelpText(
      'after',
      examples(
        'events last --follow',
        'events --since 10m --type attempt.failed',
        'events 01kavx3v8c6ws0vzq3f3c2hrnd --json --bodies',
      ),
    )
    .action(act(events));
};

async function events(
  context: Context,
  named: string | undefined,
  { json = false, bodies = false, follow = false, after, type, since }: EventsOptions,
): Promise<number> {
  const sinceAt = since === undefined ? undefined : toInstant(since, '--since', Date.now());
  if (named === undefined && after > 0) {
    throw new MillraceError(
      'usage',
      '--after is an entry of one request: name it, or give --since',
    );
  }
  const types = type?.split(',').map((each) => each.trim());
  await withReader(context, async (reader, config) => {
    const id = named === undefined ? undefined : await idOf(reader, named);
    const printer = json ? jsonPrinter(bodies) : linePrinter(bodies, id === undefined);
    const passed = new Set<string>();
    let isEmpty = true;
    // Asked before anything is read: a host that ends with the request has been one.
    const pause = follow ? pausing(await context.hosting.hostOf(config)) : undefined;
    for await (const event of eventsOf(reader, { id, after, since: sinceAt, pause })) {
      if (types?.some((each) => isOfType(event.type, each)) === false) passed.add(event.type);
      else {
        isEmpty = false;
        printer(event);
      }
    }
    if (isEmpty) note(emptyText(type, passed));
  });
  return exitCodes.complete;
}

function eventsOf(reader: OpenReader, asked: Asked): AsyncGenerator<RequestEvent> {
  const { id } = asked;
  return id === undefined ? ofAll(reader, asked) : ofOne(reader, { ...asked, id });
}

/** Ends with the request. */
async function* ofOne(
  reader: OpenReader,
  { id, after, since = 0, pause }: Asked & { id: string },
): AsyncGenerator<RequestEvent> {
  let seq = after;
  for (;;) {
    for await (const event of reader.events(id, seq)) {
      seq = event.seq;
      if (event.at >= since) yield event;
    }
    if (pause === undefined || isTerminal((await reader.state(id)).state)) return;
    await pause();
  }
}

async function* ofAll(reader: OpenReader, { since, pause }: Asked): AsyncGenerator<RequestEvent> {
  let from = since === undefined ? [] : await reader.placeBefore(since);
  for (;;) {
    const to = await reader.end();
    yield* reader.between(from, to);
    if (pause === undefined) return;
    from = to;
    await pause();
  }
}

/** Says once that nothing comes while nobody hosts. */
function pausing(host: object | undefined): () => Promise<void> {
  let isKnown = host !== undefined;
  return async () => {
    if (!isKnown) note('No process hosts it now; this waits for one.');
    isKnown = true;
    await delay(lookMs);
  };
}

/** `attempt` is any of `attempt.failed`, `attempt.succeeded`, … */
function isOfType(type: string, asked: string): boolean {
  return type === asked || type.startsWith(`${asked}.`);
}

function emptyText(asked: string | undefined, passed: ReadonlySet<string>): string {
  if (asked === undefined || passed.size === 0) return 'No events.';
  return `No event of type ${asked}; there are ${[...passed].sort().join(', ')}.`;
}

function jsonPrinter(bodies: boolean): (event: RequestEvent) => void {
  return (event) => print(JSON.stringify(bodies ? event : without(event)));
}

function without({ body: _, ...event }: RequestEvent): object {
  return event;
}

/** On a terminal a line a move, cut to its width; elsewhere one whole line an entry. */
function linePrinter(bodies: boolean, isOfAll: boolean): (event: RequestEvent) => void {
  const { dim } = colorsOf(process.stdout);
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  let day = new Date().toISOString().slice(0, 10);
  return (event) => {
    const { requestId, seq, at, type, parked, body } = event;
    const instant = new Date(at).toISOString();
    if (instant.slice(0, 10) !== day) {
      day = instant.slice(0, 10);
      print(dim(day));
    }
    const where = isOfAll ? `${oneLine(shortId(requestId))}  ` : '';
    const begin = `${String(seq).padStart(5)}  ${instant.slice(11, 23)}  ${where}${pad(oneLine(type), 17)}  `;
    const moves = movesOf(event);
    if (parked !== undefined) moves.push({ who: '', how: '(kept: parked)' });
    const texts =
      width === undefined
        ? [moves.map(({ who, how }) => oneLine(who + how)).join('; ')]
        : moves.map(({ who, how }) => fit(who, Math.max(9, width - widthOf(begin + how))) + how);
    const [first = '', ...rest] = texts;
    print((begin + first).trimEnd());
    for (const text of rest) print(' '.repeat(widthOf(begin)) + text);
    if (bodies && body !== undefined) print(oneLine(`       ${JSON.stringify(body)}`));
  };
}

/** `a and 3 more` and ` RUNNING → COMPLETE`: of many jobs that go the same way the first is named. */
function movesOf({ transitions }: RequestEvent): { who: string; how: string }[] {
  const groups = new Map<string, { move: string; actors: string[] }>();
  for (const { actor, from, to } of transitions) {
    const move = ` ${from} → ${to}`;
    // The chain's own move is never one of many.
    const key = actor === 'chain' ? actor + move : move;
    const group = groups.get(key) ?? { move, actors: [] };
    group.actors.push(actor);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ move, actors: [first = '', ...rest] }) => {
    const more = rest.length === 0 ? '' : ` and ${count(rest.length)} more`;
    return { who: readable(first) + more, how: move };
  });
}

/** A job by its name alone, unless it is called as the chain is. */
function readable(actor: string): string {
  return actor === 'job/chain' ? actor : actor.replace(/^job\//, '');
}
