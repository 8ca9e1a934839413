/** `millrace version`: as `--version`; the command of Spin Cycle's client (specification 13.1). */
import { version } from '../version.ts';
import type { Declare } from './command.ts';
import { exitCodes } from './exit.ts';
import { print } from './print.ts';

export const declareVersion: Declare = (program, act) => {
  program
    .command('version')
    .description('print the version')
    .action(act(() => Promise.resolve(show())));
};

function show(): number {
  print(version);
  return exitCodes.complete;
}
