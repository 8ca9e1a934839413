/** `millrace unpark ID`: steps what was kept while a request was parked. */
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { note, plural, print, printJson } from './print.ts';
import { idHelp, idOf, withReader } from './reading.ts';
import { hostOrReach, reach, toSession, within } from './session.ts';
import type { Session } from './session.ts';

type UnparkOptions = { skip?: boolean; json?: boolean };

export const declareUnpark: Declare = (program, act) => {
  program
    .command('unpark')
    .argument('<id>', idHelp)
    .description('step what was kept while a request was parked')
    .option('--skip', 'set the message that throws aside')
    .option(...jsonFlag)
    .addHelpText(
      'after',
      examples('unpark 01kavx3v8c6ws0vzq3f3c2hrnd', 'unpark 01kavx3v8c6ws0vzq3f3c2hrnd --skip'),
    )
    .action(act(unpark));
};

async function unpark(
  context: Context,
  named: string,
  { skip = false, json = false }: UnparkOptions,
): Promise<number> {
  const id = await withReader(context, (reader) => idOf(reader, named));
  const session = await open(context);
  const { stepped, skipped, state } = await within(session, async ({ client }) => {
    const answer = await client.request(id).unpark({ skip });
    return { ...answer, ...(await client.reader.state(id)) };
  });
  if (json) printJson({ id, stepped, skipped, state });
  else {
    const aside = skipped === 0 ? '' : `, ${plural(skipped, 'message')} set aside`;
    print(`unparked: ${plural(stepped, 'message')} stepped${aside}; the request is ${state}`);
  }
  if (session.hostedBy === undefined) note(`Go on with it: ${context.command(`resume ${id}`)}`);
  return exitCodes.complete;
}

/** The process that hosts the folder, else this one for as long as it takes. */
async function open(context: Context): Promise<Session> {
  const connection = await reach(context, await context.readingConfig());
  if (connection !== undefined) return toSession(connection);
  return hostOrReach(context, await context.config(), note);
}
