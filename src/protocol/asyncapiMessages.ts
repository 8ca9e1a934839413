/** The messages of the AsyncAPI document: each of the protocol's own, and what actors, chains and jobs declare. */
import type { z } from 'zod';
import type { ChannelName } from './asyncapi.ts';
import { newsMessages } from './asyncapiNews.ts';
import { toSchema } from './asyncapiSchema.ts';
import {
  attemptAnswerSchemas,
  attemptCancelSchema,
  attemptInputSchema,
  attemptNamedSchema,
  attemptReportSchema,
  attemptSayingSchemas,
  attemptStartSchema,
  attemptVerdictSchema,
} from './attempts.ts';
import { bundleSchema, bundleType } from './bundle.ts';
import { addressSchema, groupUnparkSchema, refusalSchema } from './commands.ts';
import { requestCreate, requestCreateChild, requestCreateSchema } from './commands.ts';
import { requestRetry, requestRetrySchema } from './commands.ts';
import { headersSchema } from './envelope.ts';
import { refusalHeadersSchema } from './rejected.ts';

export type AsyncMessage = {
  /** Names it in the document. */
  key: string;
  type: string;
  title: string;
  summary: string;
  channels: readonly ChannelName[];
  headers?: object;
  payload: object;
};

/** What a deployment hosts. */
export type Described = {
  actors: readonly { kind: string; accepts: Readonly<Record<string, z.ZodType>> }[];
  chains: readonly { type: string; args: z.ZodType }[];
  jobs: readonly { type: string; args: z.ZodType }[];
};

export function asyncMessages({ actors, chains, jobs }: Described): AsyncMessage[] {
  return [
    ...creates(chains),
    {
      key: requestRetry,
      type: requestRetry,
      title: 'Retry a request',
      summary:
        'Starts a new request that keeps what is complete of one that has ended. Give newRequestId or message-id.',
      channels: ['commands'],
      payload: toSchema(requestRetrySchema),
    },
    ...actors.flatMap(commandsOf),
    {
      key: 'group.unpark',
      type: 'group.unpark',
      title: 'Unpark',
      summary: 'Steps what was kept while a request was parked.',
      channels: ['commands', 'partitions'],
      headers: addressed,
      payload: withAddress(toSchema(groupUnparkSchema)),
    },
    ...starts(jobs),
    ...workers,
    bundle,
    ...answers,
    ...newsMessages,
  ];
}

function creates(chains: Described['chains']): AsyncMessage[] {
  const message = (key: string, title: string, payload: object): AsyncMessage => ({
    key,
    type: requestCreate,
    title,
    summary: `Starts a chain. Give requestId or message-id; routing key \`${requestCreateChild}\` and \`parent\` when a job waits for it.`,
    channels: ['commands'],
    payload,
  });
  const schema = toSchema(requestCreateSchema);
  if (chains.length === 0) return [message(requestCreate, 'Create a request', schema)];
  return chains.map(({ type, args }) => {
    const properties = {
      ...(schema['properties'] as object),
      requestType: { const: type },
      args: toSchema(args),
    };
    return message(`${requestCreate}-${type}`, `Create a ${type}`, { ...schema, properties });
  });
}

/** Whom it is for, when its body does not say. */
const addressed = toSchema(headersSchema.pick({ group: true, to: true }).partial());

function withAddress(schema: Record<string, unknown>): object {
  if (schema['type'] !== 'object') return schema;
  const own = schema['properties'] ?? {};
  const { properties } = toSchema(addressSchema);
  return { ...schema, properties: { ...(properties as object), ...own } };
}

function commandsOf({ kind, accepts }: Described['actors'][number]): AsyncMessage[] {
  return Object.entries(accepts)
    .filter(([type]) => !/^(attempt|outbox)\./.test(type))
    .map(([type, schema]) => {
      const isInternal = type === 'chain.create';
      const body = toSchema(schema);
      return {
        key: kind === 'chain' ? type : `${type}-${kind}`,
        type,
        title: `${type} for ${kind}`,
        summary: isInternal
          ? 'What the gateway makes of request.create.'
          : `A command for an actor of kind ${kind}: \`group/${kind}/id\` in the headers, or in the body.`,
        channels: isInternal ? ['partitions'] : ['commands', 'partitions'],
        headers: addressed,
        payload: isInternal ? body : withAddress(body),
      };
    });
}

