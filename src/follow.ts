/** Follows a request: looks again whenever something of it is committed. */
import type { Committed, News } from './link.ts';
import { MillraceError } from './protocol/errors.ts';
import { isTerminal } from './protocol/states.ts';
import type { Reader, RequestStatus, RequestTransition } from './reader.ts';

type Followed = { news: News; reader: Reader };

/** Resolves at the first status that `isMet`, looking again after each entry of the request. Rejects with MillraceError `state` when the host stops. */
export async function until(
  { news: source, reader }: Followed,
  id: string,
  isMet: (status: { state: string; parked?: string }) => boolean,
): Promise<RequestStatus> {
  // Most entries of a request change its jobs alone.
  const news = newsOf(source, id, ({ state, parked }) => (state ?? parked) !== undefined);
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
  { news: source, reader }: Followed,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<RequestTransition> {
  const news = newsOf(source, id);
  signal?.addEventListener('abort', news.wake);
  try {
    let seq = 0;
    let isOver = false;
    while (signal?.aborted !== true) {
      for await (const move of reader.transitions(id, seq)) {
        yield move;
        ({ seq } = move);
        isOver ||= endsRequest(move);
      }
      if (isOver) return;
      await news.next();
    }
  } finally {
    signal?.removeEventListener('abort', news.wake);
    news.end();
  }
}

function endsRequest({ actor, to }: RequestTransition): boolean {
  return actor === 'chain' && isTerminal(to);
}

/** Tells when something of a request was committed that is news; what came while nobody waited counts. */
function newsOf(
  source: News,
  id: string,
  isNews: (committed: Committed) => boolean = () => true,
): { next(): Promise<void>; wake(): void; end(): void } {
  let hasNews = false;
  let ended: Error | undefined;
  let onNews: (() => void) | undefined;
  const wake = (): void => {
    hasNews = true;
    onNews?.();
  };
  const end = source.subscribe(id, {
    onCommitted(committed) {
      if (isNews(committed)) wake();
    },
    onMissed: wake,
    onEnd: (why) => {
      ended = why ?? hostStopped(id);
      wake();
    },
  });
  const next = async (): Promise<void> => {
    if (!hasNews) await new Promise<void>((resolve) => (onNews = resolve));
    hasNews = false;
    if (ended !== undefined) throw ended;
  };
  return { next, wake, end };
}

function hostStopped(id: string): MillraceError {
  const remedy = 'it goes on when millrace is started again on the same data';
  return new MillraceError(
    'state',
    `millrace was stopped while request "${id}" was followed; ${remedy}`,
  );
}
