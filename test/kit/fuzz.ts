/** Messages made from valid ones by a seed: few of them can be accepted, none may do harm. */
import type { Options } from 'amqplib';
import { partitionKey, partitionOf } from '../../src/protocol/topology.ts';

export type FuzzedMessage = {
  exchange: 'commands' | 'partitions' | 'results';
  routingKey: string;
  options: Options.Publish;
  body: Buffer;
};

type FuzzOptions = {
  seed: number;
  /** Requests that the messages are about. */
  victims: readonly string[];
  partitions: number;
  /** Where answers come. */
  replyTo: string;
};

type Random = () => number;

/** Mulberry32: in [0, 1), the same for the same seed. */
function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Message `n`, whose correlation id is `fuzz-n`; every second keeps its envelope, every fifth its body. */
export function fuzzer({ seed, victims, partitions, replyTo }: FuzzOptions) {
  const random = seeded(seed);
  const one = <T>(items: readonly T[]): T => {
    const item = items[Math.floor(random() * items.length)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  };
  return (n: number): FuzzedMessage => {
    const message = valid(n, { one, victims, partitions });
    const { exchange, type, body } = message;
    const bytes = random() < 0.2 ? Buffer.from(JSON.stringify(body)) : spoilt(body, random, one);
    const options: Options.Publish = {
      messageId: `fuzz-${n}`,
      correlationId: `fuzz-${n}`,
      type,
      timestamp: 1_767_600_000,
      contentType: 'application/json',
      deliveryMode: 2,
      ...(exchange !== 'results' && { replyTo }),
      headers: message.headers,
    };
    const fuzzed = { exchange, routingKey: message.routingKey, options, body: bytes };
    return random() < 0.5 ? fuzzed : withOddEnvelope(fuzzed, random, one);
  };
}

type Valid = Pick<FuzzedMessage, 'exchange' | 'routingKey'> & {
  type: string;
  headers: Record<string, string>;
  body: unknown;
};

type One = <T>(items: readonly T[]) => T;

const planned = {
  plan: {
    jobs: [
      { name: 'a', type: 'quick-job', args: { at: 1 }, parents: [], retries: 0, retryWaitMs: 0 },
      { name: 'b', type: 'quick-job', args: { at: 2 }, parents: [0], retries: 1, retryWaitMs: 5 },
    ],
    sequences: [],
    maxStarted: 200,
  },
  requestType: 'quick',
  args: { n: 2 },
};

function valid(
  n: number,
  { one, victims, partitions }: { one: One; victims: readonly string[]; partitions: number },
): Valid {
  const group = one(victims);
  const command = (routingKey: string, body: object): Valid => ({
    exchange: 'commands',
    routingKey,
    type: routingKey,
    headers: {},
    body,
  });
  const inside = (exchange: 'partitions' | 'results', type: string, to: string, body: object) => ({
    exchange,
    routingKey: partitionKey(partitionOf(group, partitions)),
    type,
    headers: { group, to },
    body,
  });
  const answer = { key: 'run', attempt: 1 };
  const execution = { ...answer, executionId: `e-${n}` };
  const makers: readonly (() => Valid)[] = [
    () => command('request.create', { requestType: 'quick', args: { n: 1 }, requestId: `f-${n}` }),
    () => command('request.create', { requestType: 'quick', labels: { a: 'b' }, user: 'ann' }),
    () => command('request.create.child', { requestType: 'quick', parent: `${group}/job/1` }),
    () => command('request.suspend', { requestId: group }),
    () => command('request.resume', { requestId: group }),
    () => command('request.stop', { address: `${group}/chain/main` }),
    () => command('group.unpark', { requestId: group, skip: true }),
    () => inside('partitions', 'request.suspend', 'chain/main', {}),
    () => inside('partitions', 'group.unpark', 'chain/main', { skip: false }),
    () => inside('partitions', 'chain.create', 'chain/main', planned),
    () => inside('results', 'attempt.succeeded', 'job/0', { ...answer, result: { n } }),
    () => inside('results', 'attempt.failed', 'job/0', { ...answer, reason: 'no', final: true }),
    () => inside('results', 'attempt.stopped', 'job/0', execution),
    () => inside('results', 'attempt.lease', 'job/0', { ...execution, claim: 1 }),
    () =>
      inside('results', 'attempt.confirm', 'job/0', { ...execution, claim: 1, redelivered: true }),
  ];
  return one(makers)();
}

const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;

/** Values that no schema expects. */
const odd: readonly string[] = [
  ...['null', 'true', '-1', '1e308', '0.1', '""', '[]', '{}', '"x"', '[null]'],
  ...['{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":1}}', '"\\u0000\\ud800"'],
  ...[JSON.stringify('y'.repeat(70_000)), deep, '{"$set":{"a.b":1}}', '9007199254740993'],
];

/** The body with something wrong: in its JSON, or in its bytes. */
function spoilt(body: unknown, random: Random, one: One): Buffer {
  const text = JSON.stringify(body);
  const kind = random();
  if (kind < 0.5) return Buffer.from(withOddValue(text, random, one));
  if (kind < 0.6) return Buffer.from(text.slice(0, Math.floor(random() * text.length)));
  if (kind < 0.65) return Buffer.from(one(odd));
  if (kind < 0.7) return Buffer.alloc(Math.floor(random() * 100), Math.floor(random() * 256));
  const bytes = Buffer.from(text);
  for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips -= 1)
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  return bytes;
}

