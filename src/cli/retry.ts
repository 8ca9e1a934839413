/**
 * `millrace retry ID`: a new request that keeps what is complete of one that has ended, and runs the rest; here, or
 * in the process that hosts the folder.
 */
import type { Client, Request } from '../client.ts';
import type { Connection } from '../connect.ts';
import { chainOf, toArgs } from '../gateway/asked.ts';
import type { RequestStatus } from '../reader.ts';
import { parsePairs } from './args.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { note, plural, print, printJson } from './print.ts';
import { idHelp, idOf, withReader } from './reading.ts';
import { hostOrReach, reach, toSession, within } from './session.ts';
import { withTellFlags } from './tell.ts';
import type { TellOptions } from './tell.ts';
import { oneLine } from './text.ts';
import { watch } from './watch.ts';

type RetryFlags = TellOptions & { from?: string; set: readonly string[] };

/** `pairs`: the args that change. */
type Meant = TellOptions & { from?: string; named: string; pairs: ReadonlyMap<string, string> };

export const declareRetry: Declare = (program, act) => {
  const command = program
    .command('retry')
    .argument('<id>', idHelp)
    .description('start a new request that keeps what is complete of one that has ended')
    .option('--from <job>', 'run this job again, and all after it')
    .option('--set <key=value>', 'change an arg, for the jobs that run; may be repeated', add, []);
  withTellFlags(command)
    .addHelpText(
      'after',
      `\nComplete jobs are not run again, though they had an arg that --set changes: name the first of them with --from.\n${examples('retry last', 'retry last --from build --set target=test -f')}`,
    )
    .action(act(retry));
};

function add(pair: string, before: readonly string[]): string[] {
  return [...before, pair];
}

async function retry(context: Context, named: string, flags: RetryFlags): Promise<number> {
  const pairs = parsePairs(flags.set);
  const connection = await reach(context, await context.readingConfig());
  return connection === undefined
    ? retryHere(context, { ...flags, named, pairs })
    : retryThere(context, connection, { ...flags, named, pairs });
}

/** What can be checked is, before anything is hosted. */
async function retryHere(
  context: Context,
  { named, pairs, from, ...options }: Meant,
): Promise<number> {
  const config = await context.config();
  const { id, type, args } = await withReader(context, async (reader) =>
    reader.status(await idOf(reader, named)),
  );
  const changed = {
    ...(from !== undefined && { from }),
    set: await changes(context, type, args, pairs),
  };
  return watch(
    context,
    { ...options, onInterrupt: 'suspend' },
    (say) => hostOrReach(context, config, say),
    async (client) => told(await client.retry(id, changed)),
  );
}

/** The args that are named, as the chain wants them. */
async function changes(
  context: Context,
  type: string,
  args: unknown,
  pairs: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  if (pairs.size === 0) return {};
  const chain = chainOf(await context.chains(), type);
  const all = (await toArgs(chain, pairs, asRecord(args))) as Record<string, unknown>;
  return Object.fromEntries([...pairs.keys()].map((key) => [key, all[key]]));
}

/** What has no names is refused by whoever plans. */
function asRecord(args: unknown): Record<string, unknown> {
  return typeof args === 'object' && args !== null ? (args as Record<string, unknown>) : {};
}

async function retryThere(
  context: Context,
  connection: Connection,
  { named, pairs, from, follow = false, json = false, verbose = false }: Meant,
): Promise<number> {
  const begin = async ({ reader, request }: Client): Promise<Request> => {
    const texts = Object.fromEntries(pairs);
    const of = await idOf(reader, named);
    const asked = { of, texts, ...(from !== undefined && { from }) };
    return request(await connection.link.retry(asked));
  };
  if (follow) {
    const options = { json, verbose, onInterrupt: 'leave' } as const;
    const open = async () => toSession(connection);
    return watch(context, options, open, async (client) => told(await begin(client)));
  }
  return within(connection, async ({ client, host }) => {
    const request = await begin(client);
    const status = await request.status();
    if (json)
      printJson({ id: request.id, type: status.type, retryOf: status.retryOf, host: host?.pid });
    else print(`started ${request.id}`);
    tell(status);
    return exitCodes.complete;
  });
}

async function told(request: Request): Promise<Request> {
  tell(await request.status());
  return request;
}

function tell({ retryOf, total }: RequestStatus): void {
  if (retryOf === undefined) return;
  const { request, carried, outdated = [] } = retryOf;
  note(`It retries ${request}: ${carried} of ${plural(total, 'job')} kept.`);
  const [first] = outdated;
  if (first === undefined) return;
  const names = oneLine(outdated.join(', '));
  note(`Kept as they ran, with the args of then: ${names}. To run them again: --from ${first}`);
}
