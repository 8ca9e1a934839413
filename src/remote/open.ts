/** Composition of whoever speaks to an API at an address: in place of a data folder, or of a cluster. */
import { createClient } from '../client.ts';
import type { Connection } from '../connect.ts';
import { newId } from '../newId.ts';
import { MillraceError } from '../protocol/errors.ts';
import { maskedUrl } from '../protocol/masked.ts';
import { ApiCaller } from './caller.ts';
import { Feeds } from './feeds.ts';
import { createApiLink } from './link.ts';
import { createReading } from './reading.ts';
import type { ApiReading } from './reading.ts';

export type RemoteOptions = { address: string; token?: string | undefined; timeoutMs: number };

/** An API; nothing is asked yet. */
export type Remote = ApiReading & { connection: Connection };

/** Throws MillraceError `usage` for what is no address. */
export function openRemote({ address, ...options }: RemoteOptions): Remote {
  const caller = new ApiCaller({ address: addressOf(address), ...options });
  const feeds = new Feeds(caller);
  const reading = createReading(caller, feeds);
  const link = createApiLink(caller, { reader: reading.reader, feeds, newId });
  const close = (): Promise<void> => {
    feeds.close();
    caller.close();
    return Promise.resolve();
  };
  const place = `the API at ${maskedUrl(caller.address)}`;
  return { ...reading, connection: { client: createClient(link), link, place, close } };
}

function addressOf(text: string): string {
  const whole = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:')
    return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  throw new MillraceError('usage', `"${text}" is no address of an API, like http://host:32308`);
}
