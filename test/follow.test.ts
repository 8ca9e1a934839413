/** Following a request while what is read from fails and comes back. */
import { expect, test } from 'vitest';
import { transitions, until } from '../src/follow.ts';
import type { News, NewsListener } from '../src/link.ts';
import { MillraceError, TransientError } from '../src/protocol/errors.ts';
import type { Reader, RequestStatus, RequestTransition } from '../src/reader.ts';

const isComplete = ({ state }: { state: string }): boolean => state === 'COMPLETE';

test('who waits for the end of a request waits on while the store does not answer', async () => {
  const { news } = newsAtHand();
  const answers = [away(), away(), 'COMPLETE'];
  const reader = readerOf({ state: () => Promise.resolve(answerOf(answers.shift())) });
  expect(await until({ news, reader }, 'r', isComplete)).toMatchObject({ state: 'COMPLETE' });
});

test('who waits hears of the end of the host though the store does not answer', async () => {
  const { news, listeners } = newsAtHand();
  const reader = readerOf({
    state: () => {
      for (const listener of listeners) listener.onEnd?.();
      return Promise.reject(away());
    },
  });
  await expect(until({ news, reader }, 'r', isComplete)).rejects.toThrow('was stopped');
});

test('who waits is told at once what will not pass', async () => {
  const { news, listeners } = newsAtHand();
  const missing = new MillraceError('not-found', 'there is no request "r"');
  const reader = readerOf({ state: () => Promise.reject(missing) });
  await expect(until({ news, reader }, 'r', isComplete)).rejects.toBe(missing);
  expect(listeners.size).toBe(0);
});

test('transitions go on where a reading broke off, and tell none twice', async () => {
  const { news } = newsAtHand();
  const all = [move(1, 'a'), move(2, 'b'), move(2, 'c'), move(2, 'd'), move(3, 'chain')];
  const breaks = [0, 3, 2];
  const reader = readerOf({
    async *transitions(_: string, after = 0) {
      await Promise.resolve();
      let left = breaks.shift() ?? Infinity;
      for (const each of all.filter(({ seq }) => seq > after)) {
        if (left === 0) throw away();
        left -= 1;
        yield each;
      }
    },
  });
  const told: string[] = [];
  for await (const { actor } of transitions({ news, reader }, 'r', undefined)) told.push(actor);
  expect(told).toEqual(['a', 'b', 'c', 'd', 'chain']);
  expect(breaks).toEqual([]);
});

function away(): TransientError {
  return new TransientError('the store does not answer');
}

function answerOf(answer: string | Error | undefined): { state: string } {
  if (answer instanceof Error) throw answer;
  return { state: answer ?? 'RUNNING' };
}

function move(seq: number, actor: string): RequestTransition {
  return { seq, at: seq, actor, from: 'RUNNING', to: 'COMPLETE' };
}

/** A cast: following asks nothing else of a reader. */
function readerOf(given: Partial<Reader>): Reader {
  const status = (): Promise<RequestStatus> =>
    Promise.resolve({ state: 'COMPLETE' } as unknown as RequestStatus);
  return { status, ...given } as Reader;
}

/** News that a test gives; each new listener has missed something, so that nobody waits for more. */
function newsAtHand(): { news: News; listeners: Set<NewsListener> } {
  const listeners = new Set<NewsListener>();
  const subscribe: News['subscribe'] = (_, listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { news: { subscribe }, listeners };
}
