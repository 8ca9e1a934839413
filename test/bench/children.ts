/** Programs of the benchmarks that need a process of their own: for memory, for starts, to be killed. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { transpiled } from '../kit/transpiled.ts';
import { heapFlags } from './report.ts';

const programs = {
  bare: fileURLToPath(new URL('./bareRun.ts', import.meta.url)),
  cluster: fileURLToPath(new URL('./clusterRun.ts', import.meta.url)),
  creates: fileURLToPath(new URL('./createsRun.ts', import.meta.url)),
  large: fileURLToPath(new URL('./largeRun.ts', import.meta.url)),
  recovery: fileURLToPath(new URL('./recoveryRun.ts', import.meta.url)),
  suspended: fileURLToPath(new URL('./suspendedRun.ts', import.meta.url)),
};

type Program = keyof typeof programs;

export type Child = {
  process: ChildProcess;
  /** The next thing it tells; rejects when it ends without. */
  next(): Promise<Record<string, unknown>>;
};

export type Children = {
  /** Starts a program. */
  start(name: Program, orders: object): Child;
  /** Runs a program to its end; resolves with what it told. */
  run(name: Program, orders: object): Promise<Record<string, unknown>>;
  close(): void;
};

/** Transpiles the programs, so that what they measure holds no compiler. */
export function openChildren(): Children {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const built = transpiled(root, ['test/kit', 'test/bench']);
  const start = (name: Program, orders: object): Child => {
    const child = fork(built.program(programs[name]), [JSON.stringify(orders)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Where memory is measured the heap is as Node has it; where speed is, as the yardstick's.
      execArgv: name === 'cluster' ? heapFlags() : [],
    });
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`bench program ${name} ended with ${String(code ?? signal)}`);
    });
    ended.catch(() => undefined);
    const next = async (): Promise<Record<string, unknown>> => {
      const told = new Promise<unknown>((resolve) => child.once('message', resolve));
      return (await Promise.race([told, ended])) as Record<string, unknown>;
    };
    return { process: child, next };
  };
  return {
    start,
    async run(name, orders) {
      const child = start(name, orders);
      const told = await child.next();
      child.process.kill();
      await once(child.process, 'exit');
      return told;
    },
    close: built.remove,
  };
}
