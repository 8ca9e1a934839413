/**
 * The child processes of a host: they bear its mark, die with it by its watchdog, and what an earlier host
 * of the same folder has left is killed before anything is sent.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../../ports/clock.ts';
import { MillraceError } from '../../protocol/errors.ts';
import { startChild } from './child.ts';
import type { Child, Order } from './child.ts';
import { forChildren } from './execArgv.ts';
import { find } from './find.ts';
import { killAll } from './kill.ts';
import { marked, within } from './mark.ts';
import type { Environment } from './mark.ts';
import { forgetRecorded, record } from './recorded.ts';

export type ChildrenOptions = {
  /** Of the data folder. */
  mark: string;
  /** Tells this host from all others of the folder. */
  token: string;
  /** What children inherit. */
  environment: Environment;
  clock: Clock;
  /** Between SIGTERM and SIGKILL. */
  graceMs: number;
  /** Where children are written down, on systems that show no environments. */
  recordPath?: string | undefined;
  /** Says what troubles, for people. */
  warn(text: string): void;
  /** Options of Node's for isolated jobs; default: this process's own. */
  execArgv?: readonly string[];
};

export type Children = {
  readonly execArgv: readonly string[];
  /** Kills what an earlier host of the folder has left; answers how many. Rejects with MillraceError `locked` when they cannot be killed. */
  reap(): Promise<number>;
  /** To start a process takes milliseconds of this one's: resolves when it is the caller's turn to. */
  turn(): Promise<void>;
  /** Throws when it cannot be started at all. */
  start(order: Order): Child;
  /** Kills what is left; may be called twice. */
  stop(): Promise<void>;
};

export function createChildren(options: ChildrenOptions): Children {
  const { mark, token, environment, clock, graceMs, warn, recordPath } = options;
  const execArgv = forChildren(options.execArgv ?? process.execArgv);
  const hostMark = within(mark, process.pid, token);
  const watched = recordPath === undefined ? [hostMark] : [hostMark, recordPath];
  const sweeper = new Sweeper(recordPath);
  let alive = 0;
  let watchdog: ChildProcess | undefined;
  let watchedAt = -Infinity;
  let count = 0;
  let turn = Promise.resolve();

  /** One that was ended by somebody is started again, though not in a rush. */
  function watch(): void {
    if (watchdog !== undefined || clock.now() - watchedAt < rewatchMs) return;
    watchedAt = clock.now();
    const dog = startWatchdog([...watchdogArgs(execArgv), ...watched], environment);
    watchdog = dog;
    const gone = (): void => {
      if (watchdog !== dog) return;
      watchdog = undefined;
      warn('the watchdog of child processes has ended; they would outlive a kill of this process');
    };
    dog.on('exit', gone).on('error', gone);
  }

  function keepRecord(path: string, { pid, ended }: Child, own: string): void {
    if (pid === undefined) return;
    record(path, { pid, mark: own });
    alive += 1;
    const gone = (): void => {
      alive -= 1;
      if (alive === 0) forgetRecorded(path);
    };
    ended.then(gone, gone);
  }

  return {
    execArgv,
    async reap() {
      const { killed, left } = await killAll(() => find([mark], recordPath));
      if (left.length === 0) return killed;
      throw new MillraceError(
        'locked',
        `processes that an earlier host started cannot be killed: ${left.join(', ')}; end them, then start again`,
      );
    },
    turn() {
      turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
      return turn;
    },
    start(order) {
      watch();
      count += 1;
      const own = within(hostMark, count);
      const child = startChild(order, {
        environment: marked(environment, order.env ?? {}, own),
        clock,
        graceMs,
        isLeft: async () => (await find([own], recordPath)).length > 0,
        sweep: () => sweeper.sweep(own),
      });
      if (recordPath !== undefined) keepRecord(recordPath, child, own);
      return child;
    },
    async stop() {
      if (count > 0) await sweeper.sweep(hostMark);
      const dog = watchdog;
      watchdog = undefined;
      dog?.kill('SIGKILL');
    },
  };
}

const rewatchMs = 10_000;

/** Beside this file; in the sources it needs the loader that this process has. */
function watchdogArgs(execArgv: readonly string[]): string[] {
  const extension = extname(import.meta.url);
  const path = fileURLToPath(new URL(`./watchdog${extension}`, import.meta.url));
  return extension === '.ts' ? [...execArgv, path] : [path];
}

function startWatchdog(args: readonly string[], environment: Environment): ChildProcess {
  const dog = spawn(process.execPath, args, {
    env: { ...environment },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  dog.unref();
  dog.stdin.on('error', () => undefined);
  if (dog.stdin instanceof Socket) dog.stdin.unref();
  return dog;
}

/** Looks through all processes once for all who ask meanwhile. */
class Sweeper {
  readonly #wanted = new Set<string>();
  readonly #recordPath: string | undefined;
  #running: Promise<void> | undefined;

  constructor(recordPath: string | undefined) {
    this.#recordPath = recordPath;
  }

  async sweep(mark: string): Promise<void> {
    this.#wanted.add(mark);
    while (this.#wanted.has(mark)) await (this.#running ??= this.#run());
  }

  async #run(): Promise<void> {
    const marks = [...this.#wanted];
    try {
      await killAll(() => find(marks, this.#recordPath));
    } finally {
      for (const mark of marks) this.#wanted.delete(mark);
      this.#running = undefined;
    }
  }
}
