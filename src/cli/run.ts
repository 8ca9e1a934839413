/** `millrace run TYPE [k=v…]`: starts a request here and follows it. */
import { chainOf, parsePairs, toArgs } from './args.ts';
import type { Context } from './context.ts';
import { followHere } from './session.ts';
import type { FollowOptions } from './session.ts';

/** Checks type and args before anything is hosted. */
export async function run(
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
