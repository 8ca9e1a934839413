/** Follows one child for an attempt: keeps what it prints, tells it on, ends it when the attempt is aborted. */
import type { Clock } from '../ports/clock.ts';
import type { AttemptOutput } from '../protocol/attempts.ts';
import { createCapture } from './capture.ts';
import type { Child, ChildEnd, Order } from './children/child.ts';
import type { Children } from './children/children.ts';
import type { RunContext } from './execution.ts';
import { createOutputFeed } from './outputFeed.ts';

export type Followed = ChildEnd & { stdout: string; stderr: string };

export type FollowOptions = {
  children: Children;
  clock: Clock;
  context: RunContext;
  /** Whether what it prints last is shown as the attempt's status. */
  isStatus(): boolean;
  /** As soon as it runs. */
  onStarted?(child: Child): void;
};

/** Resolves when nothing of the child is left; rejects when it could not be started. */
export async function followChild(
  order: Omit<Order, 'onOutput'>,
  { children, clock, context, isStatus, onStarted }: FollowOptions,
): Promise<Followed> {
  const { signal } = context;
  const captures = { stdout: createCapture(), stderr: createCapture() };
  const feed = createOutputFeed(clock, (piece) => {
    context.output(piece);
    const line = isStatus() ? lastLine(piece.text) : undefined;
    if (line !== undefined) context.status(line);
  });
  await children.turn();
  if (signal.aborted) throw new Error('it was told to end before it was started');
  const child = children.start({
    ...order,
    onOutput(stream, chunk) {
      captures[stream].push(chunk);
      feed.push(stream, chunk);
    },
  });
  const terminate = (): void => child.terminate();
  signal.addEventListener('abort', terminate);
  onStarted?.(child);
  try {
    const end = await child.ended;
    return { ...end, stdout: captures.stdout.text(), stderr: captures.stderr.text() };
  } finally {
    signal.removeEventListener('abort', terminate);
    feed.end();
  }
}

/** The fields of an answer; empty texts are left out. */
export function outputOf({ exit, stdout, stderr }: Followed): AttemptOutput {
  return { exit, ...(stdout !== '' && { stdout }), ...(stderr !== '' && { stderr }) };
}

const statusChars = 200;

/** What a terminal would show last, without its control sequences. */
function lastLine(text: string): string | undefined {
  const lines = text.slice(-4 * statusChars).split(/[\r\n]+/);
  const last = lines.findLast((line) => line.trim() !== '');
  // eslint-disable-next-line no-control-regex -- these are what is to go
  const plain = last?.replace(/\x1b\[[\d;?]*[A-Za-z]|[\x00-\x1f\x7f]/g, '').trim();
  return plain === undefined || plain === '' ? undefined : plain.slice(0, statusChars);
}

/** `gzip exited with code 2`, with the last lines of what it said. */
export function badEnd(program: string, { exit, isStuck, stdout, stderr }: Followed): string {
  const how = typeof exit === 'number' ? `exited with code ${exit}` : `was ended by ${exit}`;
  const stuck = isStuck ? ', which did not end it: the system holds its process' : '';
  const said = (stderr.trim() === '' ? stdout : stderr).trimEnd().split('\n').slice(-reasonLines);
  return [`${program} ${how}${stuck}`, ...said.map((line) => line.slice(-lineChars))]
    .filter((line) => line !== '')
    .join('\n');
}

const reasonLines = 3;
const lineChars = 500;
