/** What a client in another process hears: one stream of lines a request, opened with its first listener. */
import type { News, NewsListener } from '../link.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import type { Caller } from './caller.ts';
import { lineSchema } from './wire.ts';
import type { Line } from './wire.ts';

type Followed = { listeners: Set<NewsListener>; end: AbortController };

export class RemoteNews implements News {
  readonly #caller: Caller;
  /** By request; '' is all of them. */
  readonly #followed = new Map<string, Followed>();

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  subscribe(id: string | undefined, listener: NewsListener): () => void {
    const key = id ?? '';
    const followed = this.#followed.get(key) ?? this.#begin(key);
    followed.listeners.add(listener);
    return () => {
      const wasHeard = followed.listeners.delete(listener);
      if (wasHeard && followed.listeners.size === 0) this.#forget(key, followed);
    };
  }

  /** Nothing more is heard. */
  close(): void {
    const why = new MillraceError('state', 'the client was closed while it followed');
    for (const [key, followed] of this.#followed) this.#end(key, followed, why);
  }

  #begin(key: string): Followed {
    const followed: Followed = { listeners: new Set(), end: new AbortController() };
    this.#followed.set(key, followed);
    void this.#follow(key, followed);
    return followed;
  }

  /** Follows again when the host has come back; what was committed meanwhile is in the store. */
  async #follow(key: string, followed: Followed): Promise<void> {
    const { signal } = followed.end;
    const path = key === '' ? '/follow' : `/requests/${encodeURIComponent(key)}/follow`;
    const once = (): Promise<void> =>
      this.#caller.follow(path, signal, (line) => tell(followed.listeners, line));
    try {
      while (!signal.aborted) {
        await this.#caller.patiently(once);
        for (const listener of followed.listeners) listener.onMissed?.();
      }
    } catch (thrown) {
      if (signal.aborted) return;
      this.#end(key, followed, thrown);
    }
  }

  #end(key: string, followed: Followed, why: unknown): void {
    this.#forget(key, followed);
    const reason = why instanceof Error ? why : new Error(messageOf(why));
    for (const listener of followed.listeners) listener.onEnd?.(reason);
  }

  #forget(key: string, followed: Followed): void {
    followed.end.abort();
    if (this.#followed.get(key) === followed) this.#followed.delete(key);
  }
}

function tell(listeners: Iterable<NewsListener>, text: string): void {
  const line = read(text);
  for (const listener of listeners) {
    if (line?.type === 'committed') listener.onCommitted?.(line);
    else if (line?.type === 'status') listener.onStatus?.(line);
    else if (line?.type === 'output') listener.onOutput?.(line);
    else if (line !== undefined) listener.onMissed?.();
  }
}

/** Nothing for a line of a type that this version does not know. */
function read(text: string): Line | undefined {
  return lineSchema.safeParse(JSON.parse(text)).data;
}
