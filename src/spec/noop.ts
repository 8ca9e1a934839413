/** The built-in sequence `noop`, which does nothing: for the values of a conditional that ask for nothing. */
import type { Sequences, SequenceSpec } from './types.ts';

const noopSequence: SequenceSpec = {
  name: 'noop',
  file: '',
  line: 0,
  lines: new Map(),
  isRequest: false,
  args: { required: [], optional: [], static: [] },
  nodes: new Map(),
  acl: [],
};

/** The user's own sequence of that name goes first. */
export function withNoop(sequences: Sequences): Sequences {
  return sequences.has(noopSequence.name)
    ? sequences
    : new Map([...sequences, [noopSequence.name, noopSequence]]);
}
