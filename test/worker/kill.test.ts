import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { killAll } from '../../src/worker/children/kill.ts';

it('what starts a program just then, and shows no mark, is found by the second look', async () => {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const exited = once(child, 'exit');
  const looks: number[][] = [[], [child.pid ?? 0]];
  expect(await killAll(() => Promise.resolve(looks.shift() ?? []))).toEqual({
    killed: 1,
    left: [],
  });
  expect(await exited).toEqual([null, 'SIGKILL']);
});

it('it ends when two looks in a row find nothing', async () => {
  let looks = 0;
  const find = (): Promise<number[]> => {
    looks += 1;
    return Promise.resolve([]);
  };
  expect(await killAll(find)).toEqual({ killed: 0, left: [] });
  expect(looks).toBe(2);
});
