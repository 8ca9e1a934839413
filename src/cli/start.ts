/** `millrace start TYPE [k=v…]`: asks the process that hosts the folder to start a request. */
import type { Connection } from '../connect.ts';
import { parsePairs } from './args.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { note, print, printJson } from './print.ts';
import { quoted } from './quote.ts';
import { toSession, within } from './session.ts';
import { withTellFlags } from './tell.ts';
import type { TellOptions } from './tell.ts';
import { watch } from './watch.ts';

export const declareStart: Declare = (program, act) => {
  const command = program
    .command('start')
    .argument('<type>', 'type of a chain that the host knows')
    .argument('[args...]', 'its args, key=value each; paths are the host’s')
    .description('start a request in the process that hosts the folder');
  withTellFlags(command)
    .addHelpText(
      'after',
      examples('start checksum-tree dir=src out=SHA256SUMS', 'start nightly -f'),
    )
    .action(act(start));
};

/** What the args mean is the host's to say: a configuration is needed only to ask for them. */
export async function start(
  context: Context,
  type: string,
  pairs: readonly string[],
  options: TellOptions,
): Promise<number> {
  const { follow = false, json = false, verbose = false } = options;
  const args = await asked(context, type, { given: parsePairs(pairs), json });
  if (args === undefined) {
    note('Nothing was started.');
    return exitCodes.usage;
  }
  const texts = Object.fromEntries(args);
  const connection = await context.hosting.connect(await context.readingConfig());
  const begin = ({ link }: Connection): Promise<string> => link.start({ chain: type, texts });
  if (follow) {
    const watching = { json, verbose, onInterrupt: 'leave' } as const;
    return watch(
      context,
      watching,
      async () => toSession(connection),
      async (client) => client.request(await begin(connection)),
    );
  }
  return within(connection, async () => {
    const id = await begin(connection);
    if (json) printJson({ id, type, host: connection.host?.pid });
    else print(`started ${id}`);
    return exitCodes.complete;
  });
}

type Args = ReadonlyMap<string, string>;

/** On a terminal what is missing is asked for; undefined when the person does not want it after all. */
async function asked(
  context: Context,
  type: string,
  { given, json }: { given: Args; json: boolean },
): Promise<Args | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY || json) return given;
  // Where the configuration does not load, the host says what is missing.
  const kinds = await context.kinds().catch(() => []);
  const kind = kinds.find((each) => each.type === type);
  if (kind === undefined) return given;
  const { askForArgs } = await import('./prompts.ts');
  return askForArgs(kind, given, {
    dialog: { input: process.stdin, output: process.stderr },
    command: (args) =>
      context.command(
        ['start', quoted(type), ...[...args].map((pair) => quoted(pair.join('=')))].join(' '),
      ),
  });
}
