/** `millrace reconcile`: has everything that is owed sent again, after a broker was restored from a copy. */
import { MillraceError } from '../protocol/errors.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { plural, print, printJson } from './print.ts';
import { reach, within } from './session.ts';

export const declareReconcile: Declare = (program, act) => {
  program
    .command('reconcile')
    .description('send again all that chains wait for, after a broker was restored from a copy')
    .option(...jsonFlag)
    .addHelpText('after', examples('reconcile'))
    .action(act(reconcile));
};

async function reconcile(context: Context, { json = false }: { json?: boolean }): Promise<number> {
  const connection = await reach(context, await context.readingConfig());
  if (connection === undefined) throw nobody();
  const partitions = await within(connection, ({ link }) => link.reconcile());
  if (json) printJson({ partitions });
  else print(`reconciled: all that is owed in ${plural(partitions, 'partition')} is sent again`);
  return exitCodes.complete;
}

function nobody(): MillraceError {
  const message = 'no process hosts this; start one with `millrace up`, which reconciles by itself';
  return new MillraceError('unavailable', message);
}
