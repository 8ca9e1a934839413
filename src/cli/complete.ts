/** What could come next on a command line: commands, flags, chain types and their args, request ids, jobs. */
import type { Command } from 'commander';
import { publicState, requestStates } from '../protocol/states.ts';
import type { Context, Flags } from './context.ts';
import { findKeys } from './find.ts';
import { ago } from './print.ts';
import { idOf, withHeads, withReader } from './reading.ts';
import { oneLine } from './text.ts';

export type Candidate = { text: string; about: string };

/** The command that the words name so far, and the arguments that follow it. */
type Place = { command: Command; given: string[]; flags: Record<string, string> };

const mostIds = 50;

/** `words` are those behind the program's name; the last is the one that is being typed. Never rejects. */
export async function candidates(
  program: Command,
  words: readonly string[],
  context: Context,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const place = placeOf(program, before);
  try {
    const found = isAwaitingValue(place.command, program, before.at(-1))
      ? []
      : current.startsWith('-')
        ? flagsOf(place.command, program)
        : await wordsFor(place, current, context);
    // What has a line break or a tab in it cannot be told to a shell.
    return found.filter(({ text }) => text.startsWith(current) && !/\p{Cc}/u.test(text));
  } catch {
    return [];
  }
}

/** The flags for all commands that are among the words. */
export function flagsIn(program: Command, words: readonly string[]): Flags {
  return placeOf(program, words).flags;
}

function placeOf(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, given: [], flags: {} };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const option = optionOf(place.command, program, word);
    const next = place.command.commands.find((command) => command.name() === word);
    if (option !== undefined) {
      if (!option.required || word.includes('=')) continue;
      at += 1;
      const value = words[at];
      if (value !== undefined) place.flags[option.attributeName()] = value;
    } else if (next !== undefined && place.given.length === 0) place.command = next;
    else if (!word.startsWith('-')) place.given.push(word);
  }
  return place;
}

function optionOf(command: Command, program: Command, word: string) {
  const [flag] = word.split('=');
  return [...command.options, ...program.options].find(
    ({ short, long }) => flag !== '' && (flag === short || flag === long),
  );
}

function isAwaitingValue(command: Command, program: Command, word = ''): boolean {
  return optionOf(command, program, word)?.required === true && !word.includes('=');
}

function flagsOf(command: Command, program: Command): Candidate[] {
  const options = [...command.options, ...(command === program ? [] : program.options)];
  return options.flatMap(({ long, description }) =>
    long === undefined ? [] : [{ text: long, about: description }],
  );
}

async function wordsFor(
  { command, given }: Place,
  current: string,
  context: Context,
): Promise<Candidate[]> {
  if (commandsOf(command).length > 0) {
    // What is no command takes no arguments.
    if (given.length > 0) return [];
    return commandsOf(command);
  }
  const declared = command.registeredArguments;
  const argument =
    declared[given.length] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined);
  switch (argument?.name()) {
    case 'name':
      return both(Promise.resolve(commandsOf(command.parent ?? command)), types(context));
    case 'id':
      return ids(context);
    case 'type':
      return types(context);
    case 'what':
      return both(types(context), ids(context));
    case 'spec':
      return plain([...((await context.specs())?.sequences.keys() ?? [])]);
    case 'args':
      return argsOf(context, given[0] ?? '');
    case 'job':
      return jobs(context, given[0] ?? '');
    case 'conditions':
      return conditions(context, current);
    case 'shell':
      return plain(['bash', 'zsh', 'fish']);
    default:
      return [];
  }
}

function commandsOf(command: Command): Candidate[] {
  const visible = command.createHelp().visibleCommands(command);
  return visible.map((each) => ({ text: each.name(), about: each.description() }));
}

async function both(...lists: readonly Promise<Candidate[]>[]): Promise<Candidate[]> {
  // The ids are there also where the configuration does not load.
  return (await Promise.allSettled(lists)).flatMap((settled) =>
    settled.status === 'fulfilled' ? settled.value : [],
  );
}

function ids(context: Context): Promise<Candidate[]> {
  return withHeads(context, async (heads) => {
    const newest = await heads.list(mostIds);
    const listed = newest.map(({ group, type, state, createdAt }) => ({
      text: group,
      about: `${type} ${publicState(state)}, ${ago(createdAt, Date.now())}`,
    }));
    return [...(listed.length === 0 ? [] : [{ text: 'last', about: 'the newest' }]), ...listed];
  });
}

async function types(context: Context): Promise<Candidate[]> {
  return plain((await context.kinds()).map(({ type }) => type));
}

async function argsOf(context: Context, type: string): Promise<Candidate[]> {
  const kind = (await context.kinds()).find((each) => each.type === type);
  return (kind?.args ?? []).map(({ name, desc }) => ({ text: `${name}=`, about: oneLine(desc) }));
}

function jobs(context: Context, named: string): Promise<Candidate[]> {
  return withReader(context, async (reader) =>
    (await reader.jobs(await idOf(reader, named))).map(({ name, type, state }) => ({
      text: name,
      about: `${type} ${publicState(state)}`,
    })),
  );
}

async function conditions(context: Context, current: string): Promise<Candidate[]> {
  if (current.startsWith('state=')) {
    // After a comma the next one of a list.
    const done = current.replace(/[^=,]*$/, '');
    return plain(requestStates.map((state) => done + state.toLowerCase()));
  }
  if (current.startsWith('type=')) {
    return (await types(context)).map(({ text }) => ({ text: `type=${text}`, about: '' }));
  }
  return plain(findKeys.map((key) => (key.endsWith('.') ? key : `${key}=`)));
}

function plain(texts: readonly string[]): Candidate[] {
  return texts.map((text) => ({ text, about: '' }));
}
