/** The folder lock, between real processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../src/adapters/sqlite/lock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const folder = tempFolder();
const loader = pathToFileURL(join(import.meta.dirname, '../kit/tsLoader.mjs')).href;
const fixture = join(import.meta.dirname, 'fixtures/holdLock.ts');

async function holdElsewhere(dir: string) {
  const child = spawn(process.execPath, ['--import', loader, fixture, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

it('a folder that another process hosts is refused by its pid, until that process is killed', async () => {
  const dir = join(folder, 'other');
  const child = await holdElsewhere(dir);
  expect(() => lockFolder(dir)).toThrow(
    `${dir} is hosted by process ${child.pid}; stop it, or use another folder`,
  );
  expect(() => lockFolder(dir)).toThrow(expect.objectContaining({ code: 'locked' }));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = lockFolder(dir);
  expect(readFileSync(join(dir, 'host.pid'), 'utf8')).toBe(`${process.pid}\n`);
  lock.release();
});

it('a folder is refused to its own process a second time, and free once released', () => {
  const dir = join(folder, 'own');
  const lock = lockFolder(dir);
  expect(() => lockFolder(dir)).toThrow(`process ${process.pid}`);
  expect(() => lockFolder(dir)).toThrow(`process ${process.pid}`);
  lock.release();
  lock.release();
  expect(existsSync(join(dir, 'host.pid'))).toBe(false);
  lockFolder(dir).release();
});

it('a refused attempt does not free the lock of another process', async () => {
  const dir = join(folder, 'kept');
  await holdElsewhere(dir);
  expect(() => lockFolder(dir)).toThrow();
  const third = spawn(process.execPath, ['--import', loader, fixture, dir], { stdio: 'ignore' });
  const [code] = await once(third, 'exit');
  expect(code).toBe(1);
});
