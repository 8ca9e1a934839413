/** A gateway beside a host, and a publisher that asks it. */
import { z } from 'zod';
import { builtInActors } from '../../actors/index.ts';
import { endedIn } from '../../src/roles/ended.ts';
import { defineChain, defineJob } from '../../src/definitions.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import type { GatewayOptions } from '../../src/gateway/gateway.ts';
import type { Properties } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { exchanges, ownQueueTopology, rejectedQueue } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { decorate, openRig, unacked } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { expect } from 'vitest';

export type Answer = { body: unknown; group: string | undefined; correlationId: string };

export type SetAside = { text: string; body: unknown; headers: Readonly<Record<string, string>> };

type Given = Partial<Properties>;

export type Door = Awaited<ReturnType<typeof openDoor>>;

/** Opens a host and a gateway, with chains that can be held, refused, or large; `isLooking`: at what is set aside. */
export async function openDoor({ isLooking = true } = {}) {
  let isRefusing = false;
  let isBroken = false;
  let gate = Promise.resolve();
  let open = (): void => undefined;
  let onPlanning = (): void => undefined;
  const planning = new Promise<void>((resolve) => (onPlanning = resolve));
  const anyArgs = z.looseObject({ n: z.number().optional() });
  const work = defineJob({ type: 'work', args: anyArgs, run: () => undefined });
  const lone = defineChain({
    type: 'lone',
    args: anyArgs,
    plan: ({ job, args }) => void job(work, { n: args.n }),
  });
  const picky = defineChain({
    type: 'picky',
    args: anyArgs,
    plan: ({ job }) => {
      if (isRefusing) throw new Error('no more of these');
      job(work, {});
    },
  });
  const slow = defineChain({
    type: 'slow',
    args: anyArgs,
    plan: async ({ job }) => {
      onPlanning();
      await gate;
      job(work, {});
    },
  });
  const large = defineChain({
    type: 'large',
    args: anyArgs,
    plan: ({ job }) => {
      for (let n = 0; n < 600; n += 1) job(work, { text: 'x'.repeat(200) });
    },
  });

  const rig: Rig = await openRig({ actors: [...builtInActors, taskActor()], folder: tempFolder() });
  const { broker, clock, runtime } = rig;
  const blobs = decorate(runtime.store.blobs, {
    put: async (texts) => {
      if (isBroken) throw new TransientError('the store does not answer');
      await runtime.store.blobs.put(texts);
    },
  });
  let named = 0;
  const options: GatewayOptions = {
    broker,
    clock,
    log: runtime.log,
    partitions: 1,
    kinds: [...builtInActors, taskActor()],
    chains: [lone, picky, slow, large],
    jobs: new Map([['work', work]]),
    blobs,
    ended: endedIn(rig.runtime),
    exists: async (id) => (await runtime.store.snapshots.head(id)) !== undefined,
    room: { enter: async () => () => undefined },
    newId: () => `n-${(named += 1)}`,
    random: () => 0.5,
  };
  let gateway = new Gateway(options);
  await gateway.start();

  const replyTo = 'answers';
  const waiting = new Map<string, (answer: Answer) => void>();
  await broker.declare(ownQueueTopology(exchanges.replies, replyTo, replyTo));
  const door = { answered: 0 };
  const channel = await broker.consume(replyTo, {
    prefetch: unacked,
    onClosed: () => undefined,
    onDelivery: ({ body, properties: { correlationId = '', headers }, tag }) => {
      channel.ack(tag);
      door.answered += 1;
      const answer = { body: JSON.parse(body) as unknown, group: headers?.['group'] };
      waiting.get(correlationId)?.({ ...answer, correlationId });
    },
  });
  const aside: SetAside[] = [];
  if (isLooking) {
    await broker.consume(rejectedQueue, {
      prefetch: unacked,
      onClosed: () => undefined,
      onDelivery: ({ body, properties: { headers = {} } }) =>
        void aside.push({ text: body, body: parsed(body), headers }),
    });
  }

  let said = 0;
  async function publish(routingKey: string, body: string, given: Given = {}): Promise<string> {
    said += 1;
    const properties = { messageId: `m-${said}`, type: '', timestamp: clock.now(), ...given };
    await broker.publish({ exchange: exchanges.commands, routingKey, properties, body });
    return properties.messageId;
  }

  const rejected = async (count: number): Promise<SetAside[]> => {
    await eventually(() => expect(aside).toHaveLength(count));
    return aside;
  };

  return Object.assign(door, {
    rig,
    planning,
    publish,
    rejected,
    say: (routingKey: string, body: object, given?: Given) =>
      publish(routingKey, JSON.stringify(body), given),
    async ask(routingKey: string, body: object, given: Given = {}): Promise<Answer> {
      said += 1;
      const messageId = given.messageId ?? `m-${said}`;
      const answer = new Promise<Answer>((resolve) => waiting.set(messageId, resolve));
      await publish(routingKey, JSON.stringify(body), { messageId, replyTo, ...given });
      return answer;
    },
    /** Exactly one message has been set aside, for this reason. */
    async rejects(reason: string): Promise<SetAside[]> {
      const all = await rejected(1);
      expect(all[0]?.headers['reason']).toContain(reason);
      return all;
    },
    async restartGateway(other: Partial<GatewayOptions> = {}): Promise<void> {
      await gateway.stop();
      gateway = new Gateway({ ...options, ...other });
      await gateway.start();
    },
    async headsWritten(id: string): Promise<void> {
      await eventually(async () => {
        clock.advance(1000);
        expect(await runtime.store.snapshots.head(id)).toBeDefined();
      });
    },
    logged: (text: string) => rig.log.some((line) => line.includes(text)),
    refusePlans: () => (isRefusing = true),
    breakStore: () => (isBroken = true),
    repairStore: () => (isBroken = false),
    holdPlans: () => void (gate = new Promise((resolve) => (open = resolve))),
    releasePlans: () => open(),
    async stop(): Promise<void> {
      await gateway.stop();
      await rig.stop();
    },
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
