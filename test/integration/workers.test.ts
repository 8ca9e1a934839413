/** Workers and hosts over a real RabbitMQ: one that dies, one that comes late, and what is too large for a message. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openRabbitmqBroker, type RabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { defineJob } from '../../src/definitions.ts';
import { newId } from '../../src/newId.ts';
import { baseTopology, exchanges, jobQueue, partitionKey } from '../../src/protocol/topology.ts';
import { BrokerEpoch } from '../../src/runtime/epoch.ts';
import { Host } from '../../src/runtime/host.ts';
import { verifyGroup } from '../../src/runtime/replay.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createWorker } from '../../src/worker/worker.ts';
import type { Worker } from '../../src/worker/worker.ts';
import { openStranger } from '../kit/amqp.ts';
import { eventually } from '../kit/eventually.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { collect, createRuntime, openStore } from '../kit/rig.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { taskActor } from '../kit/taskActor.ts';
import { openTcpProxy, type TcpProxy } from '../kit/tcpProxy.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const server = await ownRabbitmq();
if ('skipped' in server) it.skip(`workers over RabbitMQ: ${server.skipped}`, () => {});
else describe('workers over RabbitMQ', () => suite(server));

type Run = { text: string; worker: string; end(): void };
type Member = { proxy: TcpProxy; broker: RabbitmqBroker; stop(): Promise<void> };

function suite(server: RabbitmqServer): void {
  let prefix: string;
  let store: ReturnType<typeof openStore>;
  let members: Member[];
  let outside: RabbitmqBroker;
  let runs: Run[];
  let runtime: Runtime;
  let sent = 0;

  afterAll(() => server.stop());

  beforeEach(async () => {
    prefix = `t${newId().slice(-8)}`;
    store = openStore(tempFolder(), 1);
    members = [];
    runs = [];
    outside = await openRabbitmqBroker({ url: server.url, prefix, name: 'test', log: silentLog() });
    await outside.declare(baseTopology(1));
    await joinHost();
  });

  afterEach(async () => {
    expect((await verifyGroup(runtime, { partition: 0, id: 'g' })).difference).toBeUndefined();
    for (const { end } of runs) end();
    for (const { stop } of members) await stop();
    await outside.close();
    await store.close();
    const stranger = await openStranger(server.url);
    const job = { exchanges: [], queues: [{ name: jobQueue('work') }], bindings: [] };
    for (const each of [baseTopology(1), job]) await stranger.deleteAll(each, prefix);
    await stranger.close();
  });

  async function connect(name: string) {
    const proxy = await openTcpProxy(server.url);
    const url = server.url.replace(/:\d+$/, `:${proxy.port}`);
    const broker = await openRabbitmqBroker({ url, prefix, name, log: silentLog() });
    return { proxy, broker };
  }

  async function joinHost(): Promise<Member> {
    const { proxy, broker } = await connect('host');
    const stopping = new AbortController();
    const epoch = new BrokerEpoch({
      ...{ broker, store, clock: systemClock, stopping: stopping.signal, newId },
      log: { warn: () => undefined, error: () => undefined },
    });
    const ports = { store, broker, clock: systemClock };
    runtime = createRuntime([taskActor()], { ...ports, epoch, stopping });
    const host = new Host(runtime, { drainMs: 3000 });
    const member = added({ proxy, broker, stop: () => host.stop() });
    await host.start();
    await eventually(() => expect(host.owned()).toHaveLength(1));
    return member;
  }

  async function joinWorker(name: string): Promise<Member & { worker: Worker }> {
    const { proxy, broker } = await connect(name);
    const job = defineJob({
      type: 'work',
      args: z.object({ text: z.string() }),
      run: ({ args, signal }) =>
        new Promise((resolve) => {
          const end = (): void => resolve(args.text.length);
          runs.push({ text: args.text, worker: name, end });
          signal.addEventListener('abort', end);
        }),
    });
    const worker = createWorker({ broker, clock: systemClock, jobs: [job], graceMs: 500 });
    const member = added({ proxy, broker, stop: () => worker.stop() });
    await worker.start();
    return { ...member, worker };
  }

  function added(member: Member): Member {
    const { stop, broker, proxy } = member;
    const whole = {
      ...member,
      async stop() {
        members = members.filter((each) => each !== whole);
        await stop();
        await broker.close();
        await proxy.close();
      },
    };
    members.push(whole);
    return whole;
  }

  async function tell(type: string, body: object = {}): Promise<void> {
    sent += 1;
    await outside.publish({
      exchange: exchanges.partitions,
      routingKey: partitionKey(0),
      properties: {
        ...{ messageId: `m-${sent}`, type, timestamp: Date.now() },
        headers: { group: 'g', to: 'task/main' },
      },
      body: JSON.stringify(body),
    });
  }

  const types = async (): Promise<string[]> =>
    (await collect(store.journal.readGroup(0, 'g', 0))).map(({ type }) => type).slice(2);

  async function begin(text = 'small'): Promise<void> {
    await tell('task.create');
    await tell('task.work', { text });
  }

  it('what a worker that dies was running is given out again, once its group has said so', async () => {
    const first = await joinWorker('first');
    await begin();
    await eventually(() => expect(runs).toHaveLength(1));
    await joinWorker('second');
    await first.proxy.close();
    await eventually(() => expect(runs.map(({ worker }) => worker)).toEqual(['first', 'second']));
    runs[1]?.end();
    await eventually(async () => expect(await types()).toHaveLength(2));
    expect(await types()).toEqual(['attempt.confirm', 'attempt.succeeded']);
  });

  it('what is too large for a message comes from the owner, in a message of its own', async () => {
    const text = 'ü€😀'.repeat(700_000);
    await joinWorker('first');
    await begin(text);
    await eventually(() => expect(runs).toHaveLength(1), 20_000);
    expect(runs[0]?.text === text).toBe(true);
    runs[0]?.end();
    await eventually(async () => expect(await types()).toEqual(['attempt.succeeded']));
  });

  it('a new owner asks workers what they hold, and does not send that again', async () => {
    await joinWorker('first');
    await begin();
    await eventually(() => expect(runs).toHaveLength(1));
    const [former] = members;
    await joinNext(former);
    await tell('task.poke', { by: 1 });
    await eventually(async () => expect(await types()).toEqual(['task.poke']));
    runs[0]?.end();
    await eventually(async () => expect(await types()).toHaveLength(2));
    expect(runs).toHaveLength(1);
    expect(await outside.inspect(jobQueue('work'))).toMatchObject({ ready: 0 });
  });

  /** The former owner lets go when the next is there. */
  async function joinNext(former: Member | undefined): Promise<void> {
    await former?.stop();
    await joinHost();
  }

  it('a start that was cancelled while no worker was there is answered unrun by the first that comes', async () => {
    const worker = await joinWorker('first');
    await worker.stop();
    await begin();
    await eventually(async () =>
      expect(await outside.inspect(jobQueue('work'))).toMatchObject({ ready: 1 }),
    );
    await tell('task.cancel');
    await eventually(async () => expect(await types()).toEqual(['task.cancel']));
    await joinWorker('second');
    await eventually(async () => expect(await types()).toEqual(['task.cancel', 'attempt.stopped']));
    expect(runs).toEqual([]);
  });
}