/** One value, key or comma of the text replaced. */
function withOddValue(text: string, random: Random, one: One): string {
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|[[\]{},:]/g)];
  const token = one(tokens);
  const from = token.index;
  const put = random() < 0.1 ? '' : one(odd);
  return text.slice(0, from) + put + text.slice(from + token[0].length);
}

function withOddEnvelope(message: FuzzedMessage, random: Random, one: One): FuzzedMessage {
  const { options } = message;
  const headers = (options.headers ?? {}) as Record<string, unknown>;
  const changes: readonly (() => FuzzedMessage)[] = [
    () => ({ ...message, options: without(options, 'messageId') }),
    () => ({ ...message, options: { ...options, messageId: 'm'.repeat(255) } }),
    () => ({ ...message, options: without(options, 'type') }),
    () => ({
      ...message,
      options: { ...options, type: one(['attempt.start', 'timer.fired', '', 'ü']) },
    }),
    () => ({ ...message, options: { ...options, timestamp: Number.MAX_SAFE_INTEGER } }),
    () => ({
      ...message,
      options: { ...options, contentType: 'text/html', contentEncoding: 'gzip' },
    }),
    () => ({ ...message, options: { ...options, headers: { ...headers, group: random() * 1e9 } } }),
    () => ({
      ...message,
      options: { ...options, headers: { ...headers, group: 'g'.repeat(300) } },
    }),
    () => ({ ...message, options: { ...options, headers: { ...headers, to: { a: [1, null] } } } }),
    () => ({
      ...message,
      options: { ...options, headers: { ...headers, to: one(['job', '/', 'job/99']) } },
    }),
    () => ({ ...message, options: { ...options, headers: { ...headers, blob: 'f'.repeat(64) } } }),
    () => ({
      ...message,
      options: {
        ...without(options, 'replyTo'),
        headers: {
          ...headers,
          place: one(['1/1', 'x']),
          from: `${options.correlationId ?? ''}/chain/main`,
        },
      },
    }),
    () => ({
      ...message,
      options: { ...options, headers: { ...headers, reason: 'mine', noise: 'n'.repeat(20_000) } },
    }),
    () => ({ ...message, options: without(options, 'headers') }),
    () =>
      message.exchange === 'commands'
        ? { ...message, routingKey: one(['', 'request.stpo', 'a.b.c', '#', 'chain.create']) }
        : message,
  ];
  return one(changes)();
}

function without(options: Options.Publish, name: keyof Options.Publish): Options.Publish {
  const { [name]: _, ...rest } = options;
  return rest;
}
