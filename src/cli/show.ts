/** `millrace show ID [--at SEQ]`: a request as it was after any entry of its journal. */
import type { PastJob, PastRequest } from '../past.ts';
import { machineState } from '../protocol/states.ts';
import { examples, jsonFlag, toCount } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { ago, count, instant, note, paintState, plural, print, printJson } from './print.ts';
import { idHelp, idOf, withReader } from './reading.ts';
import { countStates, levelsOf } from './shape.ts';
import { table } from './table.ts';
import type { Column } from './table.ts';
import { lastLines, oneLine } from './text.ts';

/** Chains with more jobs are summed up. */
const mostJobs = 60;
const mostNamed = 10;
const deepestIndent = 8;
const reasonLines = 4;

export const declareShow: Declare = (program, act) => {
  program
    .command('show')
    .argument('<id>', idHelp)
    .description('show a request and its jobs as they are, or as they were')
    .option('--at <seq>', 'after this entry of its event log; default: the newest', toCount)
    .option(...jsonFlag)
    .addHelpText('after', examples('show last', 'show last --at 12', 'show 3c2hrnd7 --json'))
    .action(act(show));
};

async function show(
  context: Context,
  named: string,
  { at, json = false }: { at?: number; json?: boolean },
): Promise<number> {
  await withReader(context, async (reader) => {
    const request = await reader.at(await idOf(reader, named), at);
    if (json) printJson(request);
    else printRequest(request);
    if (request.parked !== undefined)
      note(`It is parked: ${lastLines(request.parked, reasonLines, '').trim()}`);
  });
  return exitCodes.complete;
}

function printRequest(request: PastRequest): void {
  const { id, type, state, seq, newestSeq, at, jobs, actors, parked } = request;
  print(`request  ${id}`);
  print(`type     ${oneLine(type)}`);
  print(`state    ${paintState(state)}${parked === undefined ? '' : ', parked'}`);
  print(`entry    ${count(seq)} of ${count(newestSeq)}, ${instant(at)} (${ago(at, Date.now())})`);
  if (jobs.length > 0) print(`jobs     ${countsText(jobs)}`);
  print('');
  if (jobs.length === 0) printTable(actorColumns, actors);
  else if (jobs.length <= mostJobs) printTable(jobColumns(jobs), jobs);
  else printSum(jobs);
}

/** `3 complete, 1 failed of 4 jobs` */
function countsText(jobs: readonly PastJob[]): string {
  const parts = [...countStates(jobs)].map(
    ([state, jobsIn]) => `${count(jobsIn)} ${machineState(state)}`,
  );
  return `${parts.join(', ')} of ${plural(jobs.length, 'job')}`;
}

const actorColumns: readonly Column<PastRequest['actors'][number]>[] = [
  { title: 'ACTOR', cell: ({ address }) => address, least: 20 },
  { title: 'STATE', cell: ({ state }) => state, paint: (cell) => paintState(cell) },
];

/** Deeper jobs further in. */
function jobColumns(jobs: readonly PastJob[]): Column<PastJob>[] {
  const levels = new Map(levelsOf(jobs).map((level, job) => [jobs[job], level]));
  const indent = (job: PastJob): string =>
    '  '.repeat(Math.min(levels.get(job) ?? 0, deepestIndent));
  return [
    { title: 'JOB', cell: (job) => indent(job) + job.name, least: 24 },
    {
      title: 'STATE',
      cell: ({ state }) => state,
      paint: (cell, { state }) => paintState(cell, state),
    },
    {
      title: 'TRIES',
      cell: ({ attempts }) => (attempts === 0 ? '' : count(attempts)),
      align: 'right',
    },
    { title: 'TYPE', cell: ({ type }) => type, least: 10 },
    { title: 'AFTER', cell: ({ after }) => namesText(after), least: 10 },
  ];
}

/** `a, b`, or `a + 7 more` */
function namesText(names: readonly string[]): string {
  const [first = '', ...rest] = names;
  const all = names.join(', ');
  return rest.length === 0 || all.length <= 20 ? all : `${first} + ${count(rest.length)} more`;
}

/** Jobs of one type on one level of the chain. */
type Layer = { level: number; type: string; jobs: PastJob[] };

function printSum(jobs: readonly PastJob[]): void {
  const layers = new Map<string, Layer>();
  levelsOf(jobs).forEach((level, at) => {
    const job = jobs[at];
    if (job === undefined) return;
    const key = `${level} ${job.type}`;
    const layer = layers.get(key) ?? { level, type: job.type, jobs: [] };
    layer.jobs.push(job);
    layers.set(key, layer);
  });
  const states = [...countStates(jobs).keys()].map((state): Column<Layer> => ({
    title: state,
    cell: (layer) => numberOf(layer, state),
    align: 'right',
    paint: (cell) => paintState(cell, state),
  }));
  printTable<Layer>(
    [
      { title: 'LEVEL', cell: ({ level }) => count(level + 1), align: 'right' },
      { title: 'TYPE', cell: ({ type }) => type, least: 16 },
      { title: 'JOBS', cell: (layer) => count(layer.jobs.length), align: 'right' },
      ...states,
    ],
    [...layers.values()].sort((a, b) => a.level - b.level),
  );
  for (const state of ['FAIL', 'STOPPED', 'WAITING', 'RUNNING']) printNames(jobs, state);
}

function numberOf({ jobs }: Layer, state: string): string {
  const jobsIn = jobs.filter((job) => job.state === state).length;
  return jobsIn === 0 ? '' : count(jobsIn);
}

function printNames(jobs: readonly PastJob[], state: string): void {
  const names = jobs.filter((job) => job.state === state).map(({ name }) => name);
  if (names.length === 0) return;
  print(`\n${paintState(state)}`);
  for (const name of names.slice(0, mostNamed)) print(`  ${oneLine(name)}`);
  if (names.length > mostNamed) print(`  and ${count(names.length - mostNamed)} more`);
}

function printTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
  for (const line of table(columns, rows)) print(line);
}
