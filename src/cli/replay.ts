/** `millrace replay [ID] --verify`: steps journals again and compares with what was stored. */
import type { OpenReader } from '../openReader.ts';
import { MillraceError } from '../protocol/errors.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { count, plural, print, printJson } from './print.ts';
import { idOf, idHelp } from './reading.ts';

type ReplayOptions = { verify?: boolean; json?: boolean };

type Result = { id: string; entries: number; difference?: string };

export const declareReplay: Declare = (program, act) => {
  program
    .command('replay')
    .argument('[id]', `${idHelp}; without it all of them`)
    .description(
      'step journals again and compare with what was stored; exits with 1 if any differs',
    )
    .option('--verify', 'compare (needed)')
    .option(...jsonFlag)
    .addHelpText('after', examples('replay --verify', 'replay 01kavx3v8c6ws0vzq3f3c2hrnd --verify'))
    .action(act(replay));
};

async function replay(
  context: Context,
  id: string | undefined,
  options: ReplayOptions,
): Promise<number> {
  if (options.verify !== true) {
    throw new MillraceError(
      'usage',
      'replay needs --verify: it steps the journal again and compares, and does nothing else',
    );
  }
  // Actors of the user's own are stepped too: the definitions are needed.
  const reader = await context.hosting.openReader(await context.config());
  try {
    const results = await verifyAll(reader, id);
    if (options.json === true) printJson(results);
    else printResults(results);
    return results.some(({ difference }) => difference !== undefined)
      ? exitCodes.fail
      : exitCodes.complete;
  } finally {
    await reader.close();
  }
}

async function verifyAll(reader: OpenReader, id: string | undefined): Promise<Result[]> {
  if (id !== undefined) {
    return [await reader.verify(await idOf(reader, id))];
  }
  const results: Result[] = [];
  for (const { group } of await reader.list(Number.MAX_SAFE_INTEGER))
    results.push(await reader.verify(group));
  return results;
}

function printResults(results: readonly Result[]): void {
  for (const { id, entries, difference } of results) {
    print(
      `${id}  ${plural(entries, 'entry').replace('entrys', 'entries')}  ${difference ?? 'the same'}`,
    );
  }
  const differ = results.filter(({ difference }) => difference !== undefined).length;
  const entries = results.reduce((sum, each) => sum + each.entries, 0);
  print(
    `${plural(results.length, 'request')}, ${count(entries)} entries stepped again, ${differ === 0 ? 'no difference' : plural(differ, 'difference')}`,
  );
}
