/** `millrace tracker rebuild`: makes the read models anew from the journal. */
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { count, duration, note, plural, print, printJson } from './print.ts';

export const declareTracker: Declare = (program, act) => {
  program
    .command('tracker')
    .description('look after what find, ps, log and info read')
    .addHelpText('after', examples('tracker rebuild'))
    .command('rebuild')
    .description('make it anew from the journal; nothing is lost by it')
    .option(...jsonFlag)
    .addHelpText('after', examples('tracker rebuild'))
    .action(act(rebuild));
};

async function rebuild(context: Context, { json = false }: { json?: boolean }): Promise<number> {
  const rebuilt = await context.hosting.rebuildReadModels(await context.readingConfig(), note);
  const { entries, requests, ms } = rebuilt;
  if (json) printJson(rebuilt);
  else {
    print(
      `rebuilt in ${duration(ms)}: ${plural(requests, 'request')} from ${count(entries)} entries`,
    );
  }
  return exitCodes.complete;
}
