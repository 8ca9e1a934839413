/**
 * The AsyncAPI 3.0 document of a deployment: exchanges and queues as channels, with the messages that go
 * through them, from the very schemas that check them. Pure: actors and definitions are given.
 */
import { asyncMessages } from './asyncapiMessages.ts';
import type { AsyncMessage, Described } from './asyncapiMessages.ts';
import { exchanges } from './topology.ts';

type Channel = {
  exchange: string;
  kind: 'topic' | 'direct' | 'fanout' | 'default';
  title: string;
  about: string;
  /** As millrace sees it. */
  action: 'send' | 'receive';
};

/** What goes where; the messages name their channel. */
const channels = {
  commands: {
    exchange: exchanges.commands,
    kind: 'topic',
    title: 'The door for publishers',
    about:
      'Publish here, with the type of the message as its routing key. With `reply-to` the answer comes there once the command is committed, or is refused.',
    action: 'receive',
  },
  partitions: {
    exchange: exchanges.partitions,
    kind: 'direct',
    title: 'Mailboxes',
    about:
      'Commands on their way from the gateway to the owner of their group. Routing key: the partition, `00` and up. Not for publishers.',
    action: 'receive',
  },
  jobs: {
    exchange: exchanges.jobs,
    kind: 'direct',
    title: 'Work',
    about:
      'Attempts for workers. Routing key: the job type; a worker consumes the queue `millrace.job.TYPE`.',
    action: 'send',
  },
  results: {
    exchange: exchanges.results,
    kind: 'direct',
    title: "Workers' answers",
    about:
      'Whatever workers say. Routing key: `answer.routingKey` of the start, or `hosts` for every host.',
    action: 'receive',
  },
  control: {
    exchange: exchanges.control,
    kind: 'fanout',
    title: 'Control',
    about: 'What every worker hears, in a queue of its own that it binds to this exchange.',
    action: 'send',
  },
  transitions: {
    exchange: exchanges.transitions,
    kind: 'topic',
    title: 'News',
    about:
      'For whoever listens: bind a queue of your own. A message may be missing or come twice; the journal has it all, and the stream `millrace.events` keeps the batches.',
    action: 'send',
  },
  replies: {
    exchange: '',
    kind: 'default',
    title: 'Answers',
    about:
      'To the queue that a message has named in `reply-to`, with its correlation id or else its message id.',
    action: 'send',
  },
  rejected: {
    exchange: '',
    kind: 'default',
    title: 'What could not be accepted',
    about:
      'The queue `millrace.rejected`: each message as it came, with why and where from in its headers. See `millrace rejected`.',
    action: 'send',
  },
} as const satisfies Record<string, Channel>;

export type ChannelName = keyof typeof channels;

export type AsyncApiOptions = {
  /** Of this program. */
  version: string;
  /** In place of `millrace` in names. */
  prefix: string;
};

/** The document, as JSON. */
export function asyncApi(described: Described, { version, prefix }: AsyncApiOptions): object {
  const messages = asyncMessages(described);
  const named = (name: string): string => name.replace(/^millrace/, prefix);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'millrace',
      version,
      description:
        'Messages between publishers, hosts and workers. Bodies are JSON in UTF-8. AMQP properties: `message-id` names the message, the same one sent twice has one effect; `type` is the type of the message; `correlation-id` and `reply-to` ask for an answer.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(
      names.map((name) => [name, channelOf(name, messages, named)] as const),
    ),
    operations: Object.fromEntries(
      names.map((name) => [`${channels[name].action}.${name}`, operationOf(name, messages)]),
    ),
    components: {
      messages: Object.fromEntries(messages.map((message) => [message.key, bodyOf(message)])),
    },
  };
}

const names = Object.keys(channels) as ChannelName[];

function channelOf(
  name: ChannelName,
  messages: readonly AsyncMessage[],
  named: (name: string) => string,
): object {
  const { exchange, kind, title, about }: Channel = channels[name];
  const address = name === 'rejected' ? named('millrace.rejected') : named(exchange);
  const durable = kind === 'default' ? {} : { durable: true, autoDelete: false };
  return {
    address: address === '' ? null : address,
    title,
    description: about.replaceAll('millrace.', `${named('millrace')}.`),
    messages: Object.fromEntries(
      of(name, messages).map(({ key }) => [key, { $ref: `#/components/messages/${key}` }]),
    ),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name: named(exchange), type: kind, vhost: '/', ...durable },
        bindingVersion: '0.3.0',
      },
    },
  };
}

function operationOf(name: ChannelName, messages: readonly AsyncMessage[]): object {
  const { action, title }: Channel = channels[name];
  const isAnswered = name === 'commands' || name === 'results';
  return {
    action,
    title,
    channel: { $ref: `#/channels/${name}` },
    messages: of(name, messages).map(({ key }) => ({ $ref: `#/channels/${name}/messages/${key}` })),
    ...(isAnswered && {
      reply: {
        address: { location: '$message.header#/replyTo' },
        channel: { $ref: '#/channels/replies' },
      },
    }),
  };
}

function of(name: ChannelName, messages: readonly AsyncMessage[]): readonly AsyncMessage[] {
  return messages.filter((message) => message.channels.includes(name));
}

function bodyOf({ type, title, summary, headers, payload }: AsyncMessage): object {
  return {
    name: type,
    title,
    summary,
    contentType: 'application/json',
    ...(headers !== undefined && { headers }),
    payload,
    bindings: { amqp: { messageType: type, bindingVersion: '0.3.0' } },
  };
}
