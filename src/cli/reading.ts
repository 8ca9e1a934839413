/** Opens the data folder for a command that only reads, and finds the request that a person means. */
import type { Config } from '../config.ts';
import type { Heads } from '../heads.ts';
import type { OpenHeads } from '../openHeads.ts';
import type { OpenReader } from '../openReader.ts';
import type { OpenTracked } from '../openTracked.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { Context } from './context.ts';
import { count, note } from './print.ts';

/** What an ID argument may be; for the help of commands. */
export const idHelp = 'id of a request, a unique beginning or end of it, or `last`';

const leastCharacters = 6;
const mostListed = 10;

/** Opens, lets `use` read, closes. */
export function withReader<T>(
  context: Context,
  use: (reader: OpenReader, config: Config) => Promise<T>,
): Promise<T> {
  return using(context, context.hosting.openReader, use);
}

/** The same for what needs no look into a request. */
export function withHeads<T>(context: Context, use: (heads: OpenHeads) => Promise<T>): Promise<T> {
  return using(context, context.hosting.openHeads, use);
}

async function using<Opened extends { close(): Promise<void> }, T>(
  context: Context,
  open: (config: Config) => Promise<Opened>,
  use: (opened: Opened, config: Config) => Promise<T>,
): Promise<T> {
  const config = await context.readingConfig();
  const opened = await open(config);
  try {
    return await use(opened, config);
  } finally {
    await opened.close();
  }
}

/** The same for what the tracker knows; `named` is the request that is meant, if one is. */
export async function withTracked<T>(
  context: Context,
  named: string | undefined,
  use: (tracked: OpenTracked, id: string | undefined, config: Config) => Promise<T>,
): Promise<T> {
  const id =
    named === undefined ? undefined : await withHeads(context, (heads) => idOf(heads, named));
  const config = await context.readingConfig();
  const tracked = await context.hosting.openTracked(config, note);
  try {
    const behind = await tracked.behind();
    if (behind > 0) {
      const anew = context.command('tracker rebuild');
      note(`The tracker is ${count(behind)} entries behind: ask again in a moment, or ${anew}`);
    }
    return await use(tracked, id, config);
  } finally {
    await tracked.close();
  }
}

/**
 * The whole id of what a person typed: an id, a unique beginning or end of one, or `last`. Throws
 * MillraceError `not-found`, or `usage` listing the requests that it could be.
 */
export async function idOf(reader: Heads, text: string): Promise<string> {
  const part = text.replace(/^…|…$/g, '');
  const found = part === '' ? [] : await reader.matching(part, mostListed + 1);
  const [only, another] = found;
  if (only === part) return only;
  if (text === 'last') return newest(reader);
  if (only === undefined || part.length < leastCharacters) throw notFound(text);
  if (another === undefined) return only;
  const listed = found.slice(0, mostListed).map((id) => `  ${id}`);
  throw new MillraceError(
    'usage',
    [
      `"${text}" could be more than one request; give more of its id:`,
      ...listed,
      ...(found.length > mostListed ? ['  …'] : []),
    ].join('\n'),
  );
}

/** What tells requests apart in narrow tables: the end of a ULID, whose beginning is the time; other ids whole. */
export function shortId(id: string): string {
  return /^[0-9a-z]{26}$/.test(id) ? id.slice(-8) : id;
}

async function newest(reader: Pick<Heads, 'list'>): Promise<string> {
  const [head] = await reader.list();
  if (head !== undefined) return head.group;
  throw new MillraceError('not-found', 'no request has been started here yet');
}

function notFound(text: string): MillraceError {
  const hint =
    text.length < leastCharacters
      ? `; of an id at least ${leastCharacters} characters are needed`
      : '';
  return new MillraceError(
    'not-found',
    `request "${text}" does not exist in this store${hint}; \`millrace status\` lists those that do`,
  );
}
