/** Specification 9: the HTTP interface, row by row; `of` is the route. */
import { testsIn } from './row.ts';
import type { Section } from './row.ts';

const create = testsIn('test/api/create.test.ts');
const commands = testsIn('test/api/commands.test.ts');
const reading = testsIn('test/api/reading.test.ts');
const find = testsIn('test/api/find.test.ts');
const events = testsIn('test/api/events.test.ts');
const indexes = testsIn('test/api/indexes.test.ts');
const retry = testsIn('test/api/retry.test.ts');
const document = testsIn('test/api/openapi.test.ts');
const who = testsIn('test/auth/routes.test.ts');
const authority = testsIn('test/auth/authority.test.ts');

const requests = '/api/v1/requests';

export const api: Section = {
  title: '9 HTTP interface',
  rows: [
    {
      row: 'every route authenticates first, also of a path that there is not: 401 {message}',
      by: who('a path that there is not says so to those alone who are known', '${who}: %s'),
    },
    {
      row: 'missing, wrong and expired tokens are answered alike',
      by: authority(
        'that is missing, of another scheme, wrong or expired is answered alike and logged apart',
      ),
    },
    {
      row: 'X-Spincycle-Version in every answer',
      by: reading('the version is a text, and in a header of every answer'),
    },
    {
      row: '201, Location, the request as created: PENDING, startedAt null',
      of: `POST ${requests}`,
      by: create('a request is created and started, and answered as it was created'),
    },
    {
      row: 'user is the caller’s, never the body’s',
      of: `POST ${requests}`,
      by: who('the caller is the user of what he starts, whatever the body says'),
    },
    {
      row: 'keys in any case',
      of: `POST ${requests}`,
      by: create('keys may be in any case, as Go writes them'),
    },
    {
      row: '400 unparsable body, empty type',
      of: `POST ${requests}`,
      by: create('%s is refused with 400'),
    },
    {
      row: 'unknown type, no request, missing or undeclared arg: 400 (500 in compatibility)',
      of: `POST ${requests}`,
      by: create('%s is refused with 400, and with 500 where codes are Spin Cycle’s'),
    },
    {
      row: 'not authorised: 403 (401 in compatibility), and nothing is stored (15)',
      of: `POST ${requests}`,
      by: who('${who}: %s', '$name denies with 401'),
    },
    {
      row: 'bodies of 10 MB, and above the limit',
      of: `POST ${requests}`,
      by: create('args of 10 MB are taken, and a body above the limit is refused'),
    },
    {
      row: 'args like __proto__',
      of: `POST ${requests}`,
      by: create('args keep keys that look like prototypes'),
    },
    {
      row: '200 list, the newest first, without chain and args',
      of: `GET ${requests}`,
      by: find('rows come newest first, without args and chain'),
    },
    { row: 'null when nothing matches', of: `GET ${requests}`, by: find('nothing found is null') },
    {
      row: 'type, user, state*, arg*, since, until, limit, offset, all together',
      of: `GET ${requests}`,
      by: [
        ...find(
          '%s finds "%s"',
          'since is not finished or finished after, and until is created before',
        ),
        ...indexes('the parameters of a find are those that are held against indexes'),
      ],
    },
    {
      row: '400 bad state, arg without =, times not RFC 3339, limit or offset no uint',
      of: `GET ${requests}`,
      by: find('%s is refused with 400'),
    },
    {
      row: 'offset is looked at only with a limit',
      of: `GET ${requests}`,
      by: find('%s finds "%s"'),
    },
    {
      row: '200 request with JobChain and args',
      of: `GET ${requests}/:id`,
      by: reading(
        'a request comes with its args and its chain, as they stand',
        'jobs of a spec have their retries, and a running request no end',
        'args are shown as they were given when their type is gone',
      ),
    },
    { row: '404', of: `GET ${requests}/:id`, by: reading('%s of an unknown request is 404') },
    {
      row: '404',
      of: `PUT ${requests}/:id/start`,
      by: commands('%s of an unknown request is 404'),
    },
    {
      row: 'not PENDING: 409 (500 in compatibility); authorised as a start',
      of: `PUT ${requests}/:id/start`,
      by: [...commands('%s of what is %s'), ...who('${who}: %s')],
    },
    {
      row: '200 empty; also of what is COMPLETE',
      of: `PUT ${requests}/:id/stop`,
      by: commands(
        'a running request is suspended, goes on, and is stopped',
        'a stop of a complete request is a success that changes nothing',
        'a suspended request can be stopped',
      ),
    },
    {
      row: '404; FAIL or STOPPED: 409 (500 in compatibility); not authorised',
      of: `PUT ${requests}/:id/stop`,
      by: [
        ...commands('%s of an unknown request is 404', '%s of what is %s'),
        ...who('${who}: %s', '$name denies with 401'),
      ],
    },
    {
      row: 'of job runners alone: 405',
      of: `PUT ${requests}/:id/finish`,
      by: commands('%s %s is for job runners, and says so'),
    },
    {
      row: 'a user’s suspend: 200 empty, a second time too; with a body: 400',
      of: `PUT ${requests}/:id/suspend`,
      by: commands(
        'a running request is suspended, goes on, and is stopped',
        'a suspend of what is suspended already is a success',
        'a suspend with %s is refused, and suspends nothing',
      ),
    },
    {
      row: '404; not RUNNING: 409 (500 in compatibility)',
      of: `PUT ${requests}/:id/suspend`,
      by: commands('%s of an unknown request is 404', '%s of what is %s'),
    },
    {
      row: 'ours: resume, 200 empty; 404; not SUSPENDED: 409',
      of: `PUT ${requests}/:id/resume`,
      by: commands(
        'a running request is suspended, goes on, and is stopped',
        '%s of an unknown request is 404',
        '%s of what is %s',
      ),
    },
    {
      row: 'ours: retry, 201 with the new request, and what is refused',
      of: `POST ${requests}/:id/retry`,
      by: retry(
        'is answered with the new request, which says what it retries',
        'takes texts where a chain wants none, and no body at all',
        'of %s with %j is refused with %d',
      ),
    },
    {
      row: 'of job runners alone: 405',
      of: `PUT ${requests}/:id/progress`,
      by: commands('%s %s is for job runners, and says so'),
    },
    {
      row: '200 job chain; 404',
      of: `GET ${requests}/:id/job-chain`,
      by: reading(
        'a request comes with its args and its chain, as they stand',
        '%s of an unknown request is 404',
      ),
    },
    {
      row: 'of job runners alone: 405',
      of: `POST ${requests}/:id/log`,
      by: commands('%s %s is for job runners, and says so'),
    },
    {
      row: '200 all entries, by job and try; [] for an unknown request',
      of: `GET ${requests}/:id/log`,
      by: reading(
        'the log has an entry for each try that has ended, by job and try',
        'what a program printed and how it exited is in the log',
        'the log of an unknown request is empty, and of an unknown job 404',
      ),
    },
    {
      row: '200 the latest try; 404 that names both ids (15)',
      of: `GET ${requests}/:id/log/:jobId`,
      by: reading(
        'the log has an entry for each try that has ended, by job and try',
        'the log of an unknown request is empty, and of an unknown job 404',
      ),
    },
    {
      row: 'ours: server-sent events, to their end and on from an id',
      of: `GET ${requests}/:id/events`,
      by: events(
        'a request is followed to its end, with ids that count up',
        'a follower that comes again goes on after what it has seen, and is told when that was all',
        'what happens and what jobs say comes while it does',
        'events of %s after "%s" are refused with %i',
      ),
    },
    {
      row: '200 list of what may be asked for, sorted by name, required then optional',
      of: 'GET /api/v1/request-list',
      by: reading('the list of requests says what they take, by name'),
    },
    {
      row: '200 jobs and requests; null and null, or [] and {}, when there are none',
      of: 'GET /api/v1/status/running',
      by: reading(
        'running jobs come with their requests, the longest first',
        'where nothing was asked for lists are null, and the log is empty',
      ),
    },
    {
      row: 'ours: the OpenAPI document',
      of: 'GET /api/v1/openapi.json',
      by: document(
        'it is served as it is printed',
        'openapi.json is current: npm run docs writes it',
      ),
    },
    {
      row: '200 text',
      of: 'GET /version',
      by: reading('the version is a text, and in a header of every answer'),
    },
    {
      row: 'unknown path 404, wrong verb 405, {message}',
      by: reading('%s is %i, with a message alone'),
    },
    {
      row: 'the original client works (issue 6)',
      by: testsIn('test/api/originalClient.test.ts')(
        'it starts, finds, looks at and stops a request',
        'an id as its find shows it, squeezed in the middle, is understood',
        'a default is a text wherever an arg is optional, as it takes nothing else',
      ),
    },
    {
      row: 'what was answered 201 is committed',
      of: `POST ${requests}`,
      by: create('what was answered outlives a stop right after it'),
    },
  ],
};
