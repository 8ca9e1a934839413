/** `millrace run TYPE [k=v…]`: starts a request and follows it, here or in the process that hosts the folder. */
import { chainOf, toArgs } from '../gateway/asked.ts';
import { parsePairs } from './args.ts';
import { examples, jsonFlag, verboseFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { hostOrReach } from './session.ts';
import { start } from './start.ts';
import { watch } from './watch.ts';
import type { FollowOptions } from './watch.ts';

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
  if (context.isRemote) return start(context, type, pairs, { ...options, follow: true });
  const values = parsePairs(pairs);
  const config = await context.config();
  const chain = chainOf(await context.chains(), type);
  const args = await toArgs(chain, values);
  return watch(
    context,
    { ...options, onInterrupt: 'suspend' },
    (say) => hostOrReach(context, config, say),
    (client) => client.start(chain, args),
  );
}