function starts(jobs: Described['jobs']): AsyncMessage[] {
  const message = (key: string, title: string, payload: object): AsyncMessage => ({
    key,
    type: 'attempt.start',
    title,
    summary: 'Run this job, answer, then ack. The rules are in examples/worker-python/README.md.',
    channels: ['jobs'],
    payload,
  });
  const schema = toSchema(attemptStartSchema);
  if (jobs.length === 0) return [message('attempt.start', 'Start an attempt', schema)];
  return jobs.map(({ type, args }) => {
    const properties = {
      ...(schema['properties'] as object),
      jobType: { const: type },
      args: toSchema(args),
    };
    return message(`attempt.start-${type}`, `Start a ${type}`, { ...schema, properties });
  });
}

const toGroup = toSchema(headersSchema.pick({ group: true, to: true, from: true }));

function fromWorker(type: string, schema: z.ZodType, summary: string): AsyncMessage {
  const payload = toSchema(schema);
  return {
    key: type,
    type,
    title: type,
    summary,
    channels: ['results'],
    headers: toGroup,
    payload,
  };
}

const sayings: Readonly<Record<keyof typeof attemptSayingSchemas, string>> = {
  'attempt.confirm': 'May it be run? Asked for a start that may have been run before.',
  'attempt.lease': 'Takes or renews the lease of an attempt that takes long.',
  'attempt.return': 'A worker that ends gives back what it holds.',
  'attempt.fetch': 'Asks for a part of what is too large for a start.',
};

const workers: readonly AsyncMessage[] = [
  ...Object.entries(attemptAnswerSchemas).map(([type, schema]) =>
    fromWorker(type, schema, "A worker's answer to attempt.start."),
  ),
  ...Object.entries(attemptSayingSchemas).map(([type, schema]) =>
    fromWorker(type, schema, sayings[type as keyof typeof attemptSayingSchemas]),
  ),
  {
    ...fromWorker('attempt.named', attemptNamedSchema, 'What a worker holds of a partition.'),
    headers: {},
  },
  {
    key: 'attempt.hello',
    type: 'attempt.hello',
    title: 'attempt.hello',
    summary: 'A new worker asks every host for its attempt.report. Routing key `hosts`.',
    channels: ['results'],
    payload: { type: 'object' },
  },
  {
    key: 'attempt.cancel',
    type: 'attempt.cancel',
    title: 'attempt.cancel',
    summary: 'Whoever holds one of these stops it, and answers.',
    channels: ['control'],
    payload: toSchema(attemptCancelSchema),
  },
  {
    key: 'attempt.report',
    type: 'attempt.report',
    title: 'attempt.report',
    summary: 'Who owns a partition now.',
    channels: ['control', 'replies'],
    payload: toSchema(attemptReportSchema),
  },
];

const bundle: AsyncMessage = {
  key: 'bundle',
  type: bundleType,
  title: 'bundle',
  summary:
    'Several messages as one, as our own processes send them where many go the same way: to one mailbox, or starts of one quick job type. Hosts and workers take it as those messages, and ack it with the last of them; nobody has to send one.',
  channels: ['partitions', 'results', 'jobs'],
  payload: toSchema(bundleSchema),
};

const answers: readonly AsyncMessage[] = [
  {
    key: 'attempt.verdict',
    type: 'attempt.verdict',
    title: 'attempt.verdict',
    summary: 'What a worker does with an attempt that it has asked about.',
    channels: ['replies'],
    payload: toSchema(attemptVerdictSchema),
  },
  {
    key: 'attempt.input',
    type: 'attempt.input',
    title: 'attempt.input',
    summary: 'A part of what is too large for a start.',
    channels: ['replies'],
    payload: toSchema(attemptInputSchema),
  },
  {
    key: 'reply',
    type: 'reply',
    title: 'The answer to a command',
    summary: '`{"ok":true}`, or what the actor answers; the header `group` names the request.',
    channels: ['replies'],
    headers: toSchema(headersSchema.pick({ group: true }).partial()),
    payload: { anyOf: [toSchema(refusalSchema), {}] },
  },
  {
    key: 'rejected',
    type: 'rejected',
    title: 'Rejected',
    summary: 'Any message, as it came; its own type and headers are kept.',
    channels: ['rejected'],
    headers: toSchema(refusalHeadersSchema),
    payload: {},
  },
];
