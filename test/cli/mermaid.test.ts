/** Mermaid text: of chains with and without states, of many alike jobs, of machines. */
import { expect, test } from 'vitest';
import { setup } from 'xstate';
import { toStateDiagram } from '../../src/cli/machine.ts';
import { toFlowchart } from '../../src/cli/mermaid.ts';
import type { GraphJob } from '../../src/cli/mermaid.ts';

const lines = (jobs: readonly GraphJob[]): string[] =>
  toFlowchart(jobs)
    .split('\n')
    .map((line) => line.trim());

test('a plan has nodes, edges and sequences, and no states', () => {
  const text = toFlowchart([
    { name: 'a', type: 't', after: [] },
    { name: 'b', type: 't', after: ['a'], sequence: 'again' },
  ]);
  expect(text).toBe(
    [
      'flowchart TD',
      '  j0["a"]',
      '  subgraph s1["again"]',
      '    j1["b"]',
      '  end',
      '  j0 --> j1',
    ].join('\n'),
  );
});

test('states are classes', () => {
  const text = lines([{ name: 'a', type: 't', state: 'FAIL', after: [] }]);
  expect(text).toContain('j0["a"]:::FAIL');
  expect(text.at(-1)).toMatch(/^classDef FAIL fill:/);
});

test('what Mermaid would read as its own is written by number', () => {
  expect(lines([{ name: 'say "hi" <b>\n#1', type: 't', after: [] }])).toContain(
    'j0["say #34;hi#34; #60;b#62;#10;#35;1"]',
  );
});

test('too many jobs to read are one node a kind, state by state', () => {
  const many = Array.from({ length: 300 }, (_, at) => ({
    name: `hash-${at}`,
    type: 'hash',
    state: at < 200 ? 'COMPLETE' : 'RUNNING',
    after: ['first'],
  }));
  const jobs = [
    { name: 'first', type: 'list', state: 'COMPLETE', after: [] },
    ...many,
    { name: 'last', type: 'write', state: 'PENDING', after: many.map(({ name }) => name) },
  ];
  expect(lines(jobs).slice(0, 9)).toEqual([
    'flowchart TD',
    'j0["first"]:::COMPLETE',
    'j1["200 × hash"]:::COMPLETE',
    'j2["100 × hash"]:::RUNNING',
    'j3["last"]:::PENDING',
    'j0 --> j1',
    'j0 --> j2',
    'j1 --> j3',
    'j2 --> j3',
  ]);
});

test('a machine is a state diagram: nested states, waits, ends', () => {
  const machine = setup({ delays: { patience: 1000 } }).createMachine({
    id: 'door',
    initial: 'shut',
    states: {
      shut: { on: { push: 'open', knock: {} }, after: { patience: 'gone' } },
      open: {
        initial: 'wide',
        states: { wide: { on: { pull: 'ajar' } }, ajar: {} },
        on: { shut: 'shut' },
      },
      gone: { type: 'final' },
    },
  });
  expect(toStateDiagram(machine).split('\n')).toEqual([
    'stateDiagram-v2',
    '  [*] --> s_shut',
    '  state "shut" as s_shut',
    '  state "open" as s_open',
    '  state s_open {',
    '    [*] --> s_open_wide',
    '    state "wide" as s_open_wide',
    '    state "ajar" as s_open_ajar',
    '    s_open_wide --> s_open_ajar : pull',
    '  }',
    '  state "gone" as s_gone',
    '  s_shut --> s_open : push',
    '  s_shut --> s_gone : after patience',
    '  s_open --> s_shut : shut',
    '  s_gone --> [*]',
  ]);
});
