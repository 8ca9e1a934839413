/** `millrace rejected list|show|requeue|drop`: what could not be accepted, looked at, corrected and sent again. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { RejectedMessage, RejectedSummary } from '../protocol/rejected.ts';
import type { OpenRejected } from '../openRejected.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { examples, jsonFlag, toCount } from './command.ts';
import type { Act, Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { ago, colorsOf, count, note, plural, print, printJson } from './print.ts';
import { within } from './session.ts';
import { table } from './table.ts';
import { oneLine } from './text.ts';

type JsonOption = { json?: boolean };

export const declareRejected: Declare = (program, act) => {
  const rejected = program
    .command('rejected')
    .description('look at what could not be accepted, and send it again')
    .addHelpText(
      'after',
      examples('rejected list', 'rejected show 1f0c2a9b7d3e', 'rejected requeue 1f0c2a9b7d3e'),
    );
  declareList(rejected, act);
  declareShow(rejected, act);
  declareRequeue(rejected, act);
  declareDrop(rejected, act);
};

function declareList(rejected: Command, act: Act): void {
  rejected
    .command('list')
    .description('list them, oldest first, each with its reason')
    .option('-n, --limit <count>', 'at most so many', toCount, 100)
    .option(...jsonFlag)
    .addHelpText('after', examples('rejected list', 'rejected list --limit 1000 --json'))
    .action(act(list));
}

function declareShow(rejected: Command, act: Act): void {
  rejected
    .command('show')
    .argument('<id>', idHelp)
    .description('print one with its headers and its body')
    .option('--body', 'print its body alone, to be corrected in a file')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('rejected show 1f0c2a9b7d3e', 'rejected show 1f0c2a9b7d3e --body > body.json'),
    )
    .action(act(show));
}

function declareRequeue(rejected: Command, act: Act): void {
  rejected
    .command('requeue')
    .argument('<id>', idHelp)
    .description('send it again to where it came from, and take it off')
    .option('--body <file>', 'with the text of this file as its body')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('rejected requeue 1f0c2a9b7d3e', 'rejected requeue 1f0c2a9b7d3e --body body.json'),
    )
    .action(act(requeue));
}

function declareDrop(rejected: Command, act: Act): void {
  rejected
    .command('drop')
    .argument('<id>', idHelp)
    .description('take it off for good')
    .option(...jsonFlag)
    .addHelpText('after', examples('rejected drop 1f0c2a9b7d3e'))
    .action(act(drop));
}

const idHelp = 'its id, as the list has it';

/** Rejects with MillraceError `unavailable` when nobody has the queue. */
async function withQueue<T>(
  context: Context,
  use: (rejected: OpenRejected['rejected']) => Promise<T>,
): Promise<T> {
  const opened = await context.hosting.openRejected(await context.config());
  return within(opened, ({ rejected }) => use(rejected));
}

async function list(
  context: Context,
  { limit, json = false }: JsonOption & { limit: number },
): Promise<number> {
  const found = await withQueue(context, (rejected) => rejected.list(limit));
  const { waiting, messages } = found;
  if (json) printJson(found);
  else if (messages.length === 0) note('nothing is rejected');
  else {
    const now = Date.now();
    for (const line of table<RejectedSummary>(columns(now), messages)) print(line);
    if (waiting > messages.length) note(`${count(waiting - messages.length)} more; --limit N`);
  }
  return exitCodes.complete;
}

function columns(now: number) {
  return [
    { title: 'id', cell: ({ id }: RejectedSummary) => id },
    { title: 'since', cell: ({ rejectedAt }: RejectedSummary) => ago(Date.parse(rejectedAt), now) },
    { title: 'type', cell: typeOf, least: 12 },
    { title: 'for', cell: ({ group = '' }: RejectedSummary) => group, least: 8 },
    { title: 'reason', cell: ({ reason }: RejectedSummary) => reason, least: 20 },
  ];
}

/** A publisher need not say the type; the routing key is it then. */
function typeOf({ type, routingKey }: RejectedSummary): string {
  return type === '' ? routingKey : type;
}

async function show(
  context: Context,
  id: string,
  { body = false, json = false }: JsonOption & { body?: boolean },
): Promise<number> {
  const message = await withQueue(context, (rejected) => rejected.show(id));
  if (json) printJson(message);
  else if (body) print(message.body);
  else printMessage(message);
  return exitCodes.complete;
}

/** A body is cut here; `--body` and `--json` have all of it. */
const shownBody = 4000;

function printMessage(message: RejectedMessage): void {
  const { id, reason, code, exchange, routingKey, rejectedAt, principal, headers, body } = message;
  const { dim } = colorsOf(process.stdout);
  const line = (title: string, text: string): void => {
    if (text !== '') print(`${title.padEnd(9)} ${oneLine(text)}`);
  };
  line('rejected', id);
  line('reason', `${reason} (${code})`);
  line('since', `${rejectedAt}  ${ago(Date.parse(rejectedAt), Date.now())}`);
  line('sent to', exchange === '' ? routingKey : `${exchange}, ${routingKey}`);
  line('type', message.type);
  line('message', message.messageId);
  line('user', principal ?? '');
  line('reply to', message.replyTo ?? '');
  for (const [name, value] of Object.entries(headers)) line('header', `${name}: ${value}`);
  print('');
  print(body.slice(0, shownBody));
  if (body.length > shownBody)
    note(dim(`… ${count(body.length - shownBody)} characters more: --body prints all`));
}

async function requeue(
  context: Context,
  id: string,
  { body: file, json = false }: JsonOption & { body?: string },
): Promise<number> {
  const body = file === undefined ? undefined : await readBody(file);
  const sent = await withQueue(context, (rejected) => rejected.requeue(id, body));
  if (json) printJson(sent);
  else
    print(`sent again: ${oneLine(typeOf(sent))} to ${oneLine(sent.exchange || sent.routingKey)}`);
  return exitCodes.complete;
}

async function readBody(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new MillraceError('usage', `the body cannot be read: ${messageOf(cause)}`, { cause });
  }
}

async function drop(context: Context, id: string, { json = false }: JsonOption): Promise<number> {
  const dropped = await withQueue(context, (rejected) => rejected.drop(id));
  if (json) printJson(dropped);
  else print(`dropped: ${oneLine(typeOf(dropped))} of ${plural(dropped.bytes, 'byte')}`);
  return exitCodes.complete;
}
