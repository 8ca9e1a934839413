/**
 * One child process, in a process group of its own: what it prints, how it ends, and how it is made to end
 * with all that it started. Knows nothing of jobs.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '../../ports/clock.ts';
import type { StreamName } from '../outputFeed.ts';
import { signalTo } from './kill.ts';
import type { Environment } from './mark.ts';

/** What is to be started. */
export type Order = {
  /** The program and its arguments; no shell reads them. */
  argv: readonly [string, ...string[]];
  cwd?: string | undefined;
  env?: Environment | undefined;
  onOutput(stream: StreamName, chunk: Buffer): void;
  /** Given to a child of Node's, which may send messages then. */
  onMessage?(message: unknown): void;
};

export type ChildOptions = {
  environment: Environment;
  clock: Clock;
  /** Between SIGTERM and SIGKILL. */
  graceMs: number;
  /** Whether anything of the child is alive, in its group or outside. */
  isLeft(): Promise<boolean>;
  /** Kills it. */
  sweep(): Promise<void>;
};

export type ChildEnd = {
  /** The exit code, or the signal that ended it. */
  exit: number | string;
  /** SIGKILL did not end it: the system holds it, as over a network disk that does not answer. */
  isStuck: boolean;
};

export type Child = {
  /** None when it could not be started. */
  readonly pid: number | undefined;
  /** Resolves when nothing of it is left; rejects when it could not be started. */
  readonly ended: Promise<ChildEnd>;
  send(message: object): void;
  /** SIGTERM to all of its group; what is left after the grace is killed. */
  terminate(): void;
  /** Kills what is left of it after the grace. */
  endInTime(): void;
};

/** Looks for a group's end: after this, then twice as late each time, up to half a second. */
const lookMs = 20;
const longestLookMs = 500;
/** A killed process that has not ended by then cannot be. */
const stuckMs = 5000;
/** Somebody outside of the group may hold the pipes open. */
const drainMs = 1000;
/** 512 KiB each 10 ms: a program that prints without end costs little of this process's time. */
const burstBytes = 512 * 1024;
const pauseMs = 10;

/** Throws what `spawn` throws; other failures to start reject `ended`. */
export function startChild(order: Order, options: ChildOptions): Child {
  const { clock, graceMs, isLeft, sweep } = options;
  const child = spawnIn(order, options.environment);
  const takeBack = new Set<() => void>();
  let isTerminated = false;
  const killed = gate<undefined>();
  const stuck = gate<'stuck'>();

  function after(ms: number, callback: () => void): void {
    takeBack.add(clock.after(ms, callback));
  }

  function signalGroup(signal: NodeJS.Signals | 0): boolean {
    return child.pid !== undefined && signalTo(-child.pid, signal);
  }

  function endInTime(): void {
    after(graceMs, () => {
      signalGroup('SIGKILL');
      killed.open(undefined);
      after(stuckMs, () => stuck.open('stuck'));
    });
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => after(ms, resolve));
  }

  /** A dead process that nobody has waited for is still in its group. */
  async function groupGone(): Promise<void> {
    for (let ms = lookMs; signalGroup(0) && (await isLeft()); ms = Math.min(2 * ms, longestLookMs))
      await wait(ms);
  }

  async function end(): Promise<ChildEnd> {
    const closed = once(child, 'close');
    closed.catch(() => undefined);
    const exit = await Promise.race([exited(child), stuck.promise]);
    if (exit === 'stuck') return { exit: 'SIGKILL', isStuck: true };
    if (isTerminated) await Promise.race([groupGone(), killed.promise]);
    if (signalGroup('SIGKILL')) await Promise.race([groupGone(), wait(drainMs)]);
    if (exit !== 0) await sweep();
    await Promise.race([closed, wait(drainMs)]);
    return { exit, isStuck: false };
  }

  for (const name of ['stdout', 'stderr'] as const) {
    listen(child[name], clock, (chunk) => order.onOutput(name, chunk));
  }
  // A failure to start is heard by `end`; one to send a message shows in the child's end.
  child.on('error', () => undefined);
  if (order.onMessage !== undefined) child.on('message', order.onMessage);
  return {
    pid: child.pid,
    ended: end().finally(() => {
      for (const each of takeBack) each();
      child.stdout?.destroy();
      child.stderr?.destroy();
    }),
    send(message) {
      if (child.connected) child.send(message, () => undefined);
    },
    terminate() {
      if (isTerminated) return;
      isTerminated = true;
      signalGroup('SIGTERM');
      endInTime();
    },
    endInTime,
  };
}

function spawnIn({ argv, cwd, onMessage }: Order, env: Environment): ChildProcess {
  const [file, ...args] = argv;
  return spawn(file, args, {
    ...(cwd !== undefined && { cwd }),
    env: { ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', ...(onMessage === undefined ? [] : (['ipc'] as const))],
  });
}

function gate<T>(): { promise: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open: (value) => open(value) };
}

async function exited(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return code ?? signal ?? 0;
}

function listen(stream: Readable | null, clock: Clock, onChunk: (chunk: Buffer) => void): void {
  let left = burstBytes;
  stream?.on('error', () => undefined);
  stream?.on('data', (chunk: Buffer) => {
    onChunk(chunk);
    left -= chunk.length;
    if (left > 0) return;
    left = burstBytes;
    stream.pause();
    clock.after(pauseMs, () => stream.resume());
  });
}
