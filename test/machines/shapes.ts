/** Random plans: nested sequences, branches side by side, no-ops, retries with and without a wait. */
import fc from 'fast-check';
import type { Plan, PlanJob, PlanSequence } from '../../machines/graph.ts';

type Shape = {
  type: string;
  retries: number;
  waitMs: number;
  children?: { shape: Shape; after: number }[];
  isReal: boolean;
};

const leaf = {
  type: fc.constantFrom('a', 'a', 'b', 'b', 'noop'),
  retries: fc.nat(2),
  waitMs: fc.constantFrom(0, 5),
  isReal: fc.boolean(),
};
/** Which of its elder siblings a child comes after; more often none, so that they run side by side. */
function child(of: fc.Arbitrary<Shape>) {
  return fc.record({ shape: of, after: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 7) });
}
const { shape } = fc.letrec<{ shape: Shape; leaf: Shape; sequence: Shape }>((tie) => ({
  leaf: fc.record(leaf),
  sequence: fc.record({
    ...leaf,
    children: fc.array(child(tie('shape')), { maxLength: 4, size: 'max' }),
  }),
  shape: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie('leaf'), tie('sequence')),
}));
export const rootShape = fc.record({
  ...leaf,
  children: fc.array(child(shape), { minLength: 2, maxLength: 4 }),
});
/** Every sequence has one begin that all of it descends from, and one end that joins it. */
export function build(top: Shape, hasTopSequence: boolean, maxStarted: number): Plan {
  const jobs: PlanJob[] = [];
  const sequences: PlanSequence[] = [];
  const add = (of: Shape, type: string, parents: number[], sequence?: number): number => {
    const { retries, waitMs: retryWaitMs } = of;
    const fields = { name: `j${jobs.length}`, type, args: null, retries, retryWaitMs };
    jobs.push({ ...fields, parents, ...(sequence === undefined ? {} : { sequence }) });
    return jobs.length - 1;
  };
  const place = (of: Shape, parents: number[], around?: number, isSequence = true): number => {
    if (of.children === undefined) return add(of, of.type, parents, around);
    const number = isSequence ? sequences.length : undefined;
    if (isSequence) {
      const { retries, waitMs } = of;
      const fields = { name: `s${sequences.length}`, first: jobs.length, retries, waitMs };
      sequences.push({ ...fields, ...(around === undefined ? {} : { parent: around }) });
    }
    const begin = add(of, of.isReal ? of.type : 'noop', parents, number);
    const ends: number[] = [];
    for (const child of of.children) {
      const after = ends.filter((_, index) => ((child.after >> index) & 1) === 1);
      ends.push(place(child.shape, after.length === 0 ? [begin] : after, number));
    }
    return add(of, of.isReal ? of.type : 'noop', ends.length === 0 ? [begin] : ends, number);
  };
  place(top, [], undefined, hasTopSequence);
  return { jobs, sequences, maxStarted };
}
