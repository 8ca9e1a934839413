/**
 * How a client reaches who hosts: what it asks for and what it hears. `hostLink.ts` is the link inside the one
 * process that hosts, `control/` the one to it from another process, `clusterLink.ts` the one to many.
 */
import type { ChainDefinition } from './definitions.ts';
import type { RejectedQueue } from './gateway/rejectedQueue.ts';
import type { Transition } from './ports/journal.ts';
import type { OutputSignal, StatusSignal } from './protocol/attempts.ts';
import { MillraceError } from './protocol/errors.ts';
import { publicState } from './protocol/states.ts';
import type { Reader } from './reader.ts';
import type { ActorEvent } from './runtime/actor.ts';

/** A request has got a new entry. */
export type Committed = {
  requestId: string;
  seq: number;
  /** Of the request, when this changed it: RUNNING, COMPLETE, … */
  state?: string;
  /** It was kept unstepped, and why. */
  parked?: string;
};

export type NewsListener = {
  onCommitted?(committed: Committed): void;
  /** What a running attempt says. */
  onStatus?(signal: StatusSignal): void;
  /** What a child process of an attempt prints. */
  onOutput?(signal: OutputSignal): void;
  /** Something may have been committed unheard. */
  onMissed?(): void;
  /** Nothing more will be heard; `why` when it is not that the host stopped. */
  onEnd?(why?: Error): void;
};

/** What is heard of one request, or of all; `subscribe` returns what ends it. */
export type News = { subscribe(id: string | undefined, listener: NewsListener): () => void };

export type StartOptions = {
  /** The request's id; starting one that exists changes nothing and answers with it. Default: a new one. */
  requestId?: string;
  user?: string;
  labels?: Readonly<Record<string, string>>;
};

/** A chain and its args, as JSON or as the texts of a command line. */
export type Asked = StartOptions & {
  chain: ChainDefinition | string;
  args?: unknown;
  /** In place of `args`: read as the JSON they spell where the chain wants no text. */
  texts?: Readonly<Record<string, string>>;
};

/** How an ended request is run again. */
export type RetryOptions = StartOptions & {
  /** Name of a job that runs again, with all after it, though they be complete. Default: what is complete is kept. */
  from?: string;
  /** Args that change: jobs that run are planned with these, jobs that are kept are not run again for them. */
  set?: Readonly<Record<string, unknown>>;
};

/** A request that has ended, and how it is run again. */
export type RetryAsked = RetryOptions & {
  of: string;
  /** As `set`, in the texts of a command line. */
  texts?: Readonly<Record<string, string>>;
};

export type Command = 'request.stop' | 'request.suspend' | 'request.resume' | 'group.unpark';

export type SendOptions = {
  /** How long to wait for the answer, in milliseconds; default: for ever. */
  timeoutMs?: number;
  /** Names the message: the same one twice has one effect and the same answer. Default: a new one. */
  messageId?: string;
};

/** What a command was answered with, beside that it was taken. */
export type Answer = Readonly<Record<string, unknown>>;

export type CommandOptions = {
  skip?: boolean;
  /** Names the command: the same one twice has one effect. Default: a new one. */
  messageId?: string;
};

export type Link = {
  reader: Reader;
  news: News;
  /** Plans a chain and starts it; answers with the request's id once that is committed. */
  start(asked: Asked): Promise<string>;
  /** Starts a new request that keeps what is complete of one that has ended; answers with its id once it is committed. */
  retry(asked: RetryAsked): Promise<string>;
  command(id: string, command: Command, options?: CommandOptions): Promise<Answer>;
  /** Sends an event to an actor, `group/kind/id`, and resolves with its reply. */
  send(address: string, event: ActorEvent, options?: SendOptions): Promise<unknown>;
  /** What an actor that the host knows answers to a question of its own. */
  query(address: string, name: string, args?: unknown): Promise<unknown>;
  rejected: RejectedQueue;
  /** Has the owners of all partitions send again all that is owed; resolves with how many partitions there are. */
  reconcile(): Promise<number>;
};

/** What a committed entry is for those who follow its request. */
export function committedOf({
  group = '',
  seq,
  transitions,
  parked,
}: {
  group?: string;
  seq: number;
  transitions: readonly Transition[];
  parked?: string | undefined;
}): Committed {
  const move = transitions.findLast(({ actor }) => actor === 'chain/main');
  return {
    requestId: group,
    seq,
    ...(move !== undefined && { state: publicState(move.to) }),
    ...(parked !== undefined && { parked }),
  };
}

/** Parts of `group/kind/id`. Throws MillraceError `rejected`. */
export function addressed(address: string): { group: string; to: string } {
  const [group = '', kind = '', id = '', ...more] = address.split('/');
  const isWhole = group !== '' && kind !== '' && id !== '' && more.length === 0;
  if (isWhole && !/\s/.test(address)) return { group, to: `${kind}/${id}` };
  throw new MillraceError('rejected', `"${address}" is no address of an actor: group/kind/id`);
}
