/**
 * Server-sent events of one request: its transitions as they are committed, how far it is, and what its jobs
 * say. The id of an event is the entry's seq, so that a follower who comes again goes on where it was.
 */
import { Readable } from 'node:stream';
import type { StatusSignal } from '../protocol/attempts.ts';
import { MillraceError } from '../protocol/errors.ts';
import { isTerminal } from '../protocol/states.ts';
import type { RequestTransition } from '../reader.ts';
import type { Handler } from './ask.ts';
import { instant } from './shapes.ts';
import { stateNumber } from './states.ts';
import type { ApiTarget } from './target.ts';
import type { WireProgress } from './wire.ts';

const eventStream = { 'content-type': 'text/event-stream' };

/** A line without meaning so often, by which a connection that is dead is noticed; in milliseconds. */
const beatMs = 15_000;

export const followRequest: Handler = async (target, { id, lastEventId }) => {
  const after = seqOf(lastEventId);
  const { state, total } = await target.link.reader.status(id);
  // A browser comes again by itself, unless it is told that there is nothing more.
  if (isTerminal(state) && !(await hasMore(target, id, after))) return { status: 204 };
  const news = listen(target, id);
  for (const { name, attempts, text, saidAt = 0 } of await target.tracked.running(id))
    if (text !== undefined) news.say({ jobId: name, attempt: attempts, text, at: saidAt });
  const stream = Readable.from(eventsOf(target, { id, after, total, news }));
  // A connection that is kept would hold up the stop of a process that ends the stream.
  const headers = { ...{ 'cache-control': 'no-store', connection: 'close' }, ...eventStream };
  return { status: 200, headers, events: { stream, end: news.end } };
};

function seqOf(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new MillraceError('usage', `Last-Event-ID "${text}" is no id of an event; leave it out`);
}

async function hasMore({ link }: ApiTarget, id: string, after: number): Promise<boolean> {
  for await (const { seq } of link.reader.transitions(id, after)) return seq > after;
  return false;
}

type Saying = Pick<StatusSignal, 'jobId' | 'attempt' | 'text' | 'at'>;

type News = ReturnType<typeof listen>;

/** Hears that there is something new, from now on. */
function listen({ link }: ApiTarget, id: string) {
  const said = new Map<string, Saying>();
  let isOver = false;
  let hasNews = false;
  let onNews: () => void = () => undefined;
  const wake = (): void => {
    hasNews = true;
    onNews();
  };
  const say = (saying: Saying): void => {
    if ((said.get(saying.jobId)?.at ?? 0) > saying.at) return;
    said.set(saying.jobId, saying);
    wake();
  };
  const unsubscribe = link.news.subscribe(id, {
    onCommitted: wake,
    onMissed: wake,
    onStatus: say,
    onEnd() {
      isOver = true;
      wake();
    },
  });
  return {
    isOver: () => isOver,
    say,
    /** What jobs have said since it was last taken. */
    said(): Saying[] {
      const sayings = [...said.values()];
      said.clear();
      return sayings;
    },
    /** Resolves with whether there is news; with false after so many milliseconds. */
    next: (ms: number) =>
      new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => onNews(), ms);
        onNews = () => {
          clearTimeout(timer);
          resolve(hasNews);
          hasNews = false;
        };
        if (hasNews) onNews();
      }),
    end() {
      unsubscribe();
      isOver = true;
      wake();
    },
  };
}

type Followed = { id: string; after: number; total: number; news: News };

async function* eventsOf(
  { link }: ApiTarget,
  { id, after, total, news }: Followed,
): AsyncGenerator<string> {
  const progress: WireProgress = { state: 1, totalJobs: total, finishedJobs: 0 };
  let seq = 0;
  let hasEnded = false;
  while (!news.isOver()) {
    let last: RequestTransition | undefined;
    // From the first, as the count of finished jobs is made of all.
    for await (const move of link.reader.transitions(id, seq)) {
      // An entry that was told in part is told again: only its last event bears its id.
      if (last !== undefined && last.seq > after) yield told(last, last.seq < move.seq);
      count(progress, move);
      hasEnded ||= move.actor === 'chain' && isTerminal(move.to);
      last = move;
    }
    if (last !== undefined) {
      ({ seq } = last);
      if (seq > after) yield told(last, true);
      yield event('progress', progress);
    }
    for (const { jobId, attempt, text, at } of news.said())
      yield event('status', { jobId, try: attempt, status: text, at: instant(at) });
    if (hasEnded) {
      yield event('end', progress);
      return;
    }
    if (!(await news.next(beatMs))) yield ': still here\n\n';
  }
}

function count(progress: WireProgress, { actor, from, to }: RequestTransition): void {
  if (actor === 'chain') progress.state = stateNumber(to);
  if (!actor.startsWith('job/')) return;
  progress.finishedJobs += Number(to === 'COMPLETE') - Number(from === 'COMPLETE');
}

function told({ at, ...move }: RequestTransition, isLast: boolean): string {
  return `${isLast ? `id: ${move.seq}\n` : ''}${event('transition', { ...move, at: instant(at) })}`;
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
