/** `millrace running ID`: for scripts; the exit code says whether a request is still on its way. */
import { isTerminal } from '../protocol/states.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { idHelp, idOf, withReader } from './reading.ts';

export const declareRunning: Declare = (program, act) => {
  program
    .command('running')
    .argument('<id>', idHelp)
    .description('say by the exit code whether a request has not ended; prints nothing')
    .addHelpText(
      'after',
      '\nExit codes: 0 it has not ended (PENDING to SUSPENDED), 1 it has, 2 there is none.',
    )
    .addHelpText('after', examples('running last && echo "not yet"'))
    .action(act(running));
};

async function running(context: Context, named: string): Promise<number> {
  const { state } = await withReader(context, async (reader) =>
    reader.state(await idOf(reader, named)),
  );
  return isTerminal(state) ? exitCodes.fail : exitCodes.complete;
}
