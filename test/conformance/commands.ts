/** Specification 13: the command lines; `of` is the command of `millrace`. */
import { testsIn } from './row.ts';
import type { Section } from './row.ts';

const args = testsIn('test/cli/args.test.ts');
const commands = testsIn('test/cli/commands.test.ts');
const completion = testsIn('test/cli/completion.test.ts');
const prompts = testsIn('test/cli/prompts.test.ts');
const questions = testsIn('test/cli/questions.test.ts');
const reading = testsIn('test/cli/reading.test.ts');
const retry = testsIn('test/cli/retry.test.ts');
const signals = testsIn('test/cli/signals.test.ts');
const spec = testsIn('test/cli/spec.test.ts');
const table = testsIn('test/cli/table.test.ts');
const terminals = testsIn('test/cli/twoTerminals.test.ts');
const text = testsIn('test/cli/text.test.ts');
const when = testsIn('test/cli/when.test.ts');

export const client: Section = {
  title: '13.1 The client',
  rows: [
    { row: 'version', by: commands('--version says which') },
    { row: 'help of a command', of: 'help', by: prompts('of a command is its help') },
    {
      row: 'help of a request: its args, a star where they are required, defaults',
      of: 'help',
      by: prompts('of a request lists its args'),
    },
    {
      row: 'help of what is unknown: error',
      of: 'help',
      by: prompts('of anything else is refused with what was meant'),
    },
    {
      row: 'help of every command has examples',
      of: 'help',
      by: commands('%s --help has examples'),
    },
    {
      row: 'start: unknown request',
      of: 'start',
      by: [
        ...args('an unknown type names those there are'),
        ...terminals('what does not fit is refused by the host in a sentence'),
      ],
    },
    {
      row: 'start: unknown args',
      of: 'start',
      by: args('a key that the chain does not take is refused, with the one that was meant'),
    },
    {
      row: 'start: k=v splits at the first "=", each key once',
      of: 'start',
      by: args('pairs are pairs, and come once'),
    },
    {
      row: 'start: no k=v prompts for all, required ones until non-empty; then ok',
      of: 'start',
      by: prompts('are all, where none is given; a required one until there is something'),
    },
    {
      row: 'start: some k=v prompts for missing required ones alone',
      of: 'start',
      by: prompts(
        'are the required ones that are missing, where some are given',
        'are none where nothing is missing: then nothing is asked',
      ),
    },
    {
      row: 'start: ends at the end of the input (15)',
      of: 'start',
      by: prompts('come to nothing where the input ends after %j'),
    },
    {
      row: 'start: asks on a terminal alone',
      of: 'start',
      by: prompts('on a terminal start asks; elsewhere it says what is missing'),
    },
    {
      row: 'start: what was started, and how to see it',
      of: 'start',
      by: terminals('what one terminal hosts, the other starts, suspends, resumes and stops'),
    },
    {
      row: 'status: state, progress, runtime, request, caller, args',
      of: 'status',
      by: commands(
        'status shows a request; a failed one with its reason',
        'status needs no configuration when the data folder is named, and lists the newest first',
      ),
    },
    {
      row: 'info: everything about a request',
      of: 'info',
      by: questions('tells everything about a request', 'as JSON, with absolute times'),
    },
    {
      row: 'log: a record a try, with its error, exit, stdout and stderr',
      of: 'log',
      by: questions(
        'prints a record an attempt, with its error',
        'of one job, as JSON lines',
        'of a job that there is not is refused, with the one that was meant',
        'log --follow prints what a program prints as it comes',
      ),
    },
    {
      row: 'ps: running jobs, what they say; nothing when none runs',
      of: 'ps',
      by: questions(
        'beside a host: ps lists jobs and what they say, log follows them to their end',
        'ps says that nothing runs',
      ),
    },
    {
      row: 'find: the newest first, absolute times where asked for',
      of: 'find',
      by: questions(
        'lists requests, the newest first',
        '--long has the times in full, of the zone that is asked for',
      ),
    },
    {
      row: 'find: type, states, user, args, since, until, limit, offset, timezone',
      of: 'find',
      by: [...questions('%j finds %j'), ...when('%s is understood')],
    },
    {
      row: 'find: limit 10 by default, how to see more, nothing if no rows',
      of: 'find',
      by: questions('says how to see more, and that nothing fits'),
    },
    {
      row: 'find: unknown key, no =, bad state, timezone, time, limit, offset',
      of: 'find',
      by: [
        ...questions('%s is refused with 2 and what there is'),
        ...when('%j is refused, with what there is'),
      ],
    },
    {
      row: 'find: a key twice',
      of: 'find',
      by: questions('a key that comes twice is refused'),
    },
    {
      row: 'running: the exit code says whether a request has not ended',
      of: 'running',
      by: questions('running says by its exit code whether a request has not ended'),
    },
    {
      row: 'stop: OK, and 3 for who follows',
      of: 'stop',
      by: [
        ...terminals('what one terminal hosts, the other starts, suspends, resumes and stops'),
        ...signals('a stopped request exits with 3'),
      ],
    },
    {
      row: 'ours: suspend and resume',
      of: 'suspend',
      by: terminals('what one terminal hosts, the other starts, suspends, resumes and stops'),
    },
    {
      row: 'ours: resume, also of what a crash left behind',
      of: 'resume',
      by: [
        ...commands('resume of an ended request says so, with the exit code of its state'),
        ...signals('after SIGKILL the request is seen, and resume goes on'),
      ],
    },
    {
      row: 'ours: retry from the failure',
      of: 'retry',
      by: retry(
        'without a host it runs on here, with what was complete kept',
        'args are changed for what runs, and what was kept with the old ones is named',
        'in a process that hosts, it is started there',
        'what cannot be retried is refused with 2 and a sentence',
      ),
    },
    {
      row: '--addr, SPINC_ADDR: all of it against an API address (--api, MILLRACE_API)',
      by: testsIn('test/cli/remote.test.ts')(
        'a request is started, looked at, suspended, resumed, followed and stopped',
        'a request that fails is run on from there',
        'what may be started is told, and completed',
        'no token, or one that is not taken',
        'nobody there, or somebody else',
      ),
    },
    {
      row: 'exit 0 on success, else not; messages on stderr',
      by: commands(
        'of a chain that completes exits with 0 and sums up',
        'of a chain that fails exits with 1 and shows the error without its stack',
        'a configuration that is not there; --debug shows where it came from',
      ),
    },
    {
      row: 'long columns lose their middle',
      by: [
        ...table('what is too wide is squeezed, the widest first, and only what may be'),
        ...text('a long text loses its middle, and keeps to its width'),
      ],
    },
    {
      row: 'an id may be short',
      by: reading(
        '%s names %s',
        'what could be more than one is refused, with the list',
        '%j is none, and the message says what to do',
      ),
    },
    {
      row: 'ours: shell completion of commands, requests, args, ids',
      of: 'completion',
      by: [
        ...completion(
          '%s',
          'args of the chain are offered with no blank after them',
          'ids and jobs are those of the store',
        ),
        ...spec('completion knows requests, their args, and sequences'),
      ],
    },
    {
      row: 'ours: graph of a request, a chain, a spec',
      of: 'graph',
      by: [
        ...questions('of a request has its states', 'of a chain type is planned with the args'),
        ...spec('graph draws the nodes of a spec, or with args the jobs of a request'),
      ],
    },
  ],
};

export const linter: Section = {
  title: '13.2 The linter',
  rows: [
    {
      row: 'no errors: 0, and an OK line',
      of: 'spec check',
      by: spec('of specs without a fault counts them and exits with 0'),
    },
    {
      row: 'errors: 1, numbered, with file and line; stops after the first stage with errors',
      of: 'spec check',
      by: spec(
        'tells every error with file and line, and exits with 1',
        'of one bad file among good ones tells of that one',
      ),
    },
    {
      row: 'warnings pass, unless strict',
      of: 'spec check',
      by: spec('lets warnings pass, unless it is strict'),
    },
    {
      row: '--sequences: errors elsewhere do not fail; unknown names do',
      of: 'spec check',
      by: spec('--sequences tells of these alone, and fails for a name that there is not'),
    },
    {
      row: 'no specs, no folder: fails',
      of: 'spec check',
      by: spec('fails where there are no specs, and where there is no folder'),
    },
    {
      row: 'ours: as JSON',
      of: 'spec check',
      by: spec('--json prints the problems as one document'),
    },
    {
      row: 'ours: spec list and show',
      of: 'spec list',
      by: spec(
        'list names the requests, and all sequences when asked',
        'show tells args with a star where they are required, and what the nodes do',
      ),
    },
  ],
};
