/** The link to an API over HTTP: starts, retries and tells requests there. */
import { z } from 'zod';
import type { Asked, Command, Link } from '../link.ts';
import type { ApiCaller } from './caller.ts';
import type { Feeds } from './feeds.ts';
import { pathOf, refuse } from './reading.ts';
import type { ApiReading } from './reading.ts';

const madeSchema = z.object({ id: z.string() });

const words: Readonly<Partial<Record<Command, string>>> = {
  'request.stop': 'stop',
  'request.suspend': 'suspend',
  'request.resume': 'resume',
};

type Parts = { reader: ApiReading['reader']; feeds: Feeds; newId(): string };

export function createApiLink(caller: ApiCaller, { reader, feeds, newId }: Parts): Link {
  const make = async (path: string, body: object): Promise<string> =>
    madeSchema.parse(await caller.ask('POST', path, body)).id;

  return {
    reader,
    news: feeds,
    start: ({ chain, args, texts, requestId = newId(), labels }: Asked) => {
      const type = typeof chain === 'string' ? chain : chain.type;
      return make('/requests', { type, args: texts ?? args ?? {}, requestId, labels });
    },
    retry: ({ of, from, set, texts, requestId = newId(), labels }) =>
      make(`${pathOf(of)}/retry`, { from, set: { ...set, ...texts }, requestId, labels }),
    async command(id, command) {
      const word = words[command] ?? refuse(`"${command}"`);
      await caller.ask('PUT', `${pathOf(id)}/${word}`);
      return { ok: true };
    },
    send: () => refuse('a message to an actor'),
    query: () => refuse('a question to an actor'),
    rejected: {
      list: () => refuse('what was rejected'),
      show: () => refuse('what was rejected'),
      requeue: () => refuse('what was rejected'),
      drop: () => refuse('what was rejected'),
    },
    reconcile: () => refuse('a reconciliation'),
  };
}
