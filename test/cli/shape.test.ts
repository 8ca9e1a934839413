/** How deep jobs lie in their chain. */
import { expect, test } from 'vitest';
import { countStates, levelsOf } from '../../src/cli/shape.ts';

test('a job lies one deeper than the deepest of those before it, whatever the order of the plan', () => {
  const jobs = [
    { name: 'end', after: ['left', 'right'] },
    { name: 'left', after: ['root'] },
    { name: 'deep', after: ['left'] },
    { name: 'right', after: ['deep', 'root'] },
    { name: 'root', after: [] },
    { name: 'alone', after: [] },
  ];
  expect(levelsOf(jobs)).toEqual([4, 1, 2, 3, 0, 0]);
});

test('states are told in one order, without those that none is in', () => {
  const jobs = ['PENDING', 'FAIL', 'COMPLETE', 'PENDING'].map((state) => ({ state }));
  expect([...countStates(jobs)]).toEqual([
    ['COMPLETE', 1],
    ['FAIL', 1],
    ['PENDING', 2],
  ]);
});
