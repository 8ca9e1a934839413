/**
 * The part `auth` of a configuration. Tokens are hashed as it is read, and kept nowhere else; what has been
 * read can be read again.
 */
import { z } from 'zod';
import { sha256 } from '../protocol/hash.ts';
import type { Caller } from './acl.ts';
import type { Headers, Token } from './tokens.ts';

/** What somebody wants to do something with. */
export type AskedRequest = {
  /** The type of the request. */
  type: string;
  /** Not there before it is started. */
  requestId?: string | undefined;
  /** Of a start, as they were given. */
  args?: unknown;
};

/** Says who asks; throws, or answers with nothing, when it cannot tell. */
type Authenticate = (
  headers: Headers,
) => Caller | undefined | null | Promise<Caller | undefined | null>;

/** Asked last, of what a list allows already; throws, or answers with false, at once or later, what it forbids. */
type AuthoriseRequest = (caller: Caller, op: string, request: AskedRequest) => unknown;

export type TokenOptions = {
  /** Whose it is; the user of the requests that he starts. */
  name: string;
  roles?: readonly string[];
  /** At least 16 characters; `openssl rand -hex 32` makes one. */
  token?: string;
  /** In place of `token`: its SHA-256 in hex, so that the configuration holds no secret. */
  tokenSha256?: string;
  /** ISO 8601; default: never. */
  expires?: string;
};

/** Who may use a deployment over HTTP and RabbitMQ; without it everybody, and HTTP is on loopback alone. */
export type AuthOptions = {
  tokens?: readonly TokenOptions[];
  /** Roles of those who publish to RabbitMQ, by their login; the login of the gateway itself may do everything unless it is named. */
  users?: Readonly<Record<string, readonly string[]>>;
  /** Whoever has one of these may do everything. */
  adminRoles?: readonly string[];
  /** A request without an acl is for admins alone; default: for everybody who is known. */
  strict?: boolean;
  /** In place of `tokens`. */
  authenticate?: Authenticate;
  authorise?: AuthoriseRequest;
};

export type AuthConfig = {
  readonly tokens: readonly Token[];
  readonly users: Readonly<Record<string, readonly string[]>>;
  readonly adminRoles: readonly string[];
  readonly strict: boolean;
  readonly authenticate?: Authenticate;
  readonly authorise?: AuthoriseRequest;
};

const rolesSchema = z.array(z.string().min(1));

/** Messages never quote what was given: it may be a token. */
const tokenSchema = z
  .strictObject({
    name: z.string().min(1),
    roles: rolesSchema.default([]),
    token: z
      .string('must be a text')
      .regex(/^\S{16,}$/, 'must be at least 16 characters without blanks; openssl rand -hex 32')
      .exactOptional(),
    tokenSha256: z
      .string('must be a text')
      .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits: printf %s TOKEN | sha256sum')
      .exactOptional(),
    expires: z.iso
      .datetime({ offset: true, error: 'must be a time like 2027-01-31T00:00:00Z' })
      .exactOptional(),
  })
  .refine(
    ({ token, tokenSha256 }) => (token === undefined) !== (tokenSha256 === undefined),
    'must have token or tokenSha256, one of them',
  )
  .transform(({ token, tokenSha256 = '', ...rest }): Token => ({
    ...rest,
    tokenSha256: token === undefined ? tokenSha256.toLowerCase() : sha256(token),
  }));

const callable = <T>(): z.ZodType<T> =>
  z.custom<T>((value) => typeof value === 'function', 'must be a function');

export const authSchema: z.ZodType<AuthConfig> = z
  .strictObject({
    tokens: z.array(tokenSchema).default([]),
    users: z.record(z.string().min(1), rolesSchema).default({}),
    adminRoles: rolesSchema.default([]),
    strict: z.boolean().default(false),
    authenticate: callable<Authenticate>().exactOptional(),
    authorise: callable<AuthoriseRequest>().exactOptional(),
  })
  .superRefine(({ tokens, authenticate }, context) => {
    if (authenticate !== undefined && tokens.length > 0)
      context.addIssue('has tokens and authenticate; keep one of them');
    const twin = tokens.find(({ tokenSha256 }, place) =>
      tokens.slice(0, place).some((other) => other.tokenSha256 === tokenSha256),
    );
    if (twin !== undefined) context.addIssue(`two tokens are the same, one of "${twin.name}"`);
  });
