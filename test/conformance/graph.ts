/** Specification 5: the graph checks. */
import { testsIn } from './row.ts';
import type { Section } from './row.ts';

const by = testsIn('test/spec/graph.test.ts');

export const graphChecks: Section = {
  title: '5 Graph checks',
  rows: [
    {
      row: '1 a sequence has its own args of every kind',
      by: by('a node can be given what the sequence has as an arg of any kind'),
    },
    {
      row: '1 nothing is inherited from the caller',
      by: by('nothing is inherited from the sequence that calls'),
    },
    {
      row: '2 if, each lists and args.given are available; all that miss are named',
      by: by('what is nowhere set is an error that names all that is missing'),
    },
    {
      row: '2 sets are available to what comes after; to ancestors’ descendants alone (15)',
      by: by('what a node sets is there for all that come after it, and for nobody else'),
    },
    {
      row: '3 a cycle of dependencies',
      by: by('nodes that depend on each other are named in order, those after them are not'),
    },
    { row: '3 a dependency on itself', by: by('a node that depends on itself is an error') },
    {
      row: '3 an unknown dependency',
      by: by('a dependency that is no node is an error, and a near name is suggested'),
    },
    {
      row: '4 redundant dependencies stay, repeated ones count once',
      by: by(
        'a dependency that is named twice counts once, and one that follows from another stays',
      ),
    },
    {
      row: '4 acyclic, connected from source to sink, in topological order',
      by: by(
        'whatever the dependencies, each node comes once and after what it depends on, or a cycle is told',
      ),
    },
    {
      row: '5 a sequence that calls itself',
      by: by('a sequence that calls itself is an error'),
    },
    {
      row: '5 a circle of calls, and who calls into it',
      by: by('a circle of calls is an error of each in it and above it, and of no other'),
    },
    {
      row: '6 failures go up to all callers',
      by: by('a failure goes up to all that call, through as many calls as there are'),
    },
    {
      row: '7 a sequence produces its own args and what its nodes set',
      by: by('a sequence produces what its nodes set and its own args'),
    },
    {
      row: '7 sets that the callee does not produce',
      by: by('what it does not produce is an error'),
    },
    {
      row: '7 a conditional produces what all its targets do',
      by: by('a conditional produces what all its sequences do'),
    },
    {
      row: '7 job nodes are not looked at',
      by: by('whether a job sets what it declares is not looked at'),
    },
  ],
};
