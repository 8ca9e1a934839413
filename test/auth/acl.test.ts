/** The rule of who may do what (specification, section 10), row by row. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { judge } from '../../src/auth/acl.ts';
import type { AclEntry, Rules } from '../../src/auth/acl.ts';
import { defineChain } from '../../src/definitions.ts';

const lax: Rules = { adminRoles: ['root'], strict: false };
const acl: AclEntry[] = [
  { role: 'dba', ops: ['start', 'stop'] },
  { role: 'night', ops: ['stop'] },
  { role: 'lead', admin: true },
];

type Asked = { roles?: string[]; op?: string; list?: AclEntry[] | undefined; rules?: Rules };

function verdict({ roles = [], op = 'start', rules = lax, ...asked }: Asked) {
  const list = 'list' in asked ? asked.list : acl;
  return judge({ caller: { name: 'ann', roles }, op, type: 'deploy', acl: list, rules });
}

describe('a global admin', () => {
  test('may do everything, whatever the list says and though the type is gone', () => {
    const strict = { ...lax, strict: true };
    for (const list of [undefined, [], acl])
      expect(verdict({ roles: ['x', 'root'], op: 'retry', list, rules: strict }).is).toBe(
        'allowed',
      );
  });
});

describe('anybody else', () => {
  test('may do nothing with a type that there is not', () => {
    expect(verdict({ roles: ['dba'], list: undefined })).toEqual({
      is: 'denied',
      why: 'there is no request type "deploy"',
    });
  });

  test('may do everything with a request without a list, unless auth is strict', () => {
    expect(verdict({ list: [] }).is).toBe('allowed');
    expect(verdict({ list: [], rules: { ...lax, strict: true } })).toEqual({
      is: 'denied',
      why: '"deploy" has no acl and auth is strict, so that it takes an admin role',
    });
  });

  test('may do what the list has for one of his roles', () => {
    expect(verdict({ roles: ['x', 'dba'], op: 'stop' }).is).toBe('ask');
    expect(verdict({ roles: ['night', 'dba'], op: 'start' }).is).toBe('ask');
    expect(verdict({ roles: ['lead'], op: 'resume' }).is).toBe('ask');
  });

  test('may not do the rest, and reads what it takes and what he has', () => {
    const denied = (asked: Asked) => expect(verdict(asked));
    denied({ roles: ['night', 'x'] }).toEqual({
      is: 'denied',
      why: 'to start "deploy" takes one of the roles dba, lead; "ann" has one of the roles night, x',
    });
    denied({ op: 'stop' }).toMatchObject({ why: expect.stringContaining('"ann" has no role') });
    denied({ roles: ['dba'], list: [{ role: 'dba' }] }).toMatchObject({
      why: 'to start "deploy" takes an admin role; "ann" has the role dba',
    });
  });

  test('has his roles compared to the letter', () => {
    expect(verdict({ roles: ['DBA'] }).is).toBe('denied');
    expect(verdict({ roles: ['dba '] }).is).toBe('denied');
    expect(verdict({ roles: ['Root'], list: undefined }).is).toBe('denied');
  });
});

describe('the list of a chain in code', () => {
  const chain = (list: AclEntry[]) => () =>
    defineChain({ type: 'deploy', args: z.object({}), acl: list, plan: () => undefined });

  test('is kept', () => {
    expect(chain(acl)().acl).toEqual(acl);
  });

  test('is refused where a spec would be', () => {
    expect(chain([{ role: '' }])).toThrow(
      'the acl of chain "deploy" has an entry without a role; name one',
    );
    expect(chain([{ role: 'a' }, { role: 'a', admin: true }])).toThrow(
      'the acl of chain "deploy" names the role "a" twice; join the entries',
    );
    expect(chain([{ role: 'a', admin: true, ops: ['stop'] }])).toThrow(
      'the acl of chain "deploy" gives "a" admin and ops; an admin needs no ops',
    );
  });
});
