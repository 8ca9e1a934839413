/** Stands in for workers before a rig: says what they say of attempts, and hears what groups answer. */
import type { AttemptStart } from '../../src/protocol/attempts.ts';
import { exchanges, ownQueueTopology } from '../../src/protocol/topology.ts';
import { verifyGroup } from '../../src/runtime/replay.ts';
import { Host } from '../../src/runtime/host.ts';
import { createRuntime, openRig } from './rig.ts';
import type { Rig } from './rig.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import { eventually } from './eventually.ts';

export type Said = { type: string; body: Record<string, unknown> };

export type StandIn = {
  /** What groups have answered. */
  told: Said[];
  /** What all workers are told. */
  control: Said[];
  /** Verdicts so far, as `executionId verdict`. */
  verdicts(): string[];
  /** Says something of an attempt; `fields` beside key, attempt, claim, replaces and the execution. */
  say(start: AttemptStart, type: string, executionId: string, fields?: object): Promise<void>;
  /** Asks whether it may run, and waits for the verdict. */
  confirm(start: AttemptStart, executionId: string, fields?: object): Promise<string>;
};

const replyTo = 'millrace.worker.test';

async function openStandIn({ broker, clock }: Rig): Promise<StandIn> {
  const told: Said[] = [];
  const control: Said[] = [];
  await broker.declare(ownQueueTopology(exchanges.control, replyTo, ''));
  const channel = await broker.consume(replyTo, {
    prefetch: 1000,
    onClosed: () => undefined,
    onDelivery: ({ exchange, properties, body, tag }) => {
      const into = exchange === exchanges.control ? control : told;
      into.push({ type: properties.type, body: JSON.parse(body) as Record<string, unknown> });
      queueMicrotask(() => channel.ack(tag));
    },
  });
  const verdicts = (): string[] =>
    told.flatMap(({ type, body }) =>
      type === 'attempt.verdict' ? `${String(body['executionId'])} ${String(body['verdict'])}` : [],
    );
  const standIn: StandIn = {
    told,
    control,
    verdicts,
    async say({ answer, attempt, claim, replaces, startId }, type, executionId, fields = {}) {
      const copy = replaces === undefined ? { claim } : { claim, replaces };
      await broker.publish({
        exchange: exchanges.results,
        routingKey: answer.routingKey,
        properties: {
          ...{ messageId: `${startId}/${executionId}/${type}`, type, timestamp: clock.now() },
          replyTo,
          headers: { group: answer.group, to: answer.to },
        },
        body: JSON.stringify({ key: answer.key, attempt, executionId, ...copy, ...fields }),
      });
    },
    async confirm(start, executionId, fields) {
      const before = verdicts().length;
      await standIn.say(start, 'attempt.confirm', executionId, { redelivered: true, ...fields });
      await eventually(() => {
        if (verdicts().length === before) throw new Error(`no verdict for ${executionId}`);
      });
      return verdicts().at(-1)?.split(' ')[1] ?? '';
    },
  };
  return standIn;
}

/** Another host takes the partitions over, on the same broker and store; returns what stops it. */
export async function succeed(
  rig: Rig,
  actors: readonly ActorDefinition[],
): Promise<{ host: Host; stop(): Promise<void> }> {
  await rig.host.stop();
  const { broker, clock, runtime } = rig;
  const next = createRuntime(actors, { store: runtime.store, broker, clock, log: rig.log });
  const host = new Host(next);
  await host.start();
  return { host, stop: () => host.stop() };
}

/** Steps the group's journal again; undefined when all is as it was. */
export async function difference({ runtime }: Rig, id: string): Promise<string | undefined> {
  return (await verifyGroup(runtime, { partition: 0, id })).difference;
}

/** A host with the group `g`, whose task has one attempt of `work` out, and a worker that a test speaks for. */
export async function openTaskAtWork(
  actors: readonly ActorDefinition[],
  folder: string,
): Promise<{ rig: Rig; worker: StandIn; starts: AttemptStart[] }> {
  const rig = await openRig({ actors, folder });
  const worker = await openStandIn(rig);
  const starts = await rig.starts('work');
  await rig.tell('g', 'task.create');
  await rig.tell('g', 'task.work');
  await eventually(() => {
    if (starts.length !== 1) throw new Error(`${starts.length} starts instead of one`);
  });
  return { rig, worker, starts };
}

/** Types of the group's entries from its first attempt on. */
export async function typesAtWork(rig: Rig): Promise<string[]> {
  return (await rig.entries('g')).map(({ type }) => type).slice(2);
}
