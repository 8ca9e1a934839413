/** Asks a person for the args of a request, and whether the command that they come to is what is meant. */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import type { RequestKind } from './kinds.ts';

/** Where a person types and reads. */
export type Dialog = { input: NodeJS.ReadableStream; output: NodeJS.WritableStream };

type Kind = Pick<RequestKind, 'args'>;

/** Lines that are typed; undefined once the input has ended. */
type Ask = (question: string) => Promise<string | undefined>;

/**
 * What is given and what is asked for: required args that are missing, and, where nothing is given at all, the
 * optional ones too. One that is left empty keeps its default. Undefined when the input ends, or the answer to
 * the last question is not `ok` before it does.
 */
export async function askForArgs(
  { args }: Kind,
  given: ReadonlyMap<string, string>,
  { dialog, command }: { dialog: Dialog; command(args: ReadonlyMap<string, string>): string },
): Promise<ReadonlyMap<string, string> | undefined> {
  const missing = args.filter(
    ({ name, isRequired }) => !given.has(name) && (isRequired || given.size === 0),
  );
  if (missing.length === 0) return given;
  const lines = createInterface({ ...dialog, terminal: isTerminal(dialog.input) });
  const ask = asking(lines);
  const say = (text: string): void => void dialog.output.write(`${text}\n`);
  try {
    const answers = new Map(given);
    for (const arg of missing) {
      say(`# ${describe(arg)}`);
      const answer = await answerTo(arg, ask);
      if (answer === undefined) return undefined;
      if (answer !== '') answers.set(arg.name, answer);
    }
    say('');
    say(`# ${command(answers)}`);
    for (;;) {
      const answer = await ask('Type "ok" to start it: ');
      if (answer === undefined) return undefined;
      if (answer.trim().toLowerCase() === 'ok') return answers;
    }
  } finally {
    lines.close();
  }
}

type Arg = RequestKind['args'][number];

function describe({ desc, isRequired, default: text }: Arg): string {
  const more = isRequired
    ? '(required)'
    : `(default: ${text === undefined || text === '' ? 'none' : text})`;
  return [desc, more].join(' ').trim();
}

/** A required one is asked for until there is something. */
async function answerTo({ name, isRequired }: Arg, ask: Ask): Promise<string | undefined> {
  for (;;) {
    const answer = (await ask(`${name}=`))?.trim();
    if (answer === undefined || answer !== '' || !isRequired) return answer;
  }
}

/** One question after the other. Ctrl-C ends the input, as Ctrl-D does. */
function asking(lines: Interface): Ask {
  const typed = lines[Symbol.asyncIterator]();
  return async (question) => {
    lines.setPrompt(question);
    lines.prompt();
    const line = await typed.next();
    return line.done === true ? undefined : line.value;
  };
}

function isTerminal(input: NodeJS.ReadableStream): boolean {
  return 'isTTY' in input && input.isTTY === true;
}
