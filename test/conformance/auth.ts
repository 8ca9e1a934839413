/** Specification 10: who may; and what of section 15 is mended. */
import { testsIn } from './row.ts';
import type { Section } from './row.ts';

const acl = testsIn('test/auth/acl.test.ts');
const authority = testsIn('test/auth/authority.test.ts');
const publishers = testsIn('test/auth/publishers.test.ts');
const logins = testsIn('test/integration/publishers.test.ts');
const routes = testsIn('test/auth/routes.test.ts');
const config = testsIn('test/config.test.ts');

const everyCell = routes('${who}: %s', 'every route has its answer here');

export const auth: Section = {
  title: '10 Auth',
  rows: [
    {
      row: 'authenticate: a caller with name and roles, or an error',
      by: authority(
        'says who it is, written out or as a hash, whatever the case of its scheme',
        'that is missing, of another scheme, wrong or expired is answered alike and logged apart',
        'is in no log, no error and no configuration',
      ),
    },
    {
      row: 'authenticate by a plug-in',
      by: authority(
        'is given the headers, and its caller is taken',
        'keeps out whom it does not know, and what it throws is for the log',
        'that cannot answer now keeps nobody out for good',
      ),
    },
    {
      row: 'by default everybody may, without a name; on loopback alone (ours)',
      by: [
        ...authority(
          'everybody on this machine may do everything, nameless',
          'a page that reaches loopback by a name of its own is kept out',
        ),
        ...config('requests are taken from other machines only where auth says who may'),
      ],
    },
    {
      row: '1 a global admin role: allowed, the plug-in is not asked',
      by: [
        ...acl('may do everything, whatever the list says and though the type is gone'),
        ...authority(
          "is asked of the deployment's own authorise last, and only where a list allows it",
        ),
        ...everyCell,
      ],
    },
    {
      row: '2 the type is unknown: denied; to start it is refused with what there is',
      by: [
        ...acl('may do nothing with a type that there is not'),
        ...authority('reads what there is when he starts what there is not'),
      ],
    },
    {
      row: '3 no ACL: denied where strict, else allowed',
      by: [
        ...acl('may do everything with a request without a list, unless auth is strict'),
        ...everyCell,
      ],
    },
    {
      row: '4 no role of the caller is in the ACL: denied, with both sides',
      by: acl('may not do the rest, and reads what it takes and what he has'),
    },
    {
      row: '5 an entry that is admin or has the op; roles to the letter',
      by: [
        ...acl(
          'may do what the list has for one of his roles',
          'has his roles compared to the letter',
        ),
        ...everyCell,
      ],
    },
    {
      row: '6 the plug-in has the last word',
      by: authority(
        "is asked of the deployment's own authorise last, and only where a list allows it",
        'is not forbidden for good what cannot be judged now',
      ),
    },
    {
      row: 'reads need authentication alone; suspend, resume, retry are ops too (ours)',
      by: everyCell,
    },
    {
      row: 'every denial is 401 in compatibility; else 403 for who is known',
      by: [...routes('$name denies with 401'), ...everyCell],
    },
    {
      row: 'ours: publishers by their broker login, through the same lists',
      by: [
        ...publishers(
          'starts what the list has for his roles, and nothing is stored of the rest',
          'may do with a request what the list of its type allows, before its head is written and after',
          'retries by the list of what he retries',
          'learns nothing by asking for what there is not, and finds no way past the list',
        ),
        ...logins(
          'are known by their messages, and have their roles',
          'cannot be taken by others: the broker refuses the message',
        ),
      ],
    },
    {
      row: 'ours: the control socket and the gateway’s own login are trusted',
      by: [
        ...routes('the control socket is its user’s, who is asked for no token'),
        ...publishers('may do everything, as it could pass the gateway by'),
      ],
    },
  ],
};

const chain = testsIn('test/machines/chain.test.ts');
const plan = testsIn('test/spec/plan.test.ts');
const graph = testsIn('test/spec/graph.test.ts');

export const mended: Section = {
  title: '15 What is mended',
  rows: [
    {
      row: 'retry while siblings run (SPIN-501): they are waited for',
      by: chain('waits for siblings that run, which get no further retry (SPIN-501)'),
    },
    {
      row: 'stop and suspend with no active runner: always finalised',
      by: [
        ...chain('with nothing running it ends at once, and clears the wait of a sequence'),
        ...testsIn('test/machines/chain.ends.test.ts')(
          'with nothing running ends at once, and a wait begins anew with the resume',
        ),
      ],
    },
    {
      row: 'a job cannot return a state: it returns, throws, or asks for one of two',
      by: testsIn('test/worker/outcomes.test.ts')(
        'is a success with its result, sent to the actor that asked',
        'fails with its message and the top of its stack',
        'of RetryAfter carries its wait; of Stopped stops',
      ),
    },
    {
      row: 'null spec entries',
      by: testsIn('test/spec/parse.test.ts')(
        'what is null is an error of the checks, not of the program',
      ),
    },
    {
      row: 'null and other each lists that are none',
      by: plan(
        'over %j is refused before anything is planned',
        'over a list that a job sets to %s is refused',
      ),
    },
    {
      row: 'args are visible to descendants alone',
      by: graph('what a node sets is there for all that come after it, and for nobody else'),
    },
    {
      row: 'noop is built in, as a job type and as a sequence',
      by: plan('the job type noop and the sequence noop are built in'),
    },
    {
      row: 'codes: 400 and 409, or those of section 9',
      by: [
        ...testsIn('test/api/create.test.ts')(
          '%s is refused with 400, and with 500 where codes are Spin Cycle’s',
        ),
        ...testsIn('test/api/commands.test.ts')('%s of what is %s'),
      ],
    },
    {
      row: 'authorised before anything is stored',
      by: routes('${who}: %s'),
    },
    {
      row: 'undeclared and static args of a caller are refused',
      by: [
        ...testsIn('test/api/create.test.ts')(
          '%s is refused with 400, and with 500 where codes are Spin Cycle’s',
        ),
        ...testsIn('test/spec/scopes.test.ts')(
          'what a request does not declare its nodes cannot be given by the caller',
        ),
      ],
    },
    {
      row: 'a lost worker: leases, and its attempts start anew',
      by: testsIn('test/runtime/leases.test.ts')(
        'that is missed twice is lost: the attempt starts anew, in the place of that execution',
      ),
    },
    {
      row: 'a lost host: another goes on, no finish is lost',
      by: testsIn('test/faults/kill.test.ts')(
        'whatever point a process is killed at, its chains end right',
      ),
    },
  ],
};
