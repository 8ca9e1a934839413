/** The link to a host in another process: it plans, starts and commands over the control socket, reads beside it. */
import type { Answer, Asked, Link } from '../link.ts';
import {
  rejectedListSchema,
  rejectedMessageSchema,
  rejectedSummarySchema,
} from '../protocol/rejected.ts';
import type { Reader } from '../reader.ts';
import { isUnavailable } from './caller.ts';
import type { Caller } from './caller.ts';
import { RemoteNews } from './remoteNews.ts';
import { answerSchema, commands, hostInfoSchema, reconciledSchema, startedSchema } from './wire.ts';
import { statusSchema, wrappedSchema } from './wire.ts';
import type { HostInfo } from './wire.ts';

export type RemoteLink = Link & {
  /** What is under way is given up. */
  close(): void;
};

/** Nothing is asked yet. `newId` names what is asked for, so that it may be asked twice. */
export function createRemoteLink(
  caller: Caller,
  { newId, reader }: { newId(): string; reader: Reader },
): RemoteLink {
  const news = new RemoteNews(caller);
  return {
    news,
    reader: besideHost(caller, reader),
    async start({ chain, ...rest }: Asked) {
      const type = typeof chain === 'string' ? chain : chain.type;
      const body = { requestId: newId(), ...rest, type };
      return startedSchema.parse(await caller.askAgain('POST', '/requests', body)).requestId;
    },
    async retry({ of, ...rest }) {
      const body = { requestId: newId(), ...rest };
      const path = `${pathOf(of)}/retry`;
      return startedSchema.parse(await caller.askAgain('POST', path, body)).requestId;
    },
    async command(id, command, commandOptions): Promise<Answer> {
      const path = `${pathOf(id)}/${wordOf(command)}`;
      const body = { messageId: newId(), ...commandOptions };
      return answerSchema.parse(await caller.askAgain('POST', path, body));
    },
    async send(address, event, sendOptions) {
      const body = { messageId: newId(), ...sendOptions, address, event };
      return wrappedSchema.parse(await caller.askAgain('POST', '/send', body)).answer;
    },
    async query(address, name, args) {
      return wrappedSchema.parse(await caller.askAgain('POST', '/query', { address, name, args }))
        .answer;
    },
    rejected: {
      list: async (limit) =>
        rejectedListSchema.parse(await caller.ask('GET', `/rejected?limit=${limit}`)),
      show: async (id) => rejectedMessageSchema.parse(await caller.ask('GET', aside(id))),
      requeue: async (id, body) =>
        rejectedSummarySchema.parse(
          await caller.ask('POST', `${aside(id)}/requeue`, body === undefined ? {} : { body }),
        ),
      drop: async (id) =>
        rejectedSummarySchema.parse(await caller.ask('POST', `${aside(id)}/drop`, {})),
    },
    reconcile: async () => {
      const answer = await caller.askAgain('POST', '/reconcile', {});
      return reconciledSchema.parse(answer).partitions;
    },
    close() {
      news.close();
      caller.close();
    },
  };
}

/** Who listens on a control socket. Rejects with MillraceError `unavailable` when nobody does. */
export async function askHost(caller: Caller): Promise<HostInfo> {
  return hostInfoSchema.parse(await caller.ask('GET', '/host'));
}

/** A running host knows the requests by heart; without it they are read from the store. */
function besideHost(caller: Caller, reader: Reader): Reader {
  const status: Reader['status'] = async (id) => {
    try {
      return statusSchema.parse(await caller.ask('GET', pathOf(id)));
    } catch (thrown) {
      if (!isUnavailable(thrown)) throw thrown;
      return reader.status(id);
    }
  };
  return { ...reader, status, state: status };
}

function pathOf(id: string): string {
  return `/requests/${encodeURIComponent(id)}`;
}

function aside(id: string): string {
  return `/rejected/${encodeURIComponent(id)}`;
}

function wordOf(command: string): string {
  const [word = ''] = Object.entries(commands).find(([, each]) => each === command) ?? [];
  return word;
}
