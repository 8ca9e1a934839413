import { expect, test } from 'vitest';
import { newId } from '../src/newId.ts';

test('ids are in order, all different, and use every letter alike', () => {
  const ids = Array.from({ length: 5000 }, newId);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
});

test('the first ids of milliseconds have nothing in common', async () => {
  const tails = new Set<string>();
  for (let n = 0; n < 300; n += 1) {
    const before = Date.now();
    while (Date.now() === before) await new Promise((resolve) => setImmediate(resolve));
    tails.add(newId().slice(10, 20));
  }
  expect(tails.size).toBe(300);
  expect(new Set([...tails].join('')).size).toBe(32);
});
