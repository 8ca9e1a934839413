/** Follows a request: looks again whenever something of it is committed. */
import type { Committed, News } from './link.ts';
import { MillraceError, TransientError } from './protocol/errors.ts';
import { isTerminal } from './protocol/states.ts';
import type { Reader, RequestStatus, RequestTransition } from './reader.ts';

type Followed = { news: News; reader: Reader };

/** A store or a host that does not answer is asked again after this, or with the next news. */
const lookAgainMs = 500;

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
      const { found, isAway } = await looked(async () =>
        isMet(await reader.state(id)) ? reader.status(id) : undefined,
      );
      if (found !== undefined) return found;
      await news.next(isAway ? lookAgainMs : undefined);
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
    const place = { seq: 0, entry: 0, told: 0, isAway: false };
    let isOver = false;
    while (signal?.aborted !== true) {
      for await (const move of untold(reader.transitions(id, place.seq), place)) {
        yield move;
        isOver ||= endsRequest(move);
      }
      if (isOver) return;
      await news.next(place.isAway ? lookAgainMs : undefined);
    }
  } finally {
    signal?.removeEventListener('abort', news.wake);
    news.end();
  }
}

/** Where a reading is: all up to `seq` was told, and of `entry`, if it is another, so many transitions. */
type Place = { seq: number; entry: number; told: number; isAway: boolean };

/** What was not told before a reading broke off, which this one may as well. */
async function* untold(
  moves: AsyncIterable<RequestTransition>,
  place: Place,
): AsyncGenerator<RequestTransition> {
  let skip = place.told;
  try {
    for await (const move of moves) {
      const isNext = move.seq !== place.entry;
      if (isNext) Object.assign(place, { seq: place.entry, entry: move.seq, told: 0 });
      else if (skip-- > 0) continue;
      place.told += 1;
      yield move;
    }
    Object.assign(place, { seq: place.entry, told: 0, isAway: false });
  } catch (thrown) {
    if (!(thrown instanceof TransientError)) throw thrown;
    place.isAway = true;
  }
}

/** What a look has found; nothing while the store or the host does not answer. */
async function looked<T>(
  look: () => Promise<T | undefined>,
): Promise<{ found: T | undefined; isAway: boolean }> {
  try {
    return { found: await look(), isAway: false };
  } catch (thrown) {
    if (!(thrown instanceof TransientError)) throw thrown;
    return { found: undefined, isAway: true };
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
): { next(withinMs?: number): Promise<void>; wake(): void; end(): void } {
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
  const next = async (withinMs?: number): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    if (!hasNews) {
      await new Promise<void>((resolve) => {
        onNews = resolve;
        if (withinMs !== undefined) timer = setTimeout(resolve, withinMs);
      });
    }
    clearTimeout(timer);
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
