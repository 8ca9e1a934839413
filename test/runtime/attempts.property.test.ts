/**
 * Attempts while workers die, lose their deliveries and are replaced, starts come twice, and the partition changes
 * hands: each attempt has one outcome, what succeeded really did, and the journal replays.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob } from '../../src/definitions.ts';
import type { Broker, Channel, ConsumeOptions } from '../../src/ports/broker.ts';
import { TransientError } from '../../src/protocol/errors.ts';
import { exchanges } from '../../src/protocol/topology.ts';
import { partitionReconcile } from '../../src/protocol/forOwner.ts';
import { tellOwner } from '../../src/runtime/toOwner.ts';
import { createWorker } from '../../src/worker/worker.ts';
import type { Worker } from '../../src/worker/worker.ts';
import { decorate, openRig } from '../kit/rig.ts';
import type { Rig } from '../kit/rig.ts';
import { difference } from '../kit/standIn.ts';
import { taskActor } from '../kit/taskActor.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const groups = ['a', 'b', 'c'];

/** What may happen next; `which` picks among what there is. */
const step = fc.record({
  what: fc.constantFrom(
    ...['work', 'work', 'finish', 'finish', 'fail', 'cancel', 'wait', 'long wait'],
    ...['kill', 'cut', 'drain', 'new worker', 'new owner', 'double'],
  ),
  which: fc.nat(100),
});
type Step = { what: string; which: number };

type Run = { key: string; end(isGood: boolean): void };

/** A worker whose process can be killed, and whose channels can be cut, at any moment. */
class Doomed {
  readonly worker: Worker;
  readonly #open: { channel: Channel; options: ConsumeOptions; queue: string }[] = [];
  #isDead = false;

