/** Which request a person means: whole ids, unique beginnings and ends, `last`. */
import { expect, test } from 'vitest';
import { idOf, shortId } from '../../src/cli/reading.ts';

const ids = ['01kavx3v8c6ws0vzq3f3c2hrnd', '01kavx3v8c6ws0vzq3f3c2hrne', 'nightly-7', 'short'];

/** A store that holds these requests. */
const reader = {
  list: async () => [{ group: 'nightly-7' }] as never,
  matching: async (part: string, limit: number) =>
    ids.includes(part)
      ? [part]
      : ids.filter((id) => id.startsWith(part) || id.endsWith(part)).slice(0, limit),
};

test.each([
  ['01kavx3v8c6ws0vzq3f3c2hrnd', ids[0]],
  ['3c2hrne', ids[1]],
  ['…3c2hrne', ids[1]],
  ['nightl', 'nightly-7'],
  ['short', 'short'],
  ['last', 'nightly-7'],
])('%s names %s', async (text, id) => {
  expect(await idOf(reader, text)).toBe(id);
});

test('what could be more than one is refused, with the list', async () => {
  await expect(idOf(reader, '01kavx3v')).rejects.toThrow(
    `"01kavx3v" could be more than one request; give more of its id:\n  ${ids[0]}\n  ${ids[1]}`,
  );
});

test.each(['nope-at-all', 'hrnd', ''])(
  '%j is none, and the message says what to do',
  async (text) => {
    await expect(idOf(reader, text)).rejects.toThrow(
      /does not exist in this store.*; `millrace status` lists those that do/,
    );
  },
);

test('short ids are the end of those that begin with the time', () => {
  expect(ids.map(shortId)).toEqual([
    '3f3c2hrnd'.slice(1),
    '3f3c2hrne'.slice(1),
    'nightly-7',
    'short',
  ]);
});
