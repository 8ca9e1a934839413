/** `millrace resume ID`: goes on with a suspended request, or with one that a killed process left behind. */
import type { Client, Request } from '../client.ts';
import type { Config } from '../config.ts';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal } from '../protocol/states.ts';
import type { RequestStatus } from '../reader.ts';
import { examples, jsonFlag, verboseFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { note } from './print.ts';
import { idHelp, idOf } from './reading.ts';
import { followHere } from './session.ts';
import type { FollowOptions } from './session.ts';
import { printSummary, sayHowToGoOn } from './summary.ts';

export const declareResume: Declare = (program, act) => {
  program
    .command('resume')
    .argument('<id>', idHelp)
    .description('go on with a request that was suspended, or left behind by a killed process')
    .option(...jsonFlag)
    .option(...verboseFlag)
    .addHelpText('after', examples('resume 01kavx3v8c6ws0vzq3f3c2hrnd'))
    .action(act(resume));
};

/** Looks at it first: an ended or parked request is not hosted for nothing. */
async function resume(context: Context, named: string, options: FollowOptions): Promise<number> {
  const config = await context.config();
  const status = await look(context, config, named);
  const { id } = status;
  if (isTerminal(status.state)) {
    note(`Request ${id} has ended; there is nothing to resume.`);
    printSummary(context, status, {
      json: options.json ?? false,
      ms: status.updatedAt - status.createdAt,
    });
    return exitCodeOf(status.state);
  }
  if (status.parked !== undefined) {
    sayHowToGoOn(context, status);
    return exitCodes.couldNotRun;
  }
  return followHere(context, config, options, (client) => goOn(client, id));
}

async function look(context: Context, config: Config, named: string): Promise<RequestStatus> {
  const reader = await context.hosting.openReader(config);
  try {
    const id = await idOf(reader, named);
    const status = await reader.status(id);
    if (!isTerminal(status.state)) refuseUnknownJobs(config, id, await reader.jobs(id));
    return status;
  } finally {
    await reader.close();
  }
}

/** Jobs that nothing here can run would be waited for forever. */
function refuseUnknownJobs(
  config: Config,
  id: string,
  jobs: readonly { type: string; state: string }[],
): void {
  const known = new Set(config.jobs.map(({ type }) => type));
  const open = jobs.filter(({ type, state }) => state !== 'complete' && !known.has(type));
  if (open.length === 0) return;
  const types = [...new Set(open.map(({ type }) => type))].join(', ');
  throw new MillraceError(
    'config',
    `request "${id}" has jobs that the configuration does not define: ${types}; add them, or name its file with --config FILE`,
  );
}

/** One that is still being suspended is waited for, and resumed. */
async function goOn(client: Client, id: string): Promise<Request> {
  const request = client.request(id);
  let { state } = await client.reader.state(id);
  if (state === 'SUSPENDING') ({ state } = await request.settled());
  if (state === 'SUSPENDED') await request.resume();
  return request;
}
