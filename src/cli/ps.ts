/** `millrace ps [ID]`: the jobs that run, and what they say. */
import type { OpenTracked } from '../openTracked.ts';
import type { FoundRequest, FoundRunning } from '../tracker/questions.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { count, duration, note, print, printJson } from './print.ts';
import { idHelp, shortId, withTracked } from './reading.ts';
import { table } from './table.ts';
import type { Column } from './table.ts';

export const declarePs: Declare = (program, act) => {
  program
    .command('ps')
    .argument('[id]', `${idHelp}; without it those of all requests`)
    .description('list the jobs that run, the longest running first')
    .option(...jsonFlag)
    .addHelpText('after', examples('ps', 'ps last', 'ps --json'))
    .action(act(ps));
};

async function ps(
  context: Context,
  named: string | undefined,
  { json = false }: { json?: boolean },
): Promise<number> {
  await withTracked(context, named, async (tracked, id, config) => {
    const running = await tracked.running(id);
    if (json) printJson(running);
    else if (running.length === 0) note('No job is running.');
    else {
      const rows = id === undefined ? await withRequests(tracked, running) : running;
      for (const line of table(columns(Date.now()), rows)) print(line);
    }
    if (running.length > 0 && (await context.hosting.hostOf(config)) === undefined) {
      note('No process hosts them now: they run again when one does.');
    }
  });
  return exitCodes.complete;
}

/** `of`: its request, where jobs of several are listed. */
type Row = FoundRunning & { of?: FoundRequest };

async function withRequests(
  tracked: OpenTracked,
  running: readonly FoundRunning[],
): Promise<Row[]> {
  const known = new Map<string, FoundRequest>();
  for (const { request } of running)
    if (!known.has(request)) known.set(request, await tracked.info(request));
  return running.map((row) => {
    const of = known.get(row.request);
    return { ...row, ...(of !== undefined && { of }) };
  });
}

function columns(now: number): Column<Row>[] {
  return [
    { title: 'REQUEST', cell: ({ of }) => of?.type ?? '', least: 8 },
    { title: 'ID', cell: ({ of }) => (of === undefined ? '' : shortId(of.id)) },
    { title: 'DONE', cell: progressText, align: 'right' },
    { title: 'USER', cell: ({ of }) => of?.user ?? '', least: 6 },
    { title: 'JOB', cell: ({ name }) => name, least: 16 },
    { title: 'TYPE', cell: ({ of, type }) => (of === undefined ? type : ''), least: 8 },
    { title: 'TRY', cell: ({ attempts }) => count(attempts), align: 'right' },
    { title: 'RUNTIME', cell: (job) => runtime(job, now), align: 'right' },
    { title: 'STATUS', cell: statusText, least: 16 },
  ];
}

function progressText({ of }: Row): string {
  if (of === undefined || of.total === 0) return '';
  return `${Math.floor(((of.counts['complete'] ?? 0) / of.total) * 100)} %`;
}

function runtime({ attemptAt, startedAt }: FoundRunning, now: number): string {
  const since = attemptAt ?? startedAt;
  return since === undefined ? '' : duration(Math.max(0, now - since));
}

/** What it says, or why it says nothing. */
function statusText({ state, text, reason }: FoundRunning): string {
  if (state === 'STOPPING') return 'is being stopped';
  if (state !== 'WAITING') return text ?? '';
  return `waits to be tried again${reason === undefined ? '' : `: ${reason.split('\n')[0] ?? ''}`}`;
}
