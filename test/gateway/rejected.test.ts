/** What could not be accepted: looked at, corrected, sent again and taken off, beside the broker and by command. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRejectedQueue } from '../../src/gateway/rejectedQueue.ts';
import type { RejectedQueue } from '../../src/gateway/rejectedQueue.ts';
import { rejection, toRejected } from '../../src/protocol/rejected.ts';
import { rejectedQueue } from '../../src/protocol/topology.ts';
import { start } from '../cli/kit.ts';
import type { Program } from '../cli/kit.ts';
import { createGate, createHosts, send } from '../control/kit.ts';
import { eventually } from '../kit/eventually.ts';
import { the } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';
import { openDoor } from './kit.ts';
import type { Door } from './kit.ts';

const at = Date.UTC(2026, 10, 26, 12);

describe('a message that is set aside', () => {
  const sent = {
    exchange: 'millrace.commands',
    routingKey: 'request.create',
    properties: {
      messageId: 'm',
      type: 't',
      timestamp: 5,
      replyTo: 'q',
      correlationId: 'c',
      userId: 'ann',
      headers: { group: 'g', reason: 'its own', 'x-trace': '1' },
    },
    body: '{',
  };
  const refusal = { code: 'rejected', reason: 'no JSON', at } as const;

  it('says why, and is sent again as it was', () => {
    const aside = rejection(sent, refusal);
    expect(aside).toMatchObject({ exchange: '', routingKey: rejectedQueue, body: '{' });
    expect(aside.properties).not.toHaveProperty('userId');
    const { message, sent: again } = toRejected({ ...aside, redelivered: false, tag: 1 });
    expect(message).toMatchObject({
      code: 'rejected',
      reason: 'no JSON',
      rejectedAt: '2026-11-26T12:00:00.000Z',
      principal: 'ann',
      group: 'g',
      bytes: 1,
    });
    const { userId: _, headers: __, ...properties } = sent.properties;
    expect(again).toEqual({
      ...sent,
      properties: { ...properties, headers: { group: 'g', 'x-trace': '1' } },
    });
  });

  it('gets an id and a time where it has none that can be written, and no more headers than fit', () => {
    const headers = { small: '1', large: 'x'.repeat(40_000), later: '2' };
    const properties = { messageId: '', type: '', timestamp: 1.8e22, headers };
    const aside = rejection({ ...sent, properties }, refusal).properties;
    expect(aside.messageId).toMatch(/^[0-9a-f]{26}$/);
    expect(aside.timestamp).toBe(at);
    expect(aside.headers).toMatchObject({ small: '1', later: '2', reason: 'no JSON' });
    expect(aside.headers).not.toHaveProperty('large');
  });
});

describe('the queue', () => {
  let door: Door;
  let rejected: RejectedQueue;

  beforeEach(async () => {
    door = await openDoor({ isLooking: false });
    rejected = createRejectedQueue(door.rig.broker, door.rig.clock);
  });

  afterEach(() => door.stop());

  async function fill(...bodies: object[]): Promise<string[]> {
    for (const body of bodies) {
      await door.say('request.create', body);
      door.rig.clock.advance(10);
    }
    await eventually(async () => expect(await waiting()).toBe(bodies.length));
    return (await rejected.list(100)).messages.map(({ id }) => id);
  }

  async function waiting(): Promise<number | undefined> {
    return (await door.rig.broker.inspect(rejectedQueue))?.ready;
  }

  it('is looked at without anything being taken', async () => {
    const [first = ''] = await fill({ requestType: 1 }, { requestType: 2 }, { requestType: 3 });
    expect(await rejected.list(2)).toMatchObject({
      waiting: 3,
      messages: [{ id: first, routingKey: 'request.create', code: 'rejected' }, {}],
    });
    expect(await rejected.show(first)).toMatchObject({ body: '{"requestType":1}' });
    expect(await waiting()).toBe(3);
  });

  it('gives a corrected message back to where it came from', async () => {
    const [, id = ''] = await fill({ requestType: 1 }, { requestType: 'loan', requestId: 'r' });
    await rejected.requeue(id, '{"requestType":"lone","requestId":"r"}');
    await eventually(async () => expect(await door.rig.entries('r')).toHaveLength(1));
    expect(await waiting()).toBe(1);
    await expect(rejected.show(id)).rejects.toThrow(`no rejected message has the id "${id}"`);
  });

  it('keeps a message that no queue takes any more', async () => {
    await door.rig.broker.publish(
      rejection(
        {
          exchange: '',
          routingKey: 'gone',
          properties: { messageId: 'm', type: '', timestamp: 0 },
          body: '',
        },
        { code: 'rejected', reason: 'why', at },
      ),
    );
    const [message] = (await rejected.list(1)).messages;
    await expect(rejected.requeue(the(message).id)).rejects.toThrow('no queue takes');
    expect(await waiting()).toBe(1);
    await rejected.drop(the(message).id);
    expect(await waiting()).toBe(0);
  });

  it('serves two who ask at once, and says when nothing is there', async () => {
    const [a = '', b = ''] = await fill({ requestType: 1 }, { requestType: 2 });
    await Promise.all([rejected.drop(a), rejected.show(b), rejected.drop(b)]);
    expect(await rejected.list(1)).toEqual({ waiting: 0, messages: [] });
    await expect(rejected.drop(b)).rejects.toThrow('nothing is there');
  });
});

describe('millrace rejected', () => {
  const host = createHosts();

  it('lists, shows, corrects and drops what the process that hosts the folder has refused', async () => {
    const data = join(tempFolder(), 'data');
    const millrace = (...args: string[]) => start(['--data', data, 'rejected', ...args]);
    await host(data, createGate().options);
    expect((await millrace('list')).stderr).toBe('nothing is rejected');
    await send(data, { path: '/requests/nobody/stop' });
    const listed = await millrace('list');
    expect(listed.stdout).toMatch(
      /id +since +type +for +reason\n[0-9a-f]{12} .*request\.stop +nobody/,
    );
    const id = listed.stdout.split('\n')[1]?.slice(0, 12) ?? '';
    const shown = await millrace('show', id);
    expect(shown.stdout).toContain('request "nobody" does not exist in this store (not-found)');
    expect((await millrace('show', id, '--body')).stdout).toBe('{}');
    const file = join(tempFolder(), 'body.json');
    writeFileSync(file, '{"why":"again"}');
    expect((await millrace('requeue', id, '--body', file)).stdout).toBe(
      'sent again: request.stop to millrace.partitions',
    );
    const [again = ''] = await idsOf(millrace);
    expect((await millrace('show', again, '--body')).stdout).toBe('{"why":"again"}');
    expect((await millrace('drop', again)).stdout).toBe('dropped: request.stop of 15 bytes');
    const gone = await millrace('show', again);
    expect(gone.stderr).toContain('no rejected message has the id');
    expect(gone.exitCode).toBe(2);
  });

  type Listed = { messages: { id: string }[] };

  /** Waits until one is there. */
  async function idsOf(millrace: (...args: string[]) => Program): Promise<string[]> {
    let ids: string[] = [];
    await eventually(async () => {
      const { stdout } = await millrace('list', '--json');
      ids = (JSON.parse(stdout) as Listed).messages.map(({ id }) => id);
      expect(ids).toHaveLength(1);
    }, 20_000);
    return ids;
  }

  it('says that nobody hosts the folder', async () => {
    const { stderr, exitCode } = await start(['--data', tempFolder(), 'rejected', 'list']);
    expect(stderr).toContain('no process hosts');
    expect(exitCode).toBe(5);
  });
});
