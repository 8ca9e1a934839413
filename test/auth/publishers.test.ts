/** Publishers to `millrace.commands`: known by their login to the broker, judged by the same lists. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AclEntry } from '../../src/auth/acl.ts';
import { createAuthority } from '../../src/auth/authority.ts';
import type { AuthOptions } from '../../src/auth/options.ts';
import { authorisePublishers } from '../../src/auth/publishers.ts';
import { toConfig } from '../../src/config.ts';
import { defineChain } from '../../src/definitions.ts';
import { groupType } from '../../src/gateway/groupType.ts';
import { loginOf } from '../../src/protocol/login.ts';
import { openDoor } from '../gateway/kit.ts';
import type { Door } from '../gateway/kit.ts';
import { keptLog } from './keptLog.ts';

const acl: AclEntry[] = [
  { role: 'dba', ops: ['start', 'suspend', 'unpark'] },
  { role: 'night', ops: ['stop'] },
];
const chains = [
  defineChain({ type: 'lone', args: z.object({}), acl, plan: () => undefined }),
  defineChain({ type: 'picky', args: z.object({}), plan: () => undefined }),
];
const auth: AuthOptions = {
  users: { ann: ['dba'], nick: ['night'], root: ['root'], limited: [] },
  adminRoles: ['root'],
};

let door: Door;
beforeEach(async () => {
  door = await openDoor();
});
afterEach(() => door.stop());

/** A gateway that judges; `own` is its own login. */
async function judging(more: AuthOptions = {}, own = 'millrace'): Promise<void> {
  const config = toConfig({ auth: { ...auth, ...more } }).auth;
  const { store, clock } = door.rig.runtime;
  const authority = createAuthority(config, { chains, clock, log: keptLog().log });
  const users = config?.users ?? {};
  const typeOf = (id: string) => groupType(store, id);
  await door.restartGateway({
    authorise: authorisePublishers({ authority, users, own, typeOf }),
  });
}

async function ask(type: string, body: object, userId?: string): Promise<unknown> {
  const { body: answer } = await door.ask(type, body, userId === undefined ? {} : { userId });
  const { ok, code } = answer as { ok?: boolean; code?: string };
  return ok === true ? 'ok' : code;
}

const create = (requestId: string, requestType = 'lone') => ({ requestType, requestId });

describe('a publisher', () => {
  it('starts what the list has for his roles, and nothing is stored of the rest', async () => {
    await judging();
    expect(await ask('request.create', create('r-1'), 'nick')).toBe('forbidden');
    expect(await ask('request.create', create('r-1'), 'nobody')).toBe('forbidden');
    expect(await ask('request.create', create('r-1'))).toBe('forbidden');
    expect(await ask('request.create', create('r-1', 'none'), 'ann')).toBe('plan');
    const child = { ...create('r-1'), parent: 'r-0/job/1' };
    expect(await ask('request.create.child', child, 'nick')).toBe('forbidden');
    expect(await door.rig.entries('r-1')).toEqual([]);
    expect(await ask('request.create', create('r-1'), 'ann')).toBe('ok');
    expect(await ask('request.create', create('r-2'), 'root')).toBe('ok');
    expect(await ask('request.create', create('r-3', 'picky'))).toBe('ok');
    await door.rejected(5);
  });

  it('may do with a request what the list of its type allows, before its head is written and after', async () => {
    await judging();
    await ask('request.create', create('r-1'), 'ann');
    const of = { requestId: 'r-1' };
    expect(await ask('request.stop', of, 'ann')).toBe('forbidden');
    expect(await ask('request.suspend', of, 'ann')).toBe('ok');
    await door.headsWritten('r-1');
    expect(await ask('request.resume', of, 'ann')).toBe('forbidden');
    expect(await ask('request.resume', of, 'nick')).toBe('forbidden');
    // Allowed; it is still being suspended.
    expect(await ask('request.resume', of, 'root')).toBe('state');
    expect(await ask('group.unpark', of, 'nick')).toBe('forbidden');
    expect(await ask('group.unpark', of, 'ann')).not.toBe('forbidden');
    await ask('request.create', create('r-2'), 'ann');
    expect(await ask('request.stop', { requestId: 'r-2' }, 'nick')).toBe('ok');
  });

  it('retries by the list of what he retries', async () => {
    await judging();
    await ask('request.create', create('r-1'), 'ann');
    const retry = { requestId: 'r-1', newRequestId: 'r-2' };
    expect(await ask('request.retry', retry, 'ann')).toBe('forbidden');
    expect(await ask('request.retry', { ...retry, requestId: 'r-9' }, 'ann')).toBe('not-found');
    // Allowed; it has not ended.
    expect(await ask('request.retry', retry, 'root')).toBe('state');
    await door.rejected(3);
  });

  it('learns nothing by asking for what there is not, and finds no way past the list', async () => {
    await judging();
    expect(await ask('request.stop', { requestId: 'r-9' }, 'ann')).toBe('not-found');
    await ask('request.create', create('r-1'), 'ann');
    // To an actor that is none of the chain's, which the group would unpark for all the same.
    expect(await ask('group.unpark', { address: 'r-1/task/main' }, 'nick')).toBe('forbidden');
    expect(await ask('group.unpark', { address: 'r-1/task/main' })).toBe('forbidden');
  });

  it("speaks to actors of a user's own, unless auth is strict", async () => {
    await judging();
    const hello = { address: 'desk/task/main' };
    expect(await ask('task.create', hello)).toBe('ok');
    await judging({ strict: true });
    expect(await ask('task.create', { address: 'desk-2/task/main' }, 'ann')).toBe('forbidden');
    expect(await ask('task.create', { address: 'desk-2/task/main' }, 'root')).toBe('ok');
    expect(await ask('request.create', create('r-1', 'picky'), 'ann')).toBe('forbidden');
  });
});

describe("the gateway's own login", () => {
  it('may do everything, as it could pass the gateway by', async () => {
    await judging({ strict: true });
    expect(await ask('request.create', create('r-1'), 'millrace')).toBe('ok');
    expect(await ask('request.stop', { requestId: 'r-1' }, 'millrace')).toBe('ok');
  });

  it('may do what its roles allow where the configuration names it', async () => {
    await judging({}, 'limited');
    expect(await ask('request.create', create('r-1'), 'limited')).toBe('forbidden');
  });

  it('is read from its URL', () => {
    expect(loginOf('amqp://an%40n:secret@host/x')).toBe('an@n');
    expect(loginOf('amqp://host')).toBe('guest');
    expect(loginOf('amqp://:token@host')).toBeUndefined();
    expect(loginOf('no url')).toBeUndefined();
  });
});
