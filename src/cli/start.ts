/** `millrace start TYPE [k=v…]`: asks the process that hosts the folder to start a request. */
import type { Connection } from '../connect.ts';
import { parsePairs } from './args.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { print, printJson } from './print.ts';
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

/** What the args mean is the host's to say: no configuration is needed here. */
async function start(
  context: Context,
  type: string,
  pairs: readonly string[],
  options: TellOptions,
): Promise<number> {
  const { follow = false, json = false, verbose = false } = options;
  const texts = Object.fromEntries(parsePairs(pairs));
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
