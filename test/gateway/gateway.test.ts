/** The gateway over a real host, the in-process broker and SQLite: what publishers say, and what becomes of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commandsQueue, createsQueue, rejectedQueue } from '../../src/protocol/topology.ts';
import { eventually } from '../kit/eventually.ts';
import { the } from '../kit/rig.ts';
import { openDoor } from './kit.ts';
import type { Door } from './kit.ts';

let door: Door;

beforeEach(async () => {
  door = await openDoor();
});

afterEach(() => door.stop());

const lone = { requestType: 'lone', requestId: 'r-1' };

describe('request.create', () => {
  it('starts the chain, and answers once it is committed', async () => {
    const starts = await door.rig.starts('work');
    const answer = await door.ask('request.create', { ...lone, args: { n: 7 } });
    expect(answer).toMatchObject({ body: { ok: true }, group: 'r-1', correlationId: 'm-1' });
    await eventually(() => expect(starts).toMatchObject([{ requestId: 'r-1', args: { n: 7 } }]));
  });

  it('twice the same has one effect and the same answer', async () => {
    const first = await door.ask('request.create', { requestType: 'lone' }, { messageId: 'm' });
    const second = await door.ask('request.create', { requestType: 'lone' }, { messageId: 'm' });
    expect(second).toEqual(first);
    expect(first.group).toMatch(/^[0-9a-v]{26}$/);
    expect(await door.rig.entries(the(first.group))).toHaveLength(1);
  });

  it('without an id of its own is named after its publisher and its message', async () => {
    const ask = (userId: string) =>
      door.ask('request.create', { requestType: 'lone' }, { messageId: '1', userId });
    const [ann, bob] = [await ask('ann'), await ask('bob')];
    expect(ann.group).not.toBe(bob.group);
    const [entry] = await door.rig.entries(the(ann.group));
    expect(entry?.meta).toMatchObject({ from: 'ann', messageId: 'ann/1' });
    expect(JSON.parse(entry?.body ?? '')).toMatchObject({ user: 'ann' });
  });

  it('with neither requestId nor messageId is refused', async () => {
    await door.say('request.create', { requestType: 'lone' }, { messageId: '' });
    await door.rejects('has neither requestId nor messageId');
  });

  it('whose answer was ok is answered so again, though it could not be planned any more', async () => {
    const body = { requestType: 'picky', args: {} };
    const first = await door.ask('request.create', body, { messageId: 'm' });
    await door.headsWritten(the(first.group));
    door.refusePlans();
    expect(await door.ask('request.create', body, { messageId: 'm' })).toEqual(first);
    expect(await door.ask('request.create', body, { messageId: 'n' })).toMatchObject({
      body: { ok: false, code: 'plan', message: expect.stringContaining('no more of these') },
    });
  });

  it('that does not fit is set aside as it came, with why and where from', async () => {
    const body = { requestType: 'lone', args: { n: 'seven' } };
    const answer = await door.ask('request.create', body, { userId: 'ann' });
    expect(answer.body).toMatchObject({ ok: false, code: 'plan' });
    const [rejected] = await door.rejects('n: ');
    expect(rejected).toMatchObject({
      body,
      headers: {
        code: 'plan',
        exchange: 'millrace.commands',
        routingKey: 'request.create',
        principal: 'ann',
        rejectedAt: new Date(door.rig.clock.now()).toISOString(),
      },
    });
  });

  it('put straight into the queue is set aside: who may publish there is not asked', async () => {
    const properties = { messageId: 'm', type: '', timestamp: 1 };
    const body = JSON.stringify(lone);
    await door.rig.broker.publish({ exchange: '', routingKey: createsQueue, properties, body });
    await door.rejects('came past millrace.commands');
  });

  it('is tried again while the store does not answer', async () => {
    door.breakStore();
    const answer = door.ask('request.create', { requestType: 'large', requestId: 'big' });
    await eventually(() => expect(door.logged('has to wait')).toBe(true));
    expect(door.logged('"request":"big"')).toBe(true);
    door.repairStore();
    await eventually(() => {
      door.rig.clock.advance(1000);
      expect(door.answered).toBe(1);
    });
    expect((await answer).body).toEqual({ ok: true });
  });
});

describe('a command', () => {
  beforeEach(() => door.ask('request.create', lone));

  it('goes to the request that its body names, and its actor answers', async () => {
    expect(await door.ask('request.suspend', { requestId: 'r-1' })).toMatchObject({
      body: { ok: true },
      group: 'r-1',
    });
    const entries = await door.rig.entries('r-1');
    expect(entries.map(({ type }) => type)).toEqual(['chain.create', 'request.suspend']);
  });

  it('comes once, however often it is sent', async () => {
    const again = () => door.ask('task.poke', { address: 't/task/1', by: 1 }, { messageId: 'p' });
    await door.ask('task.create', { address: 't/task/1' });
    const first = await again();
    expect(first.body).toEqual({ ok: true, count: 1 });
    expect(await again()).toEqual(first);
  });

  it("of a user's actor is addressed by headers, its body or its kind alone", async () => {
    await door.ask('task.create', {}, { headers: { group: 'a', to: 'task/main' } });
    const byHeaders = { headers: { group: 'a' } };
    expect(await door.ask('task.poke', { by: 1 }, byHeaders)).toMatchObject({ group: 'a' });
    const { body } = await door.ask('task.poke', { address: 'a/task/main', by: 2 });
    expect(body).toEqual({ ok: true, count: 3 });
    const entries = await door.rig.entries('a');
    expect(entries.map(({ body: text }) => text)).toEqual(['{}', '{"by":1}', '{"by":2}']);
  });

  it('for a request that does not exist gets an error as its answer, and is set aside', async () => {
    const answer = await door.ask('request.stop', { requestId: 'nobody' });
    expect(answer.body).toMatchObject({ ok: false, code: 'not-found' });
    await door.rejects('does not exist');
  });

  it('keeps its place behind the one before it', async () => {
    for (const n of [1, 2, 3, 4]) {
      const type = n % 2 === 1 ? 'request.suspend' : 'request.resume';
      await door.say(type, { requestId: 'r-1' });
    }
    await eventually(async () => {
      const types = (await door.rig.entries('r-1')).map(({ type }) => type);
      expect(types.slice(1, 3)).toEqual(['request.suspend', 'request.resume']);
    });
  });

  it.each([
    ['request.stpo', { requestId: 'r-1' }, 'did you mean "request.stop"'],
    ['chain.create', { requestId: 'x' }, 'no actor takes the routing key "chain.create"'],
    ['attempt.succeeded', { requestId: 'r-1' }, 'no actor takes'],
    ['outbox.journaled', { requestId: 'r-1' }, 'no actor takes'],
    ['request.stop', {}, 'does not say whom it is for'],
    ['request.stop', { requestId: 7 }, 'requestId: '],
    ['request.stop', { requestId: 'a/b' }, 'without blanks or slashes'],
    ['request.stop', { address: 'r-1/chain' }, '"chain" is no actor'],
    ['task.poke', { address: 't/chain/main' }, 'no actor of kind "chain" takes "task.poke"'],
    ['task.poke', { address: 't/task/1', by: 'x' }, 'by: '],
    ['request.create.child', { requestType: 'lone' }, 'names no parent'],
    ['group.unpark', { requestId: 'r-1', skip: 1 }, 'skip: '],
    ['group.unpark', { requestId: 'r-1' }, 'is not parked'],
  ])('%s %j is refused: %s', async (type, body, reason) => {
    const answer = await door.ask(type, body);
    expect(answer.body).toMatchObject({ ok: false, message: expect.stringContaining(reason) });
    await door.rejects(reason);
  });
});

describe('whatever is published', () => {
  const deep = `{"requestType":"lone","args":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;

  it.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['half of it', '{"requestType":"lo'],
    ['null', 'null'],
    ['a list', '[{"requestType":"lone"}]'],
    ['a misspelt field', '{"requestType":"lone","requestid":"x"}'],
    ['a wrong type', '{"requestType":17}'],
    ['an unknown chain', '{"requestType":"loan"}'],
    ['a prototype', '{"requestType":"lone","__proto__":{"requestId":"x"}}'],
    ['more than it may have', `{"requestType":"${'x'.repeat(10 * 1024 * 1024)}"}`],
    ['deep nesting', deep],
    ['an id with a slash', '{"requestType":"lone","requestId":"a/b"}'],
  ])('%s is set aside as it came, and the next one is taken', async (_, body) => {
    await door.publish('request.create', body);
    const [rejected] = await door.rejected(1);
    expect(rejected?.text).toBe(body);
    expect((await door.ask('request.create', lone)).body).toEqual({ ok: true });
    expect(await door.rig.broker.inspect(createsQueue)).toMatchObject({ ready: 0 });
  });

  it('with args named __proto__ is planned as it is', async () => {
    const body = '{"requestType":"lone","requestId":"p","args":{"__proto__":{"n":1},"n":2}}';
    await door.publish('request.create', body);
    const starts = await door.rig.starts('work');
    await eventually(() => expect(starts).toMatchObject([{ args: { n: 2 } }]));
  });

  it.each([rejectedQueue, 'millrace.partition.00', 'millrace.job.work', createsQueue, ''])(
    'with a replyTo of %j is refused, and nothing is written there',
    async (replyTo) => {
      await door.publish('request.create', JSON.stringify(lone), { replyTo });
      await door.rejects('is no queue for answers');
      expect(await door.rig.entries('r-1')).toEqual([]);
    },
  );

  it('with a queue for answers that is gone is taken all the same', async () => {
    await door.publish('request.create', JSON.stringify(lone), { replyTo: 'amq.gen-gone' });
    await door.publish('request.stop', '{}', { replyTo: 'amq.gen-gone' });
    await door.rejects('whom it is for');
    await eventually(async () => expect(await door.rig.entries('r-1')).toHaveLength(1));
  });

  it('comes again when the gateway goes before it was sent on', async () => {
    door.holdPlans();
    await door.say('request.create', { requestType: 'slow', requestId: 's' });
    await door.planning;
    await door.restartGateway();
    door.releasePlans();
    await eventually(async () => expect(await door.rig.entries('s')).toHaveLength(1));
    expect(await door.rig.broker.inspect(createsQueue)).toMatchObject({ ready: 0 });
  });
});

describe('who may not', () => {
  it('is told so, and what was asked is set aside', async () => {
    await door.restartGateway({
      authorise: (principal, { type }) => {
        if (principal !== 'ann' && type !== 'request.stop') throw new Error(`ask ann for ${type}`);
      },
    });
    expect((await door.ask('request.create', lone, { userId: 'bob' })).body).toEqual({
      ok: false,
      code: 'forbidden',
      message: 'ask ann for request.create',
    });
    expect((await door.ask('request.create', lone, { userId: 'ann' })).body).toEqual({ ok: true });
    const stop = { requestId: 'r-1' };
    expect((await door.ask('request.resume', stop, { userId: 'bob' })).body).toMatchObject({
      code: 'forbidden',
    });
    expect((await door.ask('request.stop', stop, { userId: 'bob' })).body).toMatchObject({
      ok: true,
    });
    await door.rejected(2);
  });
});

describe('the valve', () => {
  it('holds creates back, but no command, and no create with a parent', async () => {
    await door.ask('request.create', lone);
    await door.restartGateway({ room: { enter: () => new Promise(() => undefined) } });
    await door.say('request.create', { requestType: 'lone', requestId: 'r-2' });
    const child = { requestType: 'lone', requestId: 'r-3', parent: 'r-1/job/1' };
    expect((await door.ask('request.create', child)).body).toEqual({ ok: true });
    const other = { ...child, requestId: 'r-4' };
    expect((await door.ask('request.create.child', other)).body).toEqual({ ok: true });
    expect((await door.ask('request.stop', { requestId: 'r-1' })).body).toMatchObject({ ok: true });
    expect(await door.rig.entries('r-2')).toEqual([]);
    await door.restartGateway();
    await eventually(async () => expect(await door.rig.entries('r-2')).toHaveLength(1));
    expect(await door.rig.broker.inspect(commandsQueue)).toMatchObject({ ready: 0 });
  });
});
