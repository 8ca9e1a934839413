/** Checks of programs that stand in a spec: jobs of type `command`, which are ours and not Spin Cycle's. */
import { hintFor } from '../hint.ts';
import { invalid, missing } from '../problem.ts';
import { commandType, namesIn } from '../template.ts';
import type { NodeSpec } from '../types.ts';
import { whenAny } from './check.ts';
import type { NodeCheck } from './check.ts';

/** Error, Missing `run`: a command has a program. */
export const commandHasRun: NodeCheck = ({ category, type, command, lines }) =>
  category === 'job' && type === commandType && (command.run[0] ?? '') === ''
    ? [missing({ field: 'run', why: 'a list, the program first', line: lines.get('run') })]
    : [];

/** Error, Invalid `run`, `env` or `cwd` of what is no command. */
export const onlyCommandHasRun: NodeCheck = ({ category, type, lines }) => {
  if (category === 'job' && type === commandType) return [];
  return ['run', 'env', 'cwd'].flatMap((field) =>
    lines.has(field)
      ? invalid({
          field,
          values: [type ?? ''],
          expected: `it in jobs of type ${commandType} alone`,
          line: lines.get(field),
        })
      : [],
  );
};

/** Error, Invalid `run`, `env` or `cwd`, the names in `${…}` that are no args of the node. */
export const templatesKnown: NodeCheck = (node) => {
  const known = new Set([
    ...node.args.map(({ expected }) => expected),
    ...node.each.map(({ element }) => element),
  ]);
  return Object.entries(templatesOf(node)).flatMap(([field, texts]) => {
    const unknown = new Set(texts.flatMap(namesIn).filter((name) => !known.has(name)));
    return whenAny([...unknown], (values) => {
      const names = [...known].flatMap((name) => name ?? []);
      const hints = values.map((name) => hintFor(name, names)).join('');
      const expected = `names in \${…} that are args of the node${hints}`;
      return invalid({ field, values, expected, line: node.lines.get(field) });
    });
  });
};

function templatesOf({ command: { run, env, cwd } }: NodeSpec): Record<string, readonly string[]> {
  return { run, env: [...env.values()], cwd: cwd === undefined ? [] : [cwd] };
}
