/**
 * One hosting process a folder. An open exclusive transaction on `lock.db` is the lock: the operating
 * system drops it with the process. Nothing else may open that file: closing it anywhere would free the lock.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../protocol/errors.ts';
import { connect, sqliteFault } from './connection.ts';

export type FolderLock = {
  /** Frees the folder; safe to repeat. */
  release(): void;
};

/** Takes the folder for this process, making it when missing, for this user alone; MillraceError `locked` names who has it. */
export function lockFolder(dir: string): FolderLock {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const pidFile = join(dir, 'host.pid');
  const connection = connect(join(dir, 'lock.db'));
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    throw refusal(dir, pidFile, error);
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      rmSync(pidFile, { force: true });
      connection.exec('ROLLBACK');
      connection.close();
    },
  };
}

function refusal(dir: string, pidFile: string, cause: unknown): MillraceError {
  if (sqliteFault(cause)?.name !== 'SQLITE_BUSY') {
    return new MillraceError(
      'store',
      `${join(dir, 'lock.db')} cannot be locked (${String(cause)}); name another folder with --data DIR.`,
      {
        cause,
      },
    );
  }
  return new MillraceError(
    'locked',
    `${dir} is hosted by process ${holder(pidFile)}; stop it, or use another folder with --data DIR.`,
    {
      cause,
    },
  );
}

function holder(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim() || 'unknown';
  } catch {
    return 'unknown';
  }
}
