/** The requests that are followed just now, each over one connection. */
import type { News, NewsListener } from '../link.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { RequestTransition } from '../reader.ts';
import type { ApiCaller } from './caller.ts';
import { Feed } from './feed.ts';

export class Feeds implements News {
  readonly #caller: ApiCaller;
  readonly #feeds = new Map<string, Feed>();

  constructor(caller: ApiCaller) {
    this.#caller = caller;
  }

  subscribe(id: string | undefined, listener: NewsListener): () => void {
    if (id === undefined)
      throw new MillraceError('usage', 'over an API one request is followed, not all');
    const feed = this.#feeds.get(id) ?? new Feed(this.#caller, id);
    this.#feeds.set(id, feed);
    const end = feed.listen(listener);
    return () => {
      if (end() && this.#feeds.get(id) === feed) this.#feeds.delete(id);
    };
  }

  /** Those after `after` that have been committed. */
  async transitions(id: string, after: number): Promise<RequestTransition[]> {
    const end = this.subscribe(id, {});
    try {
      return (await this.#feeds.get(id)?.transitions(after)) ?? [];
    } finally {
      end();
    }
  }

  close(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }
}
