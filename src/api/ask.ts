/** What a route is: its words, what its handler is given and what that answers. Nothing of Fastify's. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { Caller } from '../auth/acl.ts';
import type { ApiTarget } from './target.ts';

export type Asked = {
  caller: Caller;
  /** Of the path; '' for a part that it has not. */
  id: string;
  jobId: string;
  query: URLSearchParams;
  /** As it came. */
  body: string;
  /** Id of the event that a follower has seen last. */
  lastEventId: string | undefined;
};

export type Answer = {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; nothing is sent when it is missing. */
  json?: unknown;
  text?: string;
  /** Server-sent events; `end` is called when they are to end, or nobody hears them any more. */
  events?: { stream: Readable; end(): void };
};

/** What is done to a request; to read, it is enough to be known. */
export type Op = 'start' | 'stop' | 'suspend' | 'resume' | 'retry' | 'read';

export type Handler = (target: ApiTarget, asked: Asked) => Answer | Promise<Answer>;

export type Route = {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  /** What is asked of `authorise`. */
  op: Op;
  /** In a few words. */
  about: string;
  query?: Readonly<Record<string, string>>;
  body?: z.ZodType;
  /** Of success. */
  status: 200 | 201;
  /** JSON, or else a text, or nothing. */
  answer?: z.ZodType | 'text' | 'events';
  /** Of errors, beside those that every route may have. */
  errors?: readonly number[];
  handle: Handler;
};
