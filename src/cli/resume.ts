/**
 * `millrace resume ID`: goes on with a suspended request, or with one that a killed process left behind;
 * here, or in the process that hosts the folder.
 */
import type { Client, Request } from '../client.ts';
import type { Connection } from '../connect.ts';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal } from '../protocol/states.ts';
import type { Reader, RequestStatus } from '../reader.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit.ts';
import { note } from './print.ts';
import { idHelp, idOf } from './reading.ts';
import { hostOrReach, reach, within } from './session.ts';
import { printSummary, sayHowToGoOn } from './summary.ts';
import { tellHost, withTellFlags } from './tell.ts';
import type { TellOptions } from './tell.ts';
import { watch } from './watch.ts';

export const declareResume: Declare = (program, act) => {
  const command = program
    .command('resume')
    .argument('<id>', idHelp)
    .description('go on with a request that was suspended, or left behind by a killed process');
  withTellFlags(command)
    .addHelpText('after', examples('resume 01kavx3v8c6ws0vzq3f3c2hrnd'))
    .action(act(resume));
};

async function resume(context: Context, named: string, options: TellOptions): Promise<number> {
  const connection = await reach(context, await context.readingConfig());
  return connection === undefined
    ? resumeHere(context, named, options)
    : resumeThere(context, connection, named, options);
}

/** Looks at it first: an ended or parked request is not hosted for nothing. */
async function resumeHere(context: Context, named: string, options: TellOptions): Promise<number> {
  const config = await context.config();
  const reader = await context.hosting.openReader(config);
  const jobs = config.jobs.map(({ type }) => type);
  const status = await within(reader, () => look(reader, named, jobs));
  const code = codeWithoutResume(context, status, options);
  if (code !== undefined) return code;
  return watch(
    context,
    { ...options, onInterrupt: 'suspend' },
    (say) => hostOrReach(context, config, say),
    (client) => goOn(client, status.id),
  );
}

async function resumeThere(
  context: Context,
  connection: Connection,
  named: string,
  options: TellOptions,
): Promise<number> {
  try {
    const { client, host } = connection;
    const status = await look(client.reader, named, host?.jobs);
    const code = codeWithoutResume(context, status, options);
    if (code !== undefined) return code;
    return await tellHost(context, connection, options, () => goOn(client, status.id));
  } finally {
    await connection.close();
  }
}

/** The exit code, where there is nothing to resume. */
function codeWithoutResume(
  context: Context,
  status: RequestStatus,
  { json = false }: TellOptions,
): number | undefined {
  if (isTerminal(status.state)) {
    note(`Request ${status.id} has ended; there is nothing to resume.`);
    printSummary(context, status, { json, ms: status.updatedAt - status.createdAt });
    return exitCodeOf(status.state);
  }
  if (status.parked === undefined) return undefined;
  sayHowToGoOn(context, status);
  return exitCodes.couldNotRun;
}

async function look(
  reader: Reader,
  named: string,
  known: readonly string[] | undefined,
): Promise<RequestStatus> {
  const id = await idOf(reader, named);
  const status = await reader.status(id);
  // Which jobs the workers of a cluster know is theirs to say.
  if (!isTerminal(status.state) && known !== undefined)
    refuseUnknownJobs(known, id, await reader.jobs(id));
  return status;
}

/** Jobs that nothing there can run would be waited for forever. */
function refuseUnknownJobs(
  known: readonly string[],
  id: string,
  jobs: readonly { type: string; state: string }[],
): void {
  const open = jobs.filter(({ type, state }) => state !== 'complete' && !known.includes(type));
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
