/** `key=value` arguments: texts first, JSON where the chain wants something else. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { parsePairs } from '../../src/cli/args.ts';
import { defineChain } from '../../src/definitions.ts';
import { chainOf, toArgs } from '../../src/gateway/asked.ts';

const chain = defineChain({
  type: 'build',
  args: z.object({
    tag: z.string(),
    n: z.number().optional(),
    hosts: z.array(z.string()).optional(),
  }),
  plan: () => undefined,
});

const argsOf = (...pairs: string[]): Promise<unknown> => toArgs(chain, parsePairs(pairs));

test('a text stays a text where the chain takes one', async () => {
  expect(await argsOf('tag=1.20')).toEqual({ tag: '1.20' });
  expect(await argsOf('tag=')).toEqual({ tag: '' });
  expect(await argsOf('tag=a=b')).toEqual({ tag: 'a=b' });
});

test('what must not be a text is read as JSON, key by key', async () => {
  const args = await argsOf('tag=7', 'n=7', 'hosts=["a"]');
  expect(args).toEqual({ tag: '7', n: 7, hosts: ['a'] });
});

test('every misfit is named', async () => {
  await expect(argsOf('n=seven')).rejects.toThrow(
    /^args of "build" do not fit: tag is missing \(tag=…\); n: .*number/,
  );
});

test('a key that the chain does not take is refused, with the one that was meant', async () => {
  await expect(argsOf('tag=1', 'hots=["a"]')).rejects.toThrow(
    '"build" takes no "hots" (did you mean "hosts"?); it takes tag, n, hosts',
  );
});

test('pairs are pairs, and come once', () => {
  expect(() => parsePairs(['tag'])).toThrow('"tag" is not of the form key=value');
  expect(() => parsePairs(['=1'])).toThrow('is not of the form key=value');
  expect(() => parsePairs(['a=1', 'a=2'])).toThrow('"a" is given twice');
});

test('an unknown type names those there are', () => {
  expect(() => chainOf([chain], 'biuld')).toThrow(
    'no chain has the type "biuld" (did you mean "build"?); there is build',
  );
  expect(() => chainOf([], 'build')).toThrow('no chain is defined');
});
