/** `millrace log ID [JOB]`: the job log, a record an attempt, by when they ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { didYouMean } from '../gateway/suggest.ts';
import type { OpenTracked } from '../openTracked.ts';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal } from '../protocol/states.ts';
import type { FoundAttempt } from '../tracker/questions.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { printOutput } from './liveOutput.ts';
import type { LiveOutput } from './liveOutput.ts';
import { colorsOf, duration, instant, note, paintState, print } from './print.ts';
import { idHelp, withTracked } from './reading.ts';
import { fit, linesOf, oneLine } from './text.ts';

type LogOptions = { json?: boolean; follow?: boolean };

const lookMs = 200;

export const declareLog: Declare = (program, act) => {
  program
    .command('log')
    .argument('<id>', idHelp)
    .argument('[job]', 'only this job, by its name')
    .description('print the job log of a request: every attempt, with its error and output')
    .option('-f, --follow', 'go on with attempts as they end, and with what their programs print')
    .option('--json', 'print JSON lines, one an attempt')
    .addHelpText('after', examples('log last', 'log last write --follow', 'log 3c2hrnd7 --json'))
    .action(act(log));
};

async function log(
  context: Context,
  named: string,
  job: string | undefined,
  { json = false, follow = false }: LogOptions,
): Promise<number> {
  await withTracked(context, named, async (tracked, id = named, config) => {
    if (job !== undefined) await checkJob(tracked, id, job);
    const isLive = follow && !json;
    const output = isLive ? await printOutput(context, config, { id, job }) : undefined;
    const told = new Set<string>();
    const tell = (attempt: FoundAttempt): void => {
      const key = `${attempt.job}/${attempt.attempt}`;
      if (told.has(key) || (attempt.finishedAt === undefined && follow)) return;
      if (json) print(JSON.stringify(attempt));
      else printAttempt(attempt, { isFirst: told.size === 0, output });
      told.add(key);
    };
    try {
      for (;;) {
        const startedAt = Date.now();
        // Asked before the log: what ends between the two is then looked for again.
        const { state, parked } = await tracked.info(id);
        const attempts = await tracked.log(id);
        attempts.filter(({ name }) => job === undefined || name === job).forEach(tell);
        if (!follow || (isTerminal(state) && parked === undefined)) break;
        await delay(Math.max(lookMs, Date.now() - startedAt));
      }
    } finally {
      await output?.end();
    }
    if (told.size === 0) note('No attempt has been made yet.');
  });
  return exitCodes.complete;
}

/** Throws MillraceError `usage` that names a job that was meant. */
async function checkJob(tracked: OpenTracked, id: string, job: string): Promise<void> {
  const names = (await tracked.jobs(id)).map(({ name }) => name);
  if (names.length === 0 || names.includes(job)) return;
  throw new MillraceError(
    'usage',
    `request "${id}" has no job "${job}"${didYouMean(job, names)}; \`millrace show ${id}\` lists them`,
  );
}

/** What was printed as it came is not printed again. */
function printAttempt(
  attempt: FoundAttempt,
  { isFirst, output }: { isFirst: boolean; output: LiveOutput | undefined },
): void {
  const {
    name,
    type = '',
    attempt: number,
    state,
    startedAt,
    finishedAt,
    reason,
    exit,
    stdout,
    stderr,
  } = attempt;
  const { bold } = colorsOf(process.stdout);
  if (!isFirst) print('');
  const took =
    startedAt === undefined ? '' : `  took ${duration((finishedAt ?? Date.now()) - startedAt)}`;
  const when = finishedAt ?? startedAt;
  const time = when === undefined ? '' : `  ${instant(when)}`;
  // `hash-file-17` and `probe#2` name their type.
  const isNamed = name === type || [`${type}-`, `${type}#`].some((start) => name.startsWith(start));
  const kind = isNamed ? '' : `  ${oneLine(type)}`;
  const behind = `${kind}  try ${number}  ${state}${time}${took}`;
  const room = process.stdout.isTTY
    ? Math.max(16, process.stdout.columns - behind.length)
    : Infinity;
  print(bold(fit(name, room)) + behind.replace(state, paintState(state)));
  if (exit !== undefined) print(`  exit    ${exit}`);
  printBlock('error', reason && withoutOurs(reason));
  if (output?.hasWhole(attempt) === true) return;
  printBlock('stdout', stdout);
  printBlock('stderr', stderr);
}

/** Where this program lies: frames of it in a stack say nothing about the job. */
const ourFolder = new URL('..', import.meta.url).href;

function withoutOurs(reason: string): string {
  const lines = reason.split('\n');
  return lines.filter((line) => !(/^\s+at /.test(line) && line.includes(ourFolder))).join('\n');
}

/** A text under its title, each line set in as far as the first. */
function printBlock(title: string, text: string | undefined): void {
  if (text === undefined || text === '') return;
  linesOf(text).forEach((line, at) => {
    print(`  ${(at === 0 ? title : '').padEnd(6)}  ${line}`.trimEnd());
  });
}
