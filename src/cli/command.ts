/** What commands declare themselves with: shared flags, examples, and how an action is called. */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Adds one command to the program: its name, arguments, options, examples and action. */
export type Declare = (program: Command, act: Act) => void;

/** Makes of an action what commander calls: it is given the context, the arguments and the options, and answers with the exit code. */
export type Act = <Args extends unknown[]>(
  action: (context: Context, ...args: Args) => Promise<number>,
) => (...given: [...Args, Command]) => Promise<void>;

export const jsonFlag = [
  '--json',
  'print one JSON document on stdout; notes go to stderr',
] as const;
export const verboseFlag = ['-v, --verbose', 'a line for each job that ends'] as const;

/** The examples at the end of a command's help. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  millrace ${line}`).join('\n')}`;
}

/** A whole number. Throws InvalidArgumentError. */
export function toCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}
