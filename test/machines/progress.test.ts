/** Persistent chunks share what they do not change; queues are first in, first out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkSize } from '../../machines/chunks.ts';
import {
  edit,
  find,
  finishedJobs,
  isComplete,
  isDone,
  jobsIn,
  noProgress,
  Queueing,
  toChunks,
} from '../../machines/progress.ts';
import type { Queue } from '../../machines/progress.ts';
import { job } from './kit.ts';

const upTo = (size: number): number[] => Array.from({ length: size }, (_, number) => number);

describe('edit', () => {
  test('copies the touched chunks and leaves the others and the original alone', () => {
    const before = toChunks(upTo(chunkSize * 3));
    const after = edit(before, (draft) => {
      draft.set(chunkSize, -1);
      draft.set(chunkSize + 1, -2);
    });
    expect(find(before, chunkSize)).toBe(chunkSize);
    expect(find(after, chunkSize)).toBe(-1);
    expect(after.chunks.map((chunk, at) => chunk === before.chunks[at])).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('without a change it is the same object', () => {
    const before = toChunks([1]);
    expect(edit(before, (draft) => draft.at(0))).toBe(before);
  });

  test('does what a copy of an array would do', () => {
    const changes = fc.array(fc.tuple(fc.boolean(), fc.nat(2000)));
    fc.assert(
      fc.property(fc.nat(600), changes, (size, list) => {
        const array = upTo(size + 1);
        const edited = edit(toChunks(array), (draft) => {
          for (const [isPush, number] of list) {
            if (isPush) draft.push(number);
            else draft.set(number % draft.size, -number);
            if (isPush) array.push(number);
            else array[number % array.length] = -number;
          }
          expect(upTo(draft.size).map((index) => draft.at(index))).toEqual(array);
        });
        expect(edited).toEqual(toChunks(array));
      }),
    );
  });

  test('an index outside is found to be nothing', () => {
    expect(find(toChunks([1]), 1)).toBeUndefined();
    expect(find(toChunks([1]), -1)).toBeUndefined();
  });
});

test('a queue over many turns gives out each job once in order and keeps no taken chunk', () => {
  const steps = fc.array(fc.tuple(fc.nat(700), fc.nat(700)), { maxLength: 8 });
  fc.assert(
    fc.property(steps, (turns) => {
      let queue: Queue | undefined;
      let pushed = 0;
      let taken = 0;
      for (const [pushes, takes] of turns) {
        const open = new Queueing(queue);
        for (let n = 0; n < pushes; n += 1) open.push(pushed++);
        for (let n = 0; n < takes; n += 1) {
          const next = open.take();
          expect(next).toBe(taken < pushed ? taken : undefined);
          if (next !== undefined) taken += 1;
        }
        queue = open.done();
        expect(queue?.from ?? 0).toBeLessThan(chunkSize);
        expect((queue?.jobs.size ?? 0) - (queue?.from ?? 0)).toBe(pushed - taken);
      }
    }),
  );
});

test('a chain without jobs is complete and done', () => {
  const none = noProgress(toChunks([]), toChunks([]));
  expect([isDone(none), isComplete(none), finishedJobs(none)]).toEqual([true, true, 0]);
});

test('jobs are listed by state', () => {
  expect(
    jobsIn(noProgress(toChunks([job(), job({ parents: [0] })]), toChunks([])), 'pending'),
  ).toEqual([0, 1]);
});
