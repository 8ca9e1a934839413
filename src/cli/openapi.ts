/** `millrace openapi`: the API over HTTP, for programs and people in any language. */
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { printJson } from './print.ts';

export const declareOpenApi: Declare = (program, act) => {
  program
    .command('openapi')
    .description('print the API over HTTP as an OpenAPI 3.1 document')
    .addHelpText('after', examples('openapi > openapi.json'))
    .action(act(openapi));
};

async function openapi(context: Context): Promise<number> {
  printJson(await context.hosting.describeApi());
  return exitCodes.complete;
}
