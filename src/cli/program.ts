/** The command line: the list of commands, flags for all and help; each command is in the file of its name. */
import { Command } from 'commander';
import { version } from '../version.ts';
import { examples, toCount } from './command.ts';
import type { Act, Declare } from './command.ts';
import { declareAsyncApi } from './asyncapi.ts';
import { declareCompletion } from './completion.ts';
import { contextOf } from './context.ts';
import type { Flags, Hosting } from './context.ts';
import { declareEvents } from './events.ts';
import { exitCodes, report } from './exit.ts';
import { declareFind } from './find.ts';
import { declareGraph } from './graph.ts';
import { declareHelp } from './help.ts';
import { declareInfo } from './info.ts';
import { declareLog } from './log.ts';
import { declareOpenApi } from './openapi.ts';
import { declarePs } from './ps.ts';
import { declareReconcile } from './reconcile.ts';
import { declareRejected } from './rejected.ts';
import { declareReplay } from './replay.ts';
import { declareResume } from './resume.ts';
import { declareRetry } from './retry.ts';
import { declareRun } from './run.ts';
import { declareRunning } from './running.ts';
import { declareShow } from './show.ts';
import { declareSpec } from './spec.ts';
import { declareStart } from './start.ts';
import { declareStatus } from './status.ts';
import { declareStop, declareSuspend } from './stop.ts';
import { declareTracker } from './tracker.ts';
import { declareUnpark } from './unpark.ts';
import { declareUp } from './up.ts';
import { declareVersion } from './version.ts';

/** In the order of the help. */
const declarations: readonly Declare[] = [
  declareRun,
  declareUp,
  declareStart,
  declareStop,
  declareSuspend,
  declareResume,
  declareRetry,
  declareStatus,
  declareRunning,
  declareInfo,
  declarePs,
  declareFind,
  declareLog,
  declareShow,
  declareEvents,
  declareGraph,
  declareSpec,
  declareUnpark,
  declareRejected,
  declareReconcile,
  declareReplay,
  declareTracker,
  declareAsyncApi,
  declareOpenApi,
  declareCompletion,
  declareVersion,
  declareHelp,
];

/** Runs the program with the arguments of the process; answers with the exit code. */
export async function runCli(argv: readonly string[], hosting: Hosting): Promise<number> {
  process.stdout.on('error', leaveOnClosedPipe);
  let code: number = exitCodes.complete;
  const program = commands(hosting, (answered) => (code = answered));
  try {
    await program.parseAsync(argv);
    return code;
  } catch (thrown) {
    return report(thrown, program.opts<Flags>().debug === true);
  }
}

function commands(hosting: Hosting, answer: (code: number) => void): Command {
  const program = new Command('millrace')
    .description('Runs chains of jobs that survive Ctrl-C, kills and crashes.')
    .option(
      '--config <file>',
      'the configuration (default: millrace.config.ts in the working directory)',
    )
    .option('--data <dir>', 'the data folder (default: MILLRACE_DATA, else .millrace)')
    .option('--api <address>', 'ask an API in place of a folder (default: MILLRACE_API)')
    .option('--timeout <ms>', 'how long an answer of an API may take (default: 5000)', toCount)
    .option('--debug', 'show stacks of errors')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', exitCodeHelp);

  const act: Act =
    (action) =>
    async (...given) => {
      const [args, command] = split(given);
      const context = contextOf(hosting, command.optsWithGlobals<Flags>(), isUp(command));
      answer(await action(context, ...args));
    };
  for (const declare of declarations) declare(program, act);
  return program;
}

function isUp(command: Command): boolean {
  return command.name() === 'up';
}

/** Commander hands an action its arguments, the options, and the command. */
function split<Args extends unknown[]>(given: [...Args, Command]): [Args, Command] {
  return [given.slice(0, -1) as Args, given.at(-1) as Command];
}

const exitCodeHelp = `
Exit codes:
  0 COMPLETE   1 FAIL   2 wrong usage   3 STOPPED   4 SUSPENDED   5 could not run
${examples('run checksum-tree dir=src out=SHA256SUMS', 'status')}`;

/** `millrace events ID | head` ends when head does. */
function leaveOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.complete);
  throw error;
}