  constructor({ broker, clock }: Rig, runs: Set<Run>, succeeded: Set<string>) {
    const job = defineJob({
      type: 'work',
      args: z.unknown(),
      run: ({ attemptKey, signal }) =>
        new Promise((resolve, reject) => {
          const run: Run = {
            key: attemptKey,
            end: (isGood) => {
              runs.delete(run);
              if (!isGood) return reject(new Error('no'));
              // A dead worker's handler has done what it does, but nobody hears of it.
              if (!this.#isDead) succeeded.add(attemptKey);
              resolve(attemptKey);
            },
          };
          runs.add(run);
          signal.addEventListener('abort', () => run.end(false));
        }),
    });
    const mortal: Broker = decorate(broker, {
      publish: (publication) =>
        this.#isDead ? Promise.reject(new TransientError('dead')) : broker.publish(publication),
      consume: async (queue, options) => {
        const hears = {
          ...options,
          onDelivery: (delivery: Parameters<ConsumeOptions['onDelivery']>[0]) => {
            if (!this.#isDead) options.onDelivery(delivery);
          },
        };
        const channel = await broker.consume(queue, hears);
        this.#open.push({ channel, options, queue });
        return channel;
      },
    });
    this.worker = createWorker({
      ...{ broker: mortal, clock, jobs: [job], concurrency: 2, graceMs: 100 },
      random: () => 0.5,
    });
  }

  async kill(): Promise<void> {
    this.#isDead = true;
    for (const { channel } of this.#open.splice(0)) await channel.close();
    void this.worker.stop();
  }

  /** The broker closes its channels; it consumes anew. */
  async cut(): Promise<void> {
    for (const { channel, options } of this.#open.splice(0)) {
      await channel.close();
      options.onClosed('cut');
    }
  }
}

class World {
  readonly rig: Rig;
  readonly runs = new Set<Run>();
  readonly succeeded = new Set<string>();
  workers: Doomed[] = [];
  /** Starts that are handed over twice. */
  #doubles = 0;

  private constructor(rig: Rig) {
    this.rig = rig;
  }

  static async open(): Promise<World> {
    const made: { world?: World } = {};
    const rig = await openRig({
      actors: [taskActor()],
      folder: tempFolder(),
      broker: (broker) =>
        decorate(broker, {
          async publish(publication) {
            const isDouble = publication.exchange === exchanges.jobs && made.world?.takeDouble();
            if (isDouble === true) await broker.publish(publication);
            return broker.publish(publication);
          },
        }),
    });
    const world = new World(rig);
    made.world = world;
    for (const group of groups) await rig.tell(group, 'task.create');
    await world.addWorker();
    return world;
  }

  takeDouble(): boolean {
    if (this.#doubles === 0) return false;
    this.#doubles -= 1;
    return true;
  }

  async addWorker(): Promise<void> {
    const doomed = new Doomed(this.rig, this.runs, this.succeeded);
    this.workers.push(doomed);
    await doomed.worker.start();
  }

  async take({ what, which }: Step): Promise<void> {
    const { rig, runs } = this;
    const group = groups[which % groups.length] ?? '';
    const worker = this.workers[which % Math.max(1, this.workers.length)];
    const run = [...runs][which % Math.max(1, runs.size)];
    switch (what) {
      case 'work':
        if (await this.isIdle(group)) await rig.tell(group, 'task.work');
        break;
      case 'finish':
      case 'fail':
        run?.end(what === 'finish');
        break;
      case 'cancel':
        await rig.tell(group, 'task.cancel');
        break;
      case 'wait':
      case 'long wait':
        rig.clock.advance(what === 'wait' ? 2_000 : 31_000);
        break;
      case 'kill':
      case 'drain':
        this.workers = this.workers.filter((each) => each !== worker);
        await (what === 'kill' ? worker?.kill() : this.drained(worker));
        break;
      case 'cut':
        await worker?.cut();
        break;
      case 'new worker':
        if (this.workers.length < 3) await this.addWorker();
        break;
      case 'new owner':
        await tellOwner(rig.runtime, 0, partitionReconcile);
        break;
      case 'double':
        this.#doubles += 1;
    }
    await this.settle();
  }

  async drained(doomed: Doomed | undefined): Promise<void> {
    const drained = doomed?.worker.stop();
    await this.settle();
    this.rig.clock.advance(5_000);
    await drained;
  }

  async isIdle(group: string): Promise<boolean> {
    const { obligations } = (await this.rig.host.group(group)).group;
    return obligations.attempts.size === 0;
  }

  /** What is on its way arrives: the partition's queue is empty, and nothing is being committed. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((done) => setImmediate(done));
  }

  /** Nothing more goes wrong; whatever begins succeeds. */
  async end(): Promise<void> {
    this.#doubles = 0;
    if (this.workers.length === 0) await this.addWorker();
    for (let turn = 0; turn < 200; turn += 1) {
      const idle = await Promise.all(groups.map((group) => this.isIdle(group)));
      if (idle.every(Boolean)) return;
      for (const run of [...this.runs]) run.end(true);
      await this.settle();
      this.rig.clock.advance(5_000);
      await this.settle();
    }
    throw new Error('an attempt was never answered');
  }

  async stop(): Promise<void> {
    for (const run of [...this.runs]) run.end(false);
    for (const { worker } of this.workers) {
      const stopped = worker.stop();
      await this.settle();
      this.rig.clock.advance(5_000);
      await stopped;
    }
    await this.rig.stop();
  }
}

async function check(world: World): Promise<void> {
  for (const group of groups) {
    const outcomes = (await world.rig.entries(group)).filter(({ type }) =>
      ['attempt.succeeded', 'attempt.failed', 'attempt.stopped'].includes(type),
    );
    const numbers = outcomes.map(({ body = '{}' }) => (JSON.parse(body) as About).attempt);
    expect(numbers, 'each attempt has one outcome').toEqual(numbers.map((_, n) => n + 1));
    for (const { type, body = '{}' } of outcomes) {
      const { result } = JSON.parse(body) as About;
      if (type === 'attempt.succeeded') expect(world.succeeded).toContain(result);
    }
    expect(await difference(world.rig, group)).toBeUndefined();
  }
}

type About = { attempt: number; result?: string };

test('each attempt has one outcome, whatever dies, is lost, comes twice or changes hands', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const world = await World.open();
      try {
        for (const each of steps) await world.take(each);
        await world.end();
        await check(world);
      } finally {
        await world.stop();
      }
    }),
    {
      numRuns: Number(process.env['MILLRACE_SEEDS'] ?? 15),
      seed: Number(process.env['MILLRACE_SEED'] ?? 7),
      endOnFailure: false,
    },
  );
}, 120_000);
