/**
 * What a message is in AMQP: its properties out and in. Anybody may publish to our queues, in any language,
 * so that on the way in nothing is expected to be there, and nothing throws.
 */
import type { ConsumeMessage, MessageProperties, Options } from 'amqplib';
import type { Delivery, Properties, Publication } from '../../ports/broker.ts';
import type { Names } from './names.ts';

/** Headers that the broker adds when it delivers again; `redelivered` says enough. */
const brokersOwn = new Set(['x-delivery-count', 'x-acquired-count']);

/** `mandatory`: the broker says when no queue takes it, and sends all of it back. */
export function toOptions(
  { properties, isNews = false }: Publication,
  names: Names,
): Options.Publish {
  const { messageId, type, timestamp, correlationId, replyTo, headers } = properties;
  const options: Options.Publish = {
    messageId,
    type,
    timestamp: Math.floor(timestamp / 1000),
    contentType: 'application/json',
    appId: 'millrace',
    persistent: true,
    mandatory: !isNews,
  };
  if (headers !== undefined) options.headers = headers;
  if (correlationId !== undefined) options.correlationId = correlationId;
  if (replyTo !== undefined) options.replyTo = names.outer(replyTo);
  return options;
}

/** Without a message id or a type these are empty; without a time it is 0. */
export function toDelivery(
  { content, fields, properties }: ConsumeMessage,
  names: Names,
): Delivery {
  const { exchange, routingKey, redelivered, deliveryTag } = fields;
  return {
    exchange: names.inner(exchange),
    routingKey: exchange === '' ? names.inner(routingKey) : routingKey,
    properties: toProperties(properties, names),
    body: content.toString(),
    redelivered,
    tag: deliveryTag,
  };
}

function toProperties(properties: MessageProperties, names: Names): Properties {
  const { messageId, type, timestamp, correlationId, replyTo, userId } = texts(properties);
  const headers = toHeaders(properties.headers);
  const result: Properties = {
    messageId: messageId ?? '',
    type: type ?? '',
    timestamp: Number(timestamp ?? 0) * 1000,
  };
  if (correlationId !== undefined) result.correlationId = correlationId;
  if (replyTo !== undefined) result.replyTo = names.inner(replyTo);
  if (userId !== undefined) result.userId = userId;
  if (headers !== undefined && Object.keys(headers).length > 0) result.headers = headers;
  return result;
}

/** A cast: amqplib says `any`, and decodes each of these as a text, the timestamp as a number. */
function texts(
  properties: MessageProperties,
): Partial<Record<keyof MessageProperties, string | undefined>> {
  return properties as Partial<Record<keyof MessageProperties, string | undefined>>;
}

function toHeaders(
  table: Readonly<Record<string, unknown>> | undefined,
): Record<string, string> | undefined {
  if (table === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const name of Object.keys(table)) {
    const value = table[name];
    if (value === null || value === undefined || brokersOwn.has(name)) continue;
    headers[name] = typeof value === 'string' ? value : toText(value);
  }
  return headers;
}

/** Numbers and booleans as themselves, bytes as UTF-8, times as ISO 8601, tables and arrays as JSON. */
function toText(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString();
  return JSON.stringify(value, (_, each: unknown) => toTime(each) ?? each).replace(/^"|"$/g, '');
}

/** amqplib's form of a table's timestamp. */
function toTime(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('!' in value)) return undefined;
  if (value['!'] !== 'timestamp' || !('value' in value)) return undefined;
  const time = new Date(Number(value.value) * 1000);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
