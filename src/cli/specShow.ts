/** `millrace spec list` and `spec show NAME`: what there is to start, and what it does. */
import { MillraceError } from '../protocol/errors.ts';
import type { Specs } from '../spec/check.ts';
import type { RequestArg } from '../spec/requestArgs.ts';
import { kindsOf } from '../spec/types.ts';
import type { ArgSpec, NodeSpec, SequenceSpec } from '../spec/types.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { note, print, printJson } from './print.ts';
import { eachText, whatItDoes } from './specNode.ts';
import { table } from './table.ts';
import { oneLine, pad, widthOf } from './text.ts';

type Options = { json?: boolean };

export async function list(
  context: Context,
  { json = false, all = false }: Options & { all?: boolean },
): Promise<number> {
  const sequences = [...(await specsOf(context)).sequences.values()]
    .filter(({ isRequest, file }) => (all ? file !== '' : isRequest))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (json) printJson(sequences.map(asJson));
  else if (sequences.length === 0)
    note('No sequence is a request; one that is says request: true.');
  else for (const line of table(columns(all), sequences)) print(line);
  return exitCodes.complete;
}

const columns = (all: boolean) => [
  { title: all ? 'SEQUENCE' : 'REQUEST', cell: ({ name }: SequenceSpec) => name },
  { title: '', cell: ({ isRequest }: SequenceSpec) => (all && isRequest ? 'request' : '') },
  { title: 'ARGS', cell: argsText, least: 20 },
  { title: 'FILE', cell: ({ file, line }: SequenceSpec) => `${file}:${line}` },
];

/** `host [wait=60]` */
function argsText({ args }: SequenceSpec): string {
  const optional = args.optional.map(({ name, default: text }) => `[${name ?? ''}=${text ?? ''}]`);
  return [...args.required.map(({ name }) => name ?? ''), ...optional].join(' ');
}

export async function show(
  context: Context,
  name: string,
  { json = false }: Options,
): Promise<number> {
  const { sequences } = await specsOf(context);
  const sequence = sequences.get(name);
  if (sequence === undefined) {
    const { hintFor } = await import('../spec/hint.ts');
    const hint = hintFor(name, sequences.keys());
    throw new MillraceError(
      'usage',
      `no sequence has the name "${name}"${hint}; spec list --all shows them`,
    );
  }
  if (json) printJson(asJson(sequence));
  else tell(sequence);
  return exitCodes.complete;
}

function tell(sequence: SequenceSpec): void {
  const { name, file, line, isRequest, acl } = sequence;
  print(oneLine(`${name}  ${isRequest ? 'request' : 'sequence'} in ${file}:${line}`));
  const args = kindsOf(sequence);
  if (args.length > 0) {
    print('');
    print('Args (* required)');
    const width = Math.max(...args.map(({ arg }) => widthOf(oneLine(arg.name ?? ''))));
    for (const { kind, arg } of args) print(argLine(kind, arg, width));
  }
  print('');
  for (const row of table(nodeColumns, [...sequence.nodes.values()])) print(row);
  if (acl.length === 0) return;
  print('');
  for (const { role, admin, ops } of acl)
    print(
      oneLine(
        `Role ${role ?? ''} may ${admin ? 'do everything' : ops.join(', ') || 'do nothing'}.`,
      ),
    );
}

function argLine(kind: RequestArg['kind'], arg: ArgSpec, width: number): string {
  const { name = '', desc = '', default: text } = arg;
  const says = kind === 'static' ? 'always' : 'default:';
  const more = text === undefined ? '' : `(${says} ${text === '' ? "''" : text})`;
  const star = kind === 'required' ? '*' : ' ';
  return oneLine(
    `${star} ${pad(oneLine(name), width)}  ${[desc, more].join(' ').trim()}`.trimEnd(),
  );
}

const nodeColumns = [
  { title: 'NODE', cell: ({ name }: NodeSpec) => name },
  { title: 'DOES', cell: whatItDoes, least: 16 },
  { title: 'AFTER', cell: ({ deps }: NodeSpec) => deps.join(', '), least: 10 },
  { title: 'EACH', cell: eachText, least: 10 },
  { title: 'RETRY', cell: retryText },
  {
    title: 'SETS',
    cell: ({ sets }: NodeSpec) => sets.flatMap(({ as }) => as ?? []).join(', '),
    least: 8,
  },
];

function retryText({ retry, retryWait }: NodeSpec): string {
  if (retry === 0) return '';
  return retryWait === undefined ? `${retry}` : `${retry}, after ${retryWait}`;
}

/** As the file says it; maps become objects. */
function asJson({ lines: _lines, nodes, isRequest, ...sequence }: SequenceSpec) {
  return {
    ...sequence,
    request: isRequest,
    nodes: [...nodes.values()].map(({ lines: _, eq, command: { run, env, cwd }, ...node }) => ({
      ...node,
      ...(eq.size > 0 && { eq: Object.fromEntries(eq) }),
      ...(run.length > 0 && { command: { run, env: Object.fromEntries(env), cwd } }),
    })),
  };
}

async function specsOf(context: Context): Promise<Specs> {
  const specs = await context.specs();
  if (specs !== undefined) return specs;
  const text = `the configuration names no request specs; say where they are, as in defineConfig({ specs: 'specs' })`;
  throw new MillraceError('config', text);
}
