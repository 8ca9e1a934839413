/** Runs a job that is a program: makes its command, judges its exit, makes the job's result of what it printed. */
import { statSync } from 'node:fs';
import type { z } from 'zod';
import type { JobDefinition, ProgramContext, ProgramWork } from '../definitions.ts';
import type { Clock } from '../ports/clock.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { messageOf } from '../protocol/errors.ts';
import { answerFor, failed } from './answers.ts';
import type { Answer, Outcome } from './answers.ts';
import { badEnd, followChild, outputOf } from './childRun.ts';
import type { Followed } from './childRun.ts';
import type { Children } from './children/children.ts';
import type { Run, RunContext } from './execution.ts';
import { outcomeOf } from './handler.ts';
import { inputOf } from './input.ts';

export type Program = JobDefinition & ProgramWork<z.ZodType, unknown>;

export type ProgramRunOptions = {
  start: AttemptStart;
  definition: Program;
  clock: Clock;
  children: Children;
};

type Argv = [string, ...string[]];
type Order = { argv: Argv; cwd: string | undefined; env: Readonly<Record<string, string>> };

export function runProgram({ start, definition, clock, children }: ProgramRunOptions): Run {
  return async (run) => {
    const { context, problem, writes } = inputOf(start, definition, {});
    const judge = (outcome: Outcome): Answer =>
      answerFor(outcome, {
        writes: writes(),
        isAborted: run.isAborted,
        timeoutMs: start.timeoutMs,
      });

    async function work(): Promise<Answer> {
      if (problem !== undefined) return { ...failed(problem, writes()), final: true };
      const made = await outcomeOf(() => orderOf(definition, context));
      if ('error' in made) return judge(made);
      const { result: order } = made;
      const ended = await follow(order, run);
      if ('error' in ended) return judge(ended);
      const outcome = await outcomeOf(() => {
        if (ended.exit !== 0) throw programError(badEnd(order.argv[0], ended));
        return definition.result?.({ ...ended, exit: 0 }, context);
      });
      return { ...judge(outcome), ...outputOf(ended) };
    }

    run.answer(await work());
  };

  async function follow(order: Order, context: RunContext): Promise<Followed | { error: unknown }> {
    try {
      const options = { children, clock, context, isStatus: () => true };
      return await followChild(order, options);
    } catch (thrown) {
      return { error: programError(whyNot(order.argv, order.cwd, thrown)) };
    }
  }
}

/** What is started, where, with which variables. */
function orderOf(definition: Program, context: ProgramContext<unknown>): Order {
  const { cwd, env } = definition;
  const place = definition.place?.(context);
  return {
    argv: checked(definition.command(context)),
    cwd: place?.cwd ?? cwd,
    env: { ...env, ...place?.env },
  };
}

/** Throws where an argument list cannot be one. */
function checked(argv: unknown): Argv {
  const list: readonly unknown[] = Array.isArray(argv) ? argv : [];
  const wrong = list.findIndex((each) => typeof each !== 'string' || each.includes('\0'));
  if (wrong >= 0) throw programError(`command gave ${whatIs(list[wrong])} as argument ${wrong}`);
  const [program = '', ...args] = list.map(String);
  if (program !== '') return [program, ...args];
  throw programError('command gave no program; it must return a list, the program first');
}

function whatIs(value: unknown): string {
  return typeof value === 'string' ? 'a text with a NUL byte' : `a value of type ${typeof value}`;
}

function whyNot([program, ...args]: Argv, cwd: string | undefined, thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  if (cwd !== undefined && !isFolder(cwd)) return `${program}: its folder ${cwd} does not exist`;
  if (code === 'ENOENT') return `there is no program ${program}`;
  if (code === 'EACCES') return `${program} may not be executed, or is no program`;
  if (code === 'E2BIG') {
    const bytes = args.reduce((sum, arg) => sum + Buffer.byteLength(arg), 0);
    return `${program}: its arguments have ${bytes} bytes, more than the system takes; write them to a file and pass its name`;
  }
  return `${program} could not be started: ${messageOf(thrown)}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Its stack would say where in millrace it was made. */
function programError(message: string): Error {
  const error = new Error(message);
  error.stack = '';
  return error;
}
