/** A worker over the in-process broker, with the group's side of the conversation in the test's hands. */
import { z } from 'zod';
import { openSmqpBroker } from '../../src/adapters/smqp/broker.ts';
import { defineJob } from '../../src/definitions.ts';
import type { JobContext, JobDefinition } from '../../src/definitions.ts';
import type {
  Broker,
  Channel,
  ConsumeOptions,
  Delivery,
  Publication,
} from '../../src/ports/broker.ts';
import { attemptAnswerSchemas } from '../../src/protocol/attempts.ts';
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import {
  baseTopology,
  exchanges,
  partitionQueue,
  rejectedQueue,
} from '../../src/protocol/topology.ts';
import { createWorker } from '../../src/worker/worker.ts';
import type { StatusSignal } from '../../src/protocol/attempts.ts';
import type { WorkerOptions } from '../../src/worker/worker.ts';
import { FakeClock } from '../kit/fakeClock.ts';

export type Seen = {
  type: string;
  messageId: string;
  body: Record<string, unknown>;
  headers: unknown;
  replyTo?: string | undefined;
};

const isAnswer = (type: string): boolean => Object.hasOwn(attemptAnswerSchemas, type);

export function aJob(
  run: (context: JobContext<unknown>) => unknown,
  more: { type?: string; args?: z.ZodType; concurrency?: number } = {},
): JobDefinition {
  return defineJob({ type: 'work', args: z.unknown(), ...more, run });
}

/** Lets everything that is ready happen; time stands still. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export async function openKit(
  jobs: JobDefinition[],
  { isStarted = true, ...options }: Partial<WorkerOptions> & { isStarted?: boolean } = {},
  wrap: (broker: Broker) => Broker = (broker) => broker,
) {
  const broker = openSmqpBroker();
  const clock = new FakeClock();
  const answers: Seen[] = [];
  /** What it has said before an answer. */
  const said: Seen[] = [];
  const rejected: Delivery[] = [];
  const statuses: StatusSignal[] = [];
  await broker.declare(baseTopology(1));
  const listen = async (queue: string, hear: (delivery: Delivery) => void): Promise<void> => {
    const channel: { current?: Channel } = {};
    channel.current = await broker.consume(queue, {
      prefetch: 1000,
      onDelivery: (delivery) => {
        hear(delivery);
        queueMicrotask(() => channel.current?.ack(delivery.tag));
      },
      onClosed: () => undefined,
    });
  };
  /** What the group says to a confirm; undefined for nothing. */
  const group: { verdict: (asked: Record<string, unknown>) => object | undefined } = {
    verdict: () => ({ verdict: 'run' }),
  };
  const reply = (to: string | undefined, type: string, body: object): void => {
    if (to === undefined) return;
    const properties = { messageId: `reply${Math.random()}`, type, timestamp: clock.now() };
    void broker.publish({ exchange: '', routingKey: to, properties, body: JSON.stringify(body) });
  };
  await listen(partitionQueue(0), ({ properties, body: text }) => {
    const { type, messageId, headers, replyTo } = properties;
    const body = JSON.parse(text) as Record<string, unknown>;
    const seen = { type, messageId, headers, body };
    if (isAnswer(type)) return void answers.push(seen);
    said.push({ ...seen, replyTo });
    const verdict = type === 'attempt.confirm' ? group.verdict(body) : undefined;
    const { executionId } = body;
    if (verdict !== undefined) reply(replyTo, 'attempt.verdict', { executionId, ...verdict });
  });
  await listen(rejectedQueue, (delivery) => void rejected.push(delivery));
  const worker = createWorker({
    broker: wrap(broker),
    clock,
    jobs,
    random: () => 0.5,
    onStatus: (signal) => void statuses.push(signal),
    ...options,
  });
  if (isStarted) await worker.start();

  const publish = async (
    exchange: string,
    routingKey: string,
    type: string,
    body: string,
  ): Promise<void> => {
    const properties = { messageId: `m${Math.random()}`, type, timestamp: clock.now() };
    await broker.publish({ exchange, routingKey, properties, body });
    await settle();
  };
  return {
    broker,
    clock,
    worker,
    answers,
    said,
    group,
    reply,
    rejected,
    statuses,
    raw: (body: string, type = 'work') => publish(exchanges.jobs, type, 'attempt.start', body),
    give: (more: Partial<AttemptStart> = {}) =>
      publish(exchanges.jobs, more.jobType ?? 'work', 'attempt.start', startText(more)),
    cancel: (...startIds: string[]) =>
      publish(exchanges.control, '', 'attempt.cancel', JSON.stringify({ startIds })),
    async advance(ms: number): Promise<void> {
      clock.advance(ms);
      await settle();
    },
    saidTypes: () => said.map(({ type }) => type.slice('attempt.'.length)),
    types: () => answers.map(({ type }) => type.slice('attempt.'.length)),
    bodies: () => answers.map(({ body }) => body),
  };
}

export function startText(more: Partial<AttemptStart> = {}): string {
  return JSON.stringify({
    startId: 'r/a/1',
    claim: 1,
    requestId: 'r',
    jobId: 'a',
    jobType: 'work',
    attempt: 1,
    resumption: 0,
    args: null,
    data: [],
    results: {},
    answer: { group: 'r', to: 'chain/r', key: 'k', routingKey: '00' },
    ...more,
  });
}

/** A promise that the test keeps in its hand. */
export function gate<T = void>(): { promise: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open: (value) => open(value) };
}

/** Wraps a broker so that its user's publishes fail as told, and its consumers can be cut off. */
export function faulty() {
  const failures: ('returned' | Error)[] = [];
  const publications: Publication[] = [];
  const open = new Map<string, { channel: Channel; options: ConsumeOptions }>();
  const wrap = (broker: Broker): Broker => ({
    isRemote: broker.isRemote,
    declare: (topology) => broker.declare(topology),
    inspect: (queue) => broker.inspect(queue),
    watch: (listener) => broker.watch(listener),
    close: () => broker.close(),
    async publish(publication) {
      publications.push(publication);
      const failure = failures.shift();
      if (failure instanceof Error) throw failure;
      return failure ?? broker.publish(publication);
    },
    async consume(queue, options) {
      const channel = await broker.consume(queue, options);
      open.set(queue, { channel, options });
      return channel;
    },
  });
  /** The broker closes the channel: what it held goes back, its consumer is told. */
  const cut = async (queue: string): Promise<void> => {
    const consumer = open.get(queue);
    await consumer?.channel.close();
    consumer?.options.onClosed('cut');
    await settle();
  };
  return {
    wrap,
    failures,
    publications,
    cut,
    prefetch: (queue: string) => open.get(queue)?.options.prefetch,
  };
}
