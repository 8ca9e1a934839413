/** Actors of one's own from a client: events sent, replies now and later, questions; beside the host and without it. */
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { toConfig } from '../../src/config.ts';
import { createMillrace, defineActor } from '../../src/index.ts';
import type { Millrace } from '../../src/index.ts';
import { openReader } from '../../src/openReader.ts';
import { desk } from '../kit/deskActor.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const started: Millrace[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((millrace) => millrace.stop()));
});

const main = 'd1/desk/main';
const open = { type: 'desk.open' };
const ask = { type: 'desk.ask', about: 'x' };

async function opened(data = tempFolder(), clock = new FakeClock()): Promise<Millrace> {
  const log = pino({ level: 'silent' });
  const millrace = createMillrace({ actors: [desk], data, partitions: 2 }, { log, clock });
  started.push(millrace);
  await millrace.start();
  return millrace;
}

describe('an event that is sent to an actor', () => {
  it('starts it, and is answered at once: with the actor’s reply, or that it was taken', async () => {
    const { client } = await opened();
    expect(await client.send(main, open)).toEqual({ ok: true });
    expect(await client.send(main, open)).toEqual({ ok: true, existed: true });
    expect(await client.send(main, { type: 'desk.hello' })).toEqual({ greeting: 'hello' });
  });

  it('may be answered in a later turn, each by its own answer', async () => {
    const { client } = await opened();
    await client.send(main, open);
    const [first, second] = [client.send(main, ask), client.send(main, ask)];
    await client.send(main, { type: 'desk.answer', text: 'one' });
    expect(await first).toEqual({ text: 'one' });
    await client.send(main, { type: 'desk.answer', text: 'two' });
    expect(await second).toEqual({ text: 'two' });
    // Nobody waits any more.
    expect(await client.send(main, { type: 'desk.answer', text: 'three' })).toEqual({ ok: true });
  });

  it('sent twice under one id has one effect and one answer, also a later one', async () => {
    const { client } = await opened();
    await client.send(main, open);
    const messageId = 'mine';
    const asked = client.send(main, ask, { messageId });
    await client.send(main, { type: 'desk.answer', text: 'one' });
    expect(await asked).toEqual({ text: 'one' });
    expect(await client.send(main, ask, { messageId })).toEqual({ text: 'one' });
    expect(await client.query('d1', 'ids')).toHaveLength(1);
  });

  it('is refused with what is wrong, and where', async () => {
    const { client } = await opened();
    await expect(client.send('d1', open)).rejects.toMatchObject({
      code: 'rejected',
      message: '"d1" is no address of an actor: group/kind/id',
    });
    await expect(client.send('d1/dusk/main', open)).rejects.toMatchObject({
      code: 'rejected',
      message: 'there is no actor of kind "dusk" here; hosted kinds are chain, job, desk',
    });
    await expect(client.send(main, ask)).rejects.toMatchObject({ code: 'not-found' });
    await client.send(main, open);
    await expect(client.send('d1/desk/other', ask)).rejects.toMatchObject({
      message: 'request "d1" has no actor "desk/other"; one is started by desk.open',
    });
    await expect(client.send(main, { type: 'desk.ask' })).rejects.toMatchObject({
      message: expect.stringContaining('"desk.ask" for d1 does not fit: about: '),
    });
  });

  it('is given up after the time-out; what comes later changes nothing', async () => {
    const clock = new FakeClock();
    const { client } = await opened(tempFolder(), clock);
    await client.send(main, open);
    const asked = client.send(main, ask, { timeoutMs: 500 });
    clock.advance(500);
    await expect(asked).rejects.toMatchObject({
      code: 'unavailable',
      message: '"desk.ask" for "d1" had no answer in 500 ms; it was sent and may still be taken',
    });
    await client.send(main, { type: 'desk.answer', text: 'late' });
  });

  it('is answered with an error when its actor ends without an answer', async () => {
    const { client } = await opened();
    await client.send(main, open);
    const asked = client.send(main, ask);
    asked.catch(() => undefined);
    await client.send(main, { type: 'desk.close' });
    await expect(asked).rejects.toMatchObject({
      code: 'state',
      message: 'actor "desk/main" has ended without an answer',
    });
  });

  it('that waits for its answer over a restart is answered to nobody, and the rest goes on', async () => {
    const data = tempFolder();
    const before = await opened(data);
    await before.client.send(main, open);
    const asked = before.client.send(main, ask);
    asked.catch(() => undefined);
    await before.client.send(main, { type: 'desk.hello' });
    await before.stop();
    await expect(asked).rejects.toMatchObject({ code: 'unavailable' });
    const { client } = await opened(data);
    expect(await client.query('d1', 'waiting')).toBe(1);
    await client.send(main, { type: 'desk.answer', text: 'one' });
    expect(await client.query('d1', 'waiting')).toBe(0);
  });

  it('has an id that is its own and the same on every replay', async () => {
    const data = tempFolder();
    const { client, stop } = await opened(data);
    await client.send(main, open);
    void client.send(main, ask).catch(() => undefined);
    void client.send(main, ask).catch(() => undefined);
    await client.send(main, { type: 'desk.hello' });
    expect(await client.query('d1', 'ids')).toEqual(['2-0', '3-0']);
    await stop();
    const reader = await openReader(toConfig({ actors: [desk], data }));
    expect(await reader.query('d1', 'ids')).toEqual(['2-0', '3-0']);
    expect((await reader.verify('d1')).difference).toBeUndefined();
    await reader.close();
  });
});

describe('a query', () => {
  it('is answered by the group’s first actor, or by the one that is named, with args', async () => {
    const { client } = await opened();
    await client.send(main, open);
    expect(await client.query('d1', 'waiting')).toBe(0);
    void client.send(main, ask).catch(() => undefined);
    await client.send(main, { type: 'desk.hello' });
    expect(await client.query(main, 'times', 3)).toBe(3);
  });

  it('that nobody can answer says so, and what was probably meant', async () => {
    const { client } = await opened();
    await expect(client.query('d1', 'waiting')).rejects.toMatchObject({ code: 'not-found' });
    await client.send(main, open);
    await expect(client.query('d1/desk/mian', 'waiting')).rejects.toThrow(
      'there is no actor "desk/mian" of "d1" (did you mean "desk/main"?)',
    );
    await expect(client.query('d1', 'wating')).rejects.toThrow(
      'actor "desk/main" of "d1" knows no query "wating" (did you mean "waiting"?); it knows waiting, ids, times, broken',
    );
    await expect(client.query('d1', 'broken')).rejects.toMatchObject({
      code: 'state',
      message: 'the query "broken" of actor "desk/main" of "d1" threw: never works',
    });
  });

  it('is answered beside a host by who only reads its store', async () => {
    const data = tempFolder();
    const { client } = await opened(data);
    await client.send(main, open);
    const reader = await openReader(toConfig({ actors: [desk], data }));
    expect(await reader.query('d1', 'waiting')).toBe(0);
    await reader.close();
  });
});

describe('an actor that', () => {
  it('accepts a field which the host gives, or replies later to what it does not accept, is refused', () => {
    const bad = (accepts: Record<string, z.ZodType>, repliesLater: string[] = []): unknown =>
      defineActor({ ...desk, accepts, repliesLater });
    expect(() => bad({ 'desk.ask': z.object({ id: z.string() }) })).toThrow(
      'the schema of "desk.ask" has a field "id", which the host gives to every event; rename it',
    );
    expect(() => bad({}, ['desk.ask'])).toThrow(
      'actor "desk" replies later to "desk.ask", which it does not accept',
    );
  });
});
