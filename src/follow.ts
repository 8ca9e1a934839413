/** Follows a request beside the host: looks again whenever something of it is committed. */
import type { Store } from './ports/store.ts';
import { MillraceError } from './protocol/errors.ts';
import { isTerminal } from './protocol/states.ts';
import { partitionOf } from './protocol/topology.ts';
import type { Reader, RequestStatus, RequestTransition } from './reader.ts';
import type { Feed } from './runtime/feed.ts';

export type Followed = { feed: Feed; reader: Reader; store: Store };

/** Resolves at the first status that `isMet`, looking again after each entry of the request. Rejects with MillraceError `state` when the host stops. */
export async function until(
  { feed, reader }: Followed,
  id: string,
  isMet: (status: { state: string; parked?: string }) => boolean,
): Promise<RequestStatus> {
  const news = newsOf(feed, id);
  try {
    for (;;) {
      if (isMet(await reader.state(id))) return await reader.status(id);
      await news.next();
    }
  } finally {
    news.end();
  }
}

/** Transitions as they are committed, from the first; ends with the request, or when `signal` is aborted. Throws MillraceError `state` when the host stops. */
export async function* transitions(
  { feed, reader, store }: Followed,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<RequestTransition> {
  const partition = partitionOf(id, store.partitions);
  const news = newsOf(feed, id);
  signal?.addEventListener('abort', news.wake);
  try {
    let isOver = false;
    for (let seq = 0; !isOver && signal?.aborted !== true;) {
      for await (const entry of store.journal.readGroup(partition, id, seq)) {
        seq = entry.seq;
        const moves = await reader.transitionsOf(id, [entry]);
        yield* moves;
        isOver = moves.some(({ actor, to }) => actor === 'chain' && isTerminal(to));
      }
      if (!isOver) await news.next();
    }
  } finally {
    signal?.removeEventListener('abort', news.wake);
    news.end();
  }
}

/** Tells when something of a request was committed; what came while nobody waited counts. */
function newsOf(feed: Feed, id: string): { next(): Promise<void>; wake(): void; end(): void } {
  let hasNews = false;
  let hasEnded = false;
  let onNews: (() => void) | undefined;
  const wake = (): void => {
    hasNews = true;
    onNews?.();
  };
  const end = feed.subscribe(id, {
    onEntry: wake,
    onEnd: () => {
      hasEnded = true;
      wake();
    },
  });
  const next = async (): Promise<void> => {
    if (!hasNews) await new Promise<void>((resolve) => (onNews = resolve));
    hasNews = false;
    if (!hasEnded) return;
    const remedy = 'it goes on when millrace is started again on the same data';
    throw new MillraceError(
      'state',
      `millrace was stopped while request "${id}" was followed; ${remedy}`,
    );
  };
  return { next, wake, end };
}
