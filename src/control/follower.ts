/** What one follower is sent: lines of JSON, dropped and said to be missed while it does not read. */
import { Readable } from 'node:stream';
import type { Committed, News } from '../link.ts';
import type { Line } from './wire.ts';

/** Kept for a follower that does not read just now. */
const maxBacklogBytes = 256 * 1024;

/** News of one request, or of all, until the host stops or the follower goes. */
export function createFollower(news: News, requestId: string | undefined): Readable {
  /** What has been committed since the last line of it: only the newest of each request counts. */
  const committed = new Map<string, Committed>();
  let isFull = false;
  let hasMissed = false;
  let hasEnded = false;

  const stream = new Readable({
    highWaterMark: maxBacklogBytes,
    read() {
      isFull = false;
      if (!hasMissed) return;
      hasMissed = false;
      put({ type: 'missed' });
    },
    destroy(error, done) {
      hasEnded = true;
      end();
      done(error);
    },
  });

  function write(line: Line): void {
    if (hasEnded) return;
    if (isFull) hasMissed = true;
    else put(line);
  }

  function put(line: Line): void {
    isFull = !stream.push(`${JSON.stringify(line)}\n`);
  }

  function tellCommitted(): void {
    for (const each of committed.values()) write({ type: 'committed', ...each });
    committed.clear();
  }

  write({ type: 'following' });
  const end = news.subscribe(requestId, {
    onCommitted(each) {
      if (committed.size === 0) setImmediate(tellCommitted);
      committed.set(each.requestId, { ...committed.get(each.requestId), ...each });
    },
    onStatus: (signal) => write({ type: 'status', ...signal }),
    onOutput: (signal) => write({ type: 'output', ...signal }),
    onEnd() {
      tellCommitted();
      if (hasEnded) return;
      hasEnded = true;
      if (hasMissed) put({ type: 'missed' });
      put({ type: 'stopped' });
      stream.push(null);
    },
  });
  return stream;
}
