/** Tells the host of a request to stop, suspend or resume it; then says how it stands, or follows it. */
import type { Command } from 'commander';
import type { Client, Request } from '../client.ts';
import type { Connection } from '../connect.ts';
import { jsonFlag, verboseFlag } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { print, printJson } from './print.ts';
import { idOf } from './reading.ts';
import { toSession, within } from './session.ts';
import { watch } from './watch.ts';
import type { FollowOptions } from './watch.ts';

export type TellOptions = FollowOptions & { follow?: boolean };

/** Adds the flags of the commands that tell a host something. */
export function withTellFlags(command: Command): Command {
  return command
    .option('-f, --follow', 'follow it from here; Ctrl-C only ends the watching')
    .option(...jsonFlag)
    .option(...verboseFlag);
}

/** Does `tell` to the request and answers with the exit code. Closes the connection. */
export async function tellHost(
  context: Context,
  connection: Connection,
  { follow = false, json = false, verbose = false }: TellOptions,
  tell: (client: Client) => Promise<Request>,
): Promise<number> {
  if (follow) {
    const options = { json, verbose, onInterrupt: 'leave' } as const;
    return watch(context, options, async () => toSession(connection), tell);
  }
  return within(connection, async ({ client, host }) => {
    const request = await tell(client);
    const { id, state } = await request.status();
    if (json) printJson({ id, state, host: host?.pid });
    else print(`${state.toLowerCase()} ${id}`);
    return exitCodes.complete;
  });
}

/** The request that a person means. */
export async function meant(client: Client, named: string): Promise<Request> {
  return client.request(await idOf(client.reader, named));
}
