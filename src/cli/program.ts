/** The command line: its commands, flags and help; what each does is in the file of its name. */
import { Command, InvalidArgumentError } from 'commander';
import { contextOf } from './context.ts';
import type { Context, Flags, Hosting } from './context.ts';
import { events } from './events.ts';
import type { EventsOptions } from './events.ts';
import { exitCodes, report } from './exit.ts';
import { replay } from './replay.ts';
import type { ReplayOptions } from './replay.ts';
import { resume } from './resume.ts';
import { run } from './run.ts';
import type { FollowOptions } from './session.ts';
import { status } from './status.ts';
import type { StatusOptions } from './status.ts';
import { version } from '../version.ts';
import { unpark } from './unpark.ts';
import type { UnparkOptions } from './unpark.ts';

const jsonFlag = ['--json', 'print one JSON document on stdout; notes go to stderr'] as const;
const verboseFlag = ['-v, --verbose', 'a line for each job that ends'] as const;

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
    .option('--debug', 'show stacks of errors')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', exitCodeHelp);

  /** Commander hands an action its arguments, the options, and the command. */
  const act =
    <Args extends unknown[]>(action: (context: Context, ...args: Args) => Promise<number>) =>
    async (...given: [...Args, Command]) => {
      const command = given.at(-1) as Command;
      answer(await action(contextOf(hosting, command), ...(given.slice(0, -1) as Args)));
    };

  program
    .command('run')
    .argument('<type>', 'type of the chain')
    .argument('[args...]', 'its args, key=value each')
    .description('start a request here and follow it')
    .option(...jsonFlag)
    .option(...verboseFlag)
    .addHelpText(
      'after',
      examples(
        'run checksum-tree dir=src out=SHA256SUMS',
        'run nightly \'hosts=["a","b"]\' --json',
      ),
    )
    .action(
      act((context, type: string, pairs: string[], options: FollowOptions) =>
        run(context, type, pairs, options),
      ),
    );

  program
    .command('resume')
    .argument('<id>', 'id of the request')
    .description('go on with a request that was suspended, or left behind by a killed process')
    .option(...jsonFlag)
    .option(...verboseFlag)
    .addHelpText('after', examples('resume 01kavx3v8c6ws0vzq3f3c2hrnd'))
    .action(act((context, id: string, options: FollowOptions) => resume(context, id, options)));

  program
    .command('status')
    .argument('[id]', 'id of a request; without it the newest are listed')
    .description('show a request, or list the newest')
    .option(...jsonFlag)
    .option('-n, --limit <n>', 'how many are listed', toCount, 20)
    .addHelpText('after', examples('status', 'status 01kavx3v8c6ws0vzq3f3c2hrnd --json'))
    .action(
      act((context, id: string | undefined, options: StatusOptions) =>
        status(context, id, options),
      ),
    );

  program
    .command('events')
    .argument('<id>', 'id of the request')
    .description('print the event log of a request')
    .option('--json', 'print JSON lines, one an entry')
    .option('--bodies', 'with the messages')
    .option('--after <seq>', 'only what came after', toCount, 0)
    .addHelpText(
      'after',
      examples(
        'events 01kavx3v8c6ws0vzq3f3c2hrnd',
        'events 01kavx3v8c6ws0vzq3f3c2hrnd --json --bodies',
      ),
    )
    .action(act((context, id: string, options: EventsOptions) => events(context, id, options)));

  program
    .command('replay')
    .argument('[id]', 'id of a request; without it all of them')
    .description(
      'step journals again and compare with what was stored; exits with 1 if any differs',
    )
    .option('--verify', 'compare (needed)')
    .option(...jsonFlag)
    .addHelpText('after', examples('replay --verify', 'replay 01kavx3v8c6ws0vzq3f3c2hrnd --verify'))
    .action(
      act((context, id: string | undefined, options: ReplayOptions) =>
        replay(context, id, options),
      ),
    );

  program
    .command('unpark')
    .argument('<id>', 'id of the request')
    .description('step what was kept while a request was parked')
    .option('--skip', 'set the message that throws aside')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('unpark 01kavx3v8c6ws0vzq3f3c2hrnd', 'unpark 01kavx3v8c6ws0vzq3f3c2hrnd --skip'),
    )
    .action(act((context, id: string, options: UnparkOptions) => unpark(context, id, options)));

  return program;
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  millrace ${line}`).join('\n')}`;
}

const exitCodeHelp = `
Exit codes:
  0 COMPLETE   1 FAIL   2 wrong usage   3 STOPPED   4 SUSPENDED   5 could not run
${examples('run checksum-tree dir=src out=SHA256SUMS', 'status')}`;

function toCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** `millrace events ID | head` ends when head does. */
function leaveOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(exitCodes.complete);
  throw error;
}
