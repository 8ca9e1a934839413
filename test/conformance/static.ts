/** Specification 4: the static checks, each by the name of its function in `src/spec/checks/`. */
import { testsIn } from './row.ts';
import type { Cover, Row, Section } from './row.ts';

const by = testsIn('test/spec/static.test.ts');

/** By default the test bears the name of the row. */
function check(of: string, row: string, covers: Cover[] = by(row)): Row {
  return { row, of, by: covers };
}

export const staticChecks: Section = {
  title: '4 Static checks',
  rows: [
    check('requiredArgsNamed', 'required args named'),
    check('optionalArgsNamed', 'optional args named'),
    check('staticArgsNamed', 'static args named'),
    check('optionalArgsHaveDefaults', 'optional args have defaults'),
    check('staticArgsHaveDefaults', 'static args have defaults'),
    check('requiredArgsHaveNoDefaults', 'required args have no default'),
    check('noDuplicateArgs', 'no duplicate args'),
    check('hasNodes', 'has nodes'),
    check('aclAdminOrOps', 'ACL admin xor ops', by('acl: admin or ops')),
    check('aclHasRole', 'ACL role', by('acl: role')),
    check('noDuplicateAclRoles', 'no duplicate ACL roles', by('acl: no duplicate roles')),
    check(
      'setsUniqueAcrossNodes',
      'sets unique across nodes, and no args of the sequence (warning)',
      by(
        'sets unique across nodes, which is a warning',
        'sets that are args of the sequence, which is a warning',
      ),
    ),
    check('hasCategory', 'has category'),
    check('validCategory', 'valid category'),
    check('hasType', 'non-conditional has type', by('what is no conditional has a type')),
    check('conditionalHasIf', 'conditional has if', by('a conditional has if')),
    check('conditionalHasEq', 'conditional has eq', by('a conditional has eq')),
    check('conditionalHasNoType', 'conditional no type', by('a conditional has no type')),
    check('onlyConditionalHasIf', 'non-conditional no if', by('only a conditional has if')),
    check('onlyConditionalHasEq', 'non-conditional no eq', by('only a conditional has eq')),
    check('validEach', 'valid each'),
    check('eachElementsUnique', 'each element unique'),
    check(
      'eachElementIsNoArg',
      'each element vs args.expected',
      by('each element is no args.expected'),
    ),
    check('argsNotNull', 'args not nil', by('args not null')),
    check('argsNamed', 'args named'),
    check('expectedUnique', 'args.expected unique'),
    check('setsNotNull', 'sets not nil', by('sets not null')),
    check('setsNamed', 'sets named'),
    check('setsAsUnique', 'sets.as unique'),
    check('validParallel', 'parallel valid'),
    check('parallelHasEach', 'each if parallel'),
    check('validRetryWait', 'retryWait valid'),
    check('retryWaitHasRetry', 'retry if retryWait'),
    check(
      'subsequencesExist',
      'subsequences exist',
      by('subsequences exist: type', 'subsequences exist: eq'),
    ),
    check(
      'requiredArgsProvided',
      'required args provided',
      by('a required arg of any sequence that it may call must be provided'),
    ),
    check(
      'eachListOnce',
      'each not renamed twice (warning)',
      by('each not renamed twice, which is a warning'),
    ),
    check(
      'givenOnce',
      'args not renamed twice (warning)',
      by('args not renamed twice, which is a warning'),
    ),
    check(
      'eachListIsNoGiven',
      'each list vs args.given (warning)',
      by('each list is no args.given, which is a warning'),
    ),
    check(
      'setsArgOnce',
      'sets not renamed twice (warning)',
      by('sets not renamed twice, which is a warning'),
    ),
    check(
      'noExtraArgs',
      'no extra args (warning)',
      by('what a called sequence does not take is a warning, a static arg too'),
    ),
    check(
      'validTimeout',
      'ours: timeout valid, in jobs alone',
      by('timeout valid', 'timeout in jobs alone'),
    ),
    check('commandHasRun', 'ours: a command has run', by('a command has run')),
    check('onlyCommandHasRun', 'ours: run in commands alone', by('run in commands alone')),
    check(
      'templatesKnown',
      'ours: names in a command are args of the node',
      by('names in a command are args of the node'),
    ),
    {
      row: 'all failures are collected, with their lines',
      by: by('every error of every sequence is told at once, with its line'),
    },
  ],
};
