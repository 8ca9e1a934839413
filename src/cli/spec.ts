/** `millrace spec …`: the checks of request specs as a command, for editors and for CI; list and show are beside it. */
import { MillraceError, messageOf } from '../protocol/errors.ts';
import type { Checked } from '../spec/check.ts';
import type { ParsedFile } from '../spec/parse.ts';
import type { Problem } from '../spec/problem.ts';
import { examples, jsonFlag } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { colorsOf, complain, count, plural, print, printJson } from './print.ts';
import { oneLine } from './text.ts';

/** What `list` and `show` are given. */
type Listed = [context: Context, options: { json?: boolean; all?: boolean }];
type Shown = [context: Context, name: string, options: { json?: boolean }];

type CheckOptions = { strict?: boolean; warnings: boolean; sequences?: string; json?: boolean };

export const declareSpec: Declare = (program, act) => {
  const spec = program
    .command('spec')
    .description('look at and check request specs')
    .addHelpText('after', examples('spec list', 'spec show deploy', 'spec check specs'));
  spec
    .command('list')
    .description('list the requests that can be started')
    .option('--all', 'list sequences that are no requests, too')
    .option(...jsonFlag)
    .addHelpText('after', examples('spec list', 'spec list --all'))
    .action(act(async (...given: Listed) => (await import('./specShow.ts')).list(...given)));
  spec
    .command('show')
    .argument('<spec>', 'name of a sequence')
    .description('tell the args and the nodes of a sequence')
    .option(...jsonFlag)
    .addHelpText('after', examples('spec show deploy', 'spec show deploy --json'))
    .action(act(async (...given: Shown) => (await import('./specShow.ts')).show(...given)));
  spec
    .command('check')
    .argument('<dirs...>', 'folders of spec files (*.yaml), or files')
    .description('find everything that is wrong with request specs')
    .option('-s, --strict', 'let warnings fail, too')
    .option('--no-warnings', 'tell errors alone')
    .option('--sequences <names>', 'tell of these alone, a,b,c')
    .option(...jsonFlag)
    .addHelpText('after', checkHelp)
    .addHelpText('after', examples('spec check specs', 'spec check specs --strict --json'))
    .action(act(check));
};

const checkHelp = `
Exit codes: 0 when all is well; 1 for errors (with --strict also for warnings), where there are no
specs, and for names in --sequences that no sequence has.`;

async function check(
  _context: Context,
  dirs: readonly string[],
  options: CheckOptions,
): Promise<number> {
  const { checkSpecs } = await import('../spec/check.ts');
  const files = await parsed(dirs);
  const checked = checkSpecs(files);
  const names = options.sequences?.split(',');
  const told = checked.problems.filter(
    ({ level, sequence }) =>
      (options.warnings || level === 'error') &&
      (names === undefined || sequence === undefined || names.includes(sequence)),
  );
  const unknown = (names ?? []).filter((name) => !checked.sequences.has(name));
  const { inOrder, hasErrors } = await import('../spec/problem.ts');
  const problems = inOrder(told);
  const isWell =
    !hasErrors(problems) &&
    !(options.strict === true && problems.length > 0) &&
    checked.sequences.size > 0 &&
    unknown.length === 0;
  if (options.json === true) printJson(asJson(problems, checked, files));
  else tell(problems, checked, files);
  if (unknown.length > 0) complain(await unknownText(unknown, checked));
  return isWell ? exitCodes.complete : exitCodes.fail;
}

/** All files of the folders; one that is named twice is read once. */
async function parsed(dirs: readonly string[]): Promise<ParsedFile[]> {
  const { readSpecs, specFilesOf } = await import('../spec/load.ts');
  const paths = dirs.flatMap((dir) => {
    try {
      return specFilesOf(dir);
    } catch (cause) {
      const text = `${dir} cannot be read: ${messageOf(cause)}; name a folder of spec files`;
      throw new MillraceError('usage', text, { cause });
    }
  });
  return [...new Set(paths)].map(readSpecs);
}

function tell(problems: readonly Problem[], checked: Checked, files: readonly ParsedFile[]): void {
  const { red, yellow, dim } = colorsOf(process.stdout);
  for (const { level, file, line, sequence, node, text } of problems) {
    const place = [sequence, node].flatMap((name) => name ?? []).join(' › ');
    const word = level === 'error' ? red('error  ') : yellow('warning');
    const where = place === '' ? '' : `${oneLine(place)}: `;
    print(`${oneLine(`${file}:${line}`)} ${word} ${where}${oneLine(text)}`);
  }
  const errors = problems.filter(({ level }) => level === 'error').length;
  if (problems.length > 0) {
    print('');
    print(`${plural(errors, 'error')}, ${plural(problems.length - errors, 'warning')}`);
    const more = laterChecks[checked.failedAt ?? 'graph'];
    if (more !== '') print(dim(more));
  }
  if (checked.sequences.size === 0 && errors === 0) {
    complain('there are no specs; a spec file ends in .yaml and has sequences');
  } else if (errors === 0) {
    const requests = [...checked.sequences.values()].filter(({ isRequest }) => isRequest).length;
    print(
      `OK: ${plural(files.length, 'file')}, ${plural(checked.sequences.size, 'sequence')}, ${count(requests)} of them ${requests === 1 ? 'a request' : 'requests'}`,
    );
  }
}

const laterChecks = {
  parse: 'What the nodes say was not checked: first these files must be read.',
  static: 'Dependencies and args between nodes were not checked: mend these first.',
  graph: '',
} as const;

function asJson(problems: readonly Problem[], checked: Checked, files: readonly ParsedFile[]) {
  return {
    files: files.length,
    sequences: [...checked.sequences.keys()],
    ...(checked.failedAt !== undefined && { failedAt: checked.failedAt }),
    problems,
  };
}

async function unknownText(unknown: readonly string[], { sequences }: Checked): Promise<string> {
  const { hintFor } = await import('../spec/hint.ts');
  const each = unknown.map((name) => `"${name}"${hintFor(name, sequences.keys())}`);
  return `no sequence has the name ${each.join(', ')}`;
}
