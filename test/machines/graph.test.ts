/** The DAG: cycles, children, what a retry resets, and what a job is given. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toChunks } from '../../machines/chunks.ts';
import {
  canRetrySequence,
  childrenOf,
  dataOf,
  findCycle,
  resultsOf,
  rollbackSet,
} from '../../machines/graph.ts';
import type { Row, RowState } from '../../machines/progress.ts';
import { job } from './kit.ts';

const row = (state: RowState, more: Partial<Row> = {}): Row => ({
  state,
  attempts: 0,
  tries: 0,
  open: 0,
  ready: false,
  ...more,
});
const rowsOf = (rows: Row[]) => (number: number) => rows[number] ?? row('pending');

describe('findCycle', () => {
  test('a DAG has none', () => {
    expect(findCycle([[], [0], [0], [1, 2]])).toBeUndefined();
    expect(findCycle([])).toBeUndefined();
  });

  test('the cycle is named in order, each a parent of the next', () => {
    expect(findCycle([[], [0, 3], [1], [2]])).toEqual([2, 3, 1]);
    expect(findCycle([[0]])).toEqual([0]);
  });

  test('edges from lower to higher numbers have none, and what it finds is a cycle', () => {
    const graph = fc.array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(graph, (parents) => {
        expect(findCycle(parents.map((list, of) => list.filter((p) => p < of)))).toBeUndefined();
        const cycle = findCycle(parents) ?? [];
        cycle.forEach((each, at) => {
          expect(parents[cycle[(at + 1) % cycle.length] ?? -1]).toContain(each);
        });
      }),
    );
  });

  test('a long path does not overflow the stack', () => {
    const parents = Array.from({ length: 100_000 }, (_, of) => (of === 0 ? [99_999] : [of - 1]));
    expect(findCycle(parents)).toHaveLength(100_000);
  });
});

test('children are the parents turned round, in order', () => {
  const jobs = toChunks([job(), job({ parents: [0] }), job({ parents: [1, 0] })]);
  const children = childrenOf(jobs);
  expect([0, 1, 2].map((each) => [...children(each)])).toEqual([[1, 2], [2], []]);
  expect(childrenOf(jobs)).toBe(children);
});

test('a rollback resets the first, its children, what complete jobs lead to, and the failed', () => {
  const parents = [[], [0], [0], [1], [2], [3], []];
  const children = childrenOf(toChunks(parents.map((list) => job({ parents: list }))));
  const states: RowState[] = [
    'complete',
    'complete',
    'pending',
    'failed',
    'pending',
    'pending',
    'failed',
  ];
  const rows = rowsOf(states.map((state) => row(state)));
  expect(rollbackSet(children, rows, 0, 6)).toEqual([0, 1, 2, 3, 6]);
});

test('a sequence with n retries may be tried n + 1 times', () => {
  const sequence = { name: 's', first: 0, retries: 1, waitMs: 0 };
  const can = [1, 2].map((tries) => canRetrySequence(sequence, { tries, running: 0 }));
  expect(can).toEqual([true, false]);
});

describe('what a job is given', () => {
  const jobs = toChunks([
    job({ type: 'a' }),
    job({ type: 'noop' }),
    job({ type: 'a' }),
    job({ parents: [2, 1, 0] }),
  ]);

  test('maps are merged in the order of the answers, each reference once', () => {
    const rows = [
      row('complete', { data: 5, done: 9 }),
      row('complete', { merged: [5, 6], done: 3 }),
      row('complete', { data: 7, done: 2 }),
      row('pending', { data: 4, done: 4 }),
    ];
    expect(dataOf(jobs, rowsOf(rows), 3)).toEqual([7, 6, 4, 5]);
  });

  test('results are those of the direct parents by type, null for none, without no-ops', () => {
    const rows = [row('complete'), row('complete'), row('complete', { result: 7 }), row('pending')];
    expect(resultsOf(jobs, rowsOf(rows), 3)).toEqual({ a: [null, 7] });
  });
});
