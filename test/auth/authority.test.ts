/** Who is let in, who may, and what of it is said to whom. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createAuthority } from '../../src/auth/authority.ts';
import type { AuthOptions } from '../../src/auth/options.ts';
import { toConfig } from '../../src/config.ts';
import { defineChain } from '../../src/definitions.ts';
import { MillraceError, TransientError } from '../../src/protocol/errors.ts';
import { sha256 } from '../../src/protocol/hash.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { keptLog } from './keptLog.ts';

const ann = 'ann-ann-ann-ann-ann';
const bob = 'bob-bob-bob-bob-bob';
const chain = (type: string, roles: string[]) =>
  defineChain({
    type,
    args: z.object({}),
    acl: roles.map((role) => ({ role, ops: ['start'] })),
    plan: () => undefined,
  });

function open(auth: AuthOptions | undefined) {
  const { log, lines } = keptLog();
  const clock = new FakeClock(Date.parse('2026-11-26T12:00:00Z'));
  const config = toConfig(auth === undefined ? {} : { auth });
  const chains = [chain('listed', ['dba']), chain('free', [])];
  return { lines, clock, authority: createAuthority(config.auth, { chains, clock, log }) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const known: AuthOptions = {
  tokens: [
    { name: 'ann', roles: ['dba'], token: ann },
    { name: 'bob', tokenSha256: sha256(bob).toUpperCase(), expires: '2026-11-26T13:00:00+00:00' },
  ],
};

describe('a token', () => {
  test('says who it is, written out or as a hash, whatever the case of its scheme', async () => {
    const { authority } = open(known);
    expect(await authority.authenticate(bearer(ann))).toEqual({ name: 'ann', roles: ['dba'] });
    const headers = { authorization: `bearer  ${bob}` };
    expect(await authority.authenticate(headers)).toEqual({ name: 'bob', roles: [] });
  });

  test('that is missing, of another scheme, wrong or expired is answered alike and logged apart', async () => {
    const { authority, clock, lines } = open(known);
    clock.advance(3_600_000);
    const cases = [
      [{}, 'no token was sent'],
      [{ authorization: 'Basic YW5uOmFubg==' }, 'the header Authorization bears no bearer token'],
      [bearer('x'.repeat(20)), 'the token is unknown'],
      [bearer(`${ann} `.repeat(2)), 'the header Authorization bears no bearer token'],
      [bearer(ann.slice(1)), 'the token is unknown'],
      [bearer(bob), 'the token of "bob" expired at 2026-11-26T13:00:00+00:00'],
    ] as const;
    for (const [headers, why] of cases) {
      await expect(authority.authenticate(headers)).rejects.toMatchObject({
        code: 'unauthenticated',
        message: 'not authenticated; send the header Authorization: Bearer TOKEN',
      });
      expect(lines.at(-1)).toMatchObject({ msg: 'not authenticated', why });
    }
  });

  test('is in no log, no error and no configuration', async () => {
    const { authority, lines } = open(known);
    const wrong = 'wrong-wrong-wrong-wrong';
    await expect(authority.authenticate(bearer(wrong))).rejects.not.toThrow(wrong);
    await authority.authenticate(bearer(ann));
    const said = JSON.stringify([lines, toConfig({ auth: known })]);
    for (const secret of [wrong, ann, bob]) expect(said).not.toContain(secret);
    const misfits: AuthOptions[] = [
      { tokens: [{ name: 'a', token: 'short' }] },
      { tokens: [{ name: 'a', tokenSha256: ann }] },
      { tokens: [{ name: 'a', token: ann, tokenSha256: sha256(ann) }] },
      { tokens: [{ name: 'a', token: ann, expires: 'tomorrow' }] },
      { tokens: [...(known.tokens ?? []), { name: 'c', token: ann }] },
    ];
    for (const auth of misfits) {
      const thrown = thrownBy(() => toConfig({ auth }));
      expect(thrown.message).toMatch(/^createMillrace: auth/);
      for (const secret of ['short', ann]) expect(thrown.message).not.toContain(secret);
    }
  });

  test('is read again from a configuration that was read', () => {
    const once = toConfig({ auth: known });
    expect(toConfig({ ...once }).auth).toEqual(once.auth);
  });
});

describe("a deployment's own authenticate", () => {
  const own = (authenticate: AuthOptions['authenticate']) =>
    open({ ...(authenticate && { authenticate }) });

  test('is given the headers, and its caller is taken', async () => {
    const { authority } = own(({ 'x-user': name }) => ({ name: String(name), roles: ['r'] }));
    expect(await authority.authenticate({ 'x-user': 'cid' })).toEqual({
      name: 'cid',
      roles: ['r'],
    });
  });

  test('keeps out whom it does not know, and what it throws is for the log', async () => {
    const cases = [
      [() => undefined, 'authenticate knows nobody'],
      [() => Promise.reject(new Error('no LDAP entry')), 'authenticate threw: no LDAP entry'],
      [() => ({ name: 'x' }) as never, 'authenticate must answer with { name, roles }'],
    ] as const;
    for (const [authenticate, why] of cases) {
      const { authority, lines } = own(authenticate);
      await expect(authority.authenticate({})).rejects.toMatchObject({ code: 'unauthenticated' });
      expect(lines).toMatchObject([{ why: expect.stringContaining(why) as string }]);
    }
  });

  test('that cannot answer now keeps nobody out for good', async () => {
    const { authority } = own(() => {
      throw new MillraceError('unavailable', 'LDAP does not answer');
    });
    await expect(authority.authenticate({})).rejects.toThrow('LDAP does not answer');
  });

  test('is not mixed with tokens', () => {
    expect(() => toConfig({ auth: { ...known, authenticate: () => undefined } })).toThrow(
      'auth: has tokens and authenticate; keep one of them',
    );
  });
});

describe('who is known', () => {
  const dba = { name: 'ann', roles: ['dba'] };
  const other = { name: 'eve', roles: ['x'] };

  test('may what the list allows, and is told otherwise what it takes', async () => {
    const { authority, lines } = open(known);
    await authority.authorise(dba, 'start', { type: 'listed' });
    await authority.authorise(other, 'start', { type: 'free' });
    await expect(authority.authorise(other, 'start', { type: 'listed' })).rejects.toMatchObject({
      code: 'forbidden',
      message: 'to start "listed" takes the role dba; "eve" has the role x',
    });
    expect(lines).toMatchObject([{ msg: 'forbidden', caller: 'eve', op: 'start' }]);
  });

  test('reads what there is when he starts what there is not', async () => {
    const { authority } = open(known);
    await expect(authority.authorise(dba, 'start', { type: 'listd' })).rejects.toMatchObject({
      code: 'plan',
      message: expect.stringContaining('did you mean "listed"?') as string,
    });
    await expect(authority.authorise(dba, 'stop', { type: 'listd' })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  test("is asked of the deployment's own authorise last, and only where a list allows it", async () => {
    const asked: unknown[] = [];
    const { authority } = open({
      ...known,
      adminRoles: ['root'],
      authorise: (caller, op, request) => {
        asked.push([caller.name, op, request]);
        if (request.requestId === 'r1') throw new Error('not on a Friday');
        return request.requestId !== 'r2';
      },
    });
    const start = (requestId: string, caller = dba, type = 'listed') =>
      authority.authorise(caller, 'start', { type, requestId, args: { a: 1 } });
    await start('r0');
    expect(asked).toEqual([['ann', 'start', { type: 'listed', requestId: 'r0', args: { a: 1 } }]]);
    await expect(start('r1')).rejects.toMatchObject({
      code: 'forbidden',
      message: 'not on a Friday',
    });
    await expect(start('r2')).rejects.toMatchObject({
      code: 'forbidden',
      message: '"ann" may not start this "listed"',
    });
    asked.length = 0;
    await expect(start('r1', other)).rejects.toMatchObject({ code: 'forbidden' });
    await start('r1', other, 'free');
    await start('r1', { name: 'root', roles: ['root'] });
    expect(asked).toEqual([]);
  });

  test('is not forbidden for good what cannot be judged now', async () => {
    const { authority } = open({
      ...known,
      authorise: () => Promise.reject(new TransientError('LDAP does not answer')),
    });
    const start = authority.authorise(dba, 'start', { type: 'listed' });
    await expect(start).rejects.toMatchObject({ code: 'unavailable' });
  });

  test("may speak to actors of a user's own, unless auth is strict", () => {
    const lax = open(known).authority;
    expect(() => lax.authoriseActor(other, 'lock.request', 'prod/environment/main')).not.toThrow();
    const { authority } = open({ ...known, strict: true, adminRoles: ['root'] });
    const ask = (roles: string[]) => () =>
      authority.authoriseActor({ name: 'eve', roles }, 'lock.request', 'prod/environment/main');
    expect(ask(['x'])).toThrow('auth is strict');
    expect(ask(['root'])).not.toThrow();
  });
});

describe('without auth', () => {
  test('everybody on this machine may do everything, nameless', async () => {
    const { authority } = open(undefined);
    for (const host of ['127.0.0.1:32308', 'localhost', '[::1]:80', 'LOCALHOST:1'])
      expect(await authority.authenticate({ host })).toEqual({ name: '', roles: [] });
    const caller = { name: '', roles: [] };
    await authority.authorise(caller, 'start', { type: 'listed' });
    authority.authoriseActor(caller, 'lock.request', 'prod/environment/main');
  });

  test('a page that reaches loopback by a name of its own is kept out', async () => {
    const { authority, lines } = open(undefined);
    for (const host of ['evil.example:32308', '127.0.0.1.evil.example', '', undefined])
      await expect(authority.authenticate({ host })).rejects.toMatchObject({
        code: 'unauthenticated',
        message: 'not authenticated; ask by 127.0.0.1 or localhost, or configure auth',
      });
    expect(lines).toHaveLength(4);
  });
});

function thrownBy(run: () => unknown): Error {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
  }
  throw new Error('nothing was thrown');
}
