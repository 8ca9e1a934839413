/** `millrace status [ID]`: one request, or the newest; reads the store, beside a host or without one. */
import type { Config } from '../config.ts';
import { isTerminal, publicState } from '../protocol/states.ts';
import type { Heads } from '../heads.ts';
import type { OpenReader } from '../openReader.ts';
import { examples, jsonFlag, toCount } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { ago, note, paintState, print, printJson } from './print.ts';
import { idHelp, idOf, withHeads, withReader } from './reading.ts';
import { printStatus, sayHowToGoOn } from './summary.ts';
import { table } from './table.ts';
import type { Column } from './table.ts';

type StatusOptions = { json?: boolean; limit: number };

export const declareStatus: Declare = (program, act) => {
  program
    .command('status')
    .argument('[id]', `${idHelp}; without it the newest are listed`)
    .description('show a request, or list the newest')
    .option(...jsonFlag)
    .option('-n, --limit <n>', 'how many are listed', toCount, 20)
    .addHelpText('after', examples('status', 'status 01kavx3v8c6ws0vzq3f3c2hrnd --json'))
    .action(act(status));
};

async function status(
  context: Context,
  id: string | undefined,
  options: StatusOptions,
): Promise<number> {
  if (id === undefined) await withHeads(context, (heads) => list(heads, options));
  else {
    await withReader(context, async (reader, folder) =>
      one({ ...context, reader, folder }, await idOf(reader, id), options),
    );
  }
  return exitCodes.complete;
}

type Opened = Context & { reader: OpenReader; folder: Config };

async function one(context: Opened, id: string, { json = false }: StatusOptions): Promise<void> {
  const { reader, folder, hosting } = context;
  const found = await reader.status(id);
  const host = isTerminal(found.state) ? undefined : await hosting.hostOf(folder);
  if (json) printJson({ ...found, ...(host !== undefined && { host: host.pid ?? host.name }) });
  else printStatus(found, host?.name);
  const parking = found.parked === undefined ? undefined : await reader.parking(id);
  sayHowToGoOn(context, found, { parking, isHosted: host !== undefined });
}

async function list(heads: Heads, { json = false, limit }: StatusOptions): Promise<void> {
  const listed = await heads.list(limit);
  const requests = listed.map(({ group, type, state, parked, createdAt, updatedAt }) => ({
    id: group,
    type,
    state: publicState(state),
    ...(parked !== undefined && { parked }),
    createdAt,
    updatedAt,
  }));
  if (json) printJson(requests);
  else if (requests.length === 0) note('No request has been started here yet.');
  else for (const line of table(columns(), requests)) print(line);
}

type Listed = { id: string; type: string; state: string; parked?: string; createdAt: number };

function columns(): Column<Listed>[] {
  const now = Date.now();
  return [
    { title: 'REQUEST', cell: ({ id }) => id },
    { title: 'TYPE', cell: ({ type }) => type, least: 12 },
    {
      title: 'STATE',
      cell: ({ state, parked }) => (parked === undefined ? state : `${state}, parked`),
      paint: (cell, { state, parked }) => paintState(cell, parked === undefined ? state : 'parked'),
    },
    { title: 'CREATED', cell: ({ createdAt }) => ago(createdAt, now), align: 'right' },
  ];
}
