/** `millrace asyncapi`: what goes over the broker, for programs and people in any language. */
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { printJson } from './print.ts';

export const declareAsyncApi: Declare = (program, act) => {
  program
    .command('asyncapi')
    .description('print the messages of this deployment as an AsyncAPI 3.0 document')
    .addHelpText(
      'after',
      `\nWith the chains, jobs and actors of the configuration, where there is one.\n${examples('asyncapi > asyncapi.json')}`,
    )
    .action(act(asyncapi));
};

async function asyncapi(context: Context): Promise<number> {
  printJson(await context.hosting.describeMessages(await context.config()));
  return exitCodes.complete;
}
