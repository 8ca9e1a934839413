/** `millrace run TYPE [k=v…]`: starts a request here and follows it. */
import { chainOf, toArgs } from '../gateway/asked.ts';
import { parsePairs } from './args.ts';
import { examples, jsonFlag, verboseFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { followHere } from './session.ts';
import type { FollowOptions } from './session.ts';

export const declareRun: Declare = (program, act) => {
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
    .action(act(run));
};

/** Checks type and args before anything is hosted. */
async function run(
  context: Context,
  type: string,
  pairs: readonly string[],
  options: FollowOptions,
): Promise<number> {
  const values = parsePairs(pairs);
  const config = await context.config();
  const chain = chainOf(config.chains, type);
  const args = await toArgs(chain, values);
  return followHere(context, config, options, (client) => client.start(chain, args));
}
