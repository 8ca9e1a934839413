/** Logins of a real RabbitMQ: who publishes is who the broker says he is, and may do what his roles allow. */
import { connect } from 'amqplib';
import type { Options } from 'amqplib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openRabbitmqBroker } from '../../src/adapters/rabbitmq/broker.ts';
import { createMillrace, defineChain, defineJob } from '../../src/index.ts';
import type { Millrace } from '../../src/index.ts';
import { keptLog } from '../auth/keptLog.ts';
import { eventually } from '../kit/eventually.ts';
import type { RabbitmqServer } from '../kit/rabbitmqServer.ts';
import { ownRabbitmq } from '../kit/servers.ts';
import { silentLog } from '../kit/silentLog.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const server = await ownRabbitmq();
if ('skipped' in server) it.skip(`logins of RabbitMQ: ${server.skipped}`, () => {});
else describe('logins of RabbitMQ', () => suite(server));

const quick = defineJob({ type: 'quick', args: z.object({}), run: () => undefined });
const listed = defineChain({
  type: 'listed',
  args: z.object({}),
  acl: [{ role: 'dba', ops: ['start'] }],
  plan: ({ job }) => void job(quick, {}),
});

function suite({ url, stop, rabbitmqctl }: RabbitmqServer): void {
  let millrace: Millrace;
  const as = (user: string): string => url.replace('guest:guest', `${user}:${user}`);

  beforeAll(async () => {
    for (const user of ['ann', 'eve']) {
      await rabbitmqctl('add_user', user, user);
      await rabbitmqctl(
        'set_permissions',
        user,
        '^amq\\.gen',
        '^(amq\\.gen|millrace\\.commands)',
        '^amq\\.gen',
      );
    }
    const auth = { users: { ann: ['dba'] } };
    millrace = createMillrace(
      {
        ...{ amqpUrl: url, data: tempFolder(), partitions: 1, auth },
        ...{ jobs: [quick], chains: [listed] },
      },
      { log: keptLog().log },
    );
    await millrace.start();
  }, 60_000);

  afterAll(async () => {
    await millrace.stop();
    await stop();
  });

  /** What is answered to a command; rejects with the reason when the broker does not take it. */
  async function ask(user: string, key: string, body: object, options: Options.Publish = {}) {
    const connection = await connect(as(user));
    try {
      const channel = await connection.createConfirmChannel();
      const failed = new Promise<never>((_, reject) => channel.on('error', reject));
      const { queue: replyTo } = await channel.assertQueue('', { exclusive: true });
      const answer = new Promise<unknown>((resolve) => {
        void channel.consume(replyTo, (message) => {
          if (message !== null) resolve(JSON.parse(message.content.toString()));
        });
      });
      const messageId = `${user}-${key}-${JSON.stringify(body)}`;
      const content = Buffer.from(JSON.stringify(body));
      channel.publish('millrace.commands', key, content, { messageId, replyTo, ...options });
      return await Promise.race([answer, failed]);
    } finally {
      await connection.close().catch(() => undefined);
    }
  }

  const create = (requestId: string) => ({ requestType: 'listed', requestId });

  it('are known by their messages, and have their roles', async () => {
    const answer = await ask('ann', 'request.create', create('of-ann'), { userId: 'ann' });
    expect(answer).toMatchObject({ ok: true });
    const ended = await millrace.client.request('of-ann').finished();
    expect(ended).toMatchObject({ state: 'COMPLETE', user: 'ann' });
  }, 60_000);

  it('may not do what no role of theirs may, nor anybody who does not say who he is', async () => {
    const forbidden = (who: string, has: string) => ({
      ...{ ok: false, code: 'forbidden' },
      message: `to start "listed" takes the role dba; ${who} has ${has}`,
    });
    expect(await ask('eve', 'request.create', create('of-eve'), { userId: 'eve' })).toEqual(
      forbidden('"eve"', 'no role'),
    );
    expect(await ask('ann', 'request.create', create('of-nobody'))).toEqual(
      forbidden('a caller without a name', 'no role'),
    );
    const stop = { requestId: 'of-ann' };
    expect(await ask('ann', 'request.stop', stop, { userId: 'ann' })).toMatchObject({
      code: 'forbidden',
    });
    for (const id of ['of-eve', 'of-nobody'])
      await expect(millrace.client.request(id).status()).rejects.toMatchObject({
        code: 'not-found',
      });
  }, 60_000);

  it('cannot be taken by others: the broker refuses the message', async () => {
    const lie = ask('eve', 'request.create', create('of-a-liar'), { userId: 'ann' });
    await expect(lie).rejects.toThrow('PRECONDITION_FAILED');
  }, 60_000);

  it('of the gateway itself may do everything, and our own programs say it', async () => {
    const broker = await openRabbitmqBroker({ url, name: 'test', log: silentLog() });
    const properties = { messageId: 'own', type: 'request.create', timestamp: Date.now() };
    const body = JSON.stringify(create('of-our-own'));
    const to = { exchange: 'millrace.commands', routingKey: 'request.create' };
    expect(await broker.publish({ ...to, properties, body })).toBe('confirmed');
    await eventually(async () => {
      const status = await millrace.client.request('of-our-own').status();
      expect(status.user).toBe('guest');
    });
    await broker.close();
  }, 60_000);
}
