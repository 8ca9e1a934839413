/** Bearer tokens: who a token is, compared in constant time. Only their hashes are ever kept. */
import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../protocol/hash.ts';
import type { Caller } from './acl.ts';

/** Of a request over HTTP; names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export type Token = {
  name: string;
  roles: readonly string[];
  /** Of the token, in hex. */
  tokenSha256: string;
  /** ISO 8601; default: never. */
  expires?: string;
};

/** Who it is, or why nobody: for the log alone. */
export type Found = { caller: Caller } | { refused: string };

/** Looks at every token, however early one fits, so that the time it takes says nothing. */
export function findCaller(tokens: readonly Token[], headers: Headers, now: number): Found {
  const { authorization } = headers;
  if (authorization === undefined) return { refused: 'no token was sent' };
  const given = /^Bearer +(\S+)\s*$/i.exec(String(authorization))?.[1];
  if (given === undefined) return { refused: 'the header Authorization bears no bearer token' };
  const hash = Buffer.from(sha256(given));
  const [token] = tokens.filter(({ tokenSha256 }) =>
    timingSafeEqual(Buffer.from(tokenSha256), hash),
  );
  if (token === undefined) return { refused: 'the token is unknown' };
  const { name, roles, expires } = token;
  if (expires === undefined || Date.parse(expires) > now) return { caller: { name, roles } };
  return { refused: `the token of "${name}" expired at ${expires}` };
}
