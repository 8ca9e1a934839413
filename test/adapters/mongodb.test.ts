/** What of the MongoDB adapter needs no server: which index answers a question, what an error means, what an entry may be. */
import { inspect } from 'node:util';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { soundOf } from '../../src/adapters/mongodb/entryDocument.ts';
import { masked, meaningOf, toMillraceError } from '../../src/adapters/mongodb/errors.ts';
import { questions, readModelIndexes } from '../../src/adapters/mongodb/readModelCollections.ts';
import { openMongoStore } from '../../src/adapters/mongodb/store.ts';
import { wordOf, wordsOf } from '../../src/ports/findWords.ts';
import { MillraceError, TransientError } from '../../src/protocol/errors.ts';
import { entry } from '../contract/journal.contract.ts';

describe('a question to the read models', () => {
  const asked = {
    'all requests': questions.find({}),
    'a type': questions.find({ type: 'deploy' }),
    'a user': questions.find({ user: 'ada', type: 'deploy' }),
    states: questions.find({ states: ['failed'], since: 1 }),
    'an argument': questions.find({ args: { dir: 'src' }, states: ['failed'] }),
    'a label': questions.find({ labels: { team: 'a' } }),
    'not finished, or lately': questions.find({ since: 1 }),
    'created before': questions.find({ until: 1 }),
    'jobs of a request': questions.jobs('r'),
    'its job log': questions.attempts('r'),
    'what its jobs say': questions.statuses('r'),
    'what runs': questions.running(),
    'what runs of a request': questions.runningOf('r'),
  };

  it.each(Object.entries(asked))(
    'has an index that begins with what is asked: %s',
    (_, question) => {
      const { collection, filter, sort, index } = question;
      const rules: readonly { name: string; key: object }[] = readModelIndexes[collection];
      const key =
        index === '_id_' ? { _id: 1 } : (rules.find(({ name }) => name === index)?.key ?? {});
      const conditions = JSON.stringify(filter);
      const [first = 'no field'] = Object.keys(key);
      const isAsked = conditions.includes(JSON.stringify(first));
      expect(isAsked || Object.keys(sort)[0] === first, `${first} in ${conditions}`).toBe(true);
    },
  );
});

describe('a word of a request', () => {
  it('is an argument or a label with its value as a person writes it', () => {
    const args = '{"dir":"src","dry":true,"n":1.5,"list":[1],"none":null}';
    expect(wordsOf(args, { team: 'a' })).toEqual([
      'arg "dir"=src',
      'arg "dry"=true',
      'arg "n"=1.5',
      'arg "list"=[1]',
      'label "team"=a',
    ]);
    expect(wordsOf('null')).toEqual([]);
    expect(wordsOf('[1]')).toEqual([]);
  });

  it('stands for one pair alone, and stays short', () => {
    expect(wordOf('arg', ['a', 'b=c'])).not.toBe(wordOf('arg', ['a=b', 'c']));
    expect(wordOf('arg', ['a', 'b'])).not.toBe(wordOf('label', ['a', 'b']));
    const long = 'x'.repeat(100_000);
    expect(wordOf('arg', ['a', long]).length).toBeLessThan(100);
    expect(wordOf('arg', ['a', long])).not.toBe(wordOf('arg', ['a', `${long}y`]));
  });
});

describe('an error', () => {
  const server = (code: number, message = 'it failed') => new MongoServerError({ code, message });

  it('of a kind that nobody has listed is tried again', () => {
    expect(meaningOf(server(987654))).toBe('transient');
    expect(meaningOf('thrown')).toBe('transient');
    expect(toMillraceError(server(987654), 'read', 'h/d')).toBeInstanceOf(TransientError);
  });

  it('of the network or an election is tried again', () => {
    expect(meaningOf(new MongoNetworkError('connection closed'))).toBe('transient');
    expect(meaningOf(server(10107))).toBe('transient');
    expect(toMillraceError(server(91), 'read', 'h/d')).toMatchObject({
      code: 'unavailable',
      message:
        'Cannot read in MongoDB at h/d: it failed; a primary is being elected. It is tried again.',
    });
  });

  it('that names a document, a duplicate or a person’s mistake says so', () => {
    expect(meaningOf(server(10334))).toBe('document');
    expect(meaningOf(server(11000))).toBe('duplicate');
    expect(meaningOf(server(18))).toBe('refused');
    expect(toMillraceError(server(18), 'log in', 'h/d')).toMatchObject({
      code: 'store',
      message: expect.stringContaining('check user, password and authSource'),
    });
  });

  it('that is none of MongoDB’s stays as it is', () => {
    const ours = new MillraceError('store', 'missing');
    expect(toMillraceError(ours, 'read', 'h/d')).toBe(ours);
    const bug = new TypeError('x is not a function');
    expect(toMillraceError(bug, 'read', 'h/d')).toBe(bug);
  });

  it('tells no password', () => {
    const url = 'mongodb://ada:se%20cret@db.example:27017/m?x=1 and mongodb+srv://u:p@h/d';
    expect(masked(url)).toBe('mongodb://***@db.example:27017/m?x=1 and mongodb+srv://***@h/d');
    const error = toMillraceError(server(8000, `bad auth at ${url}`), 'log in', 'h/d') as Error;
    expect(`${error.message} ${String(error.cause)}`).not.toMatch(/cret|u:p/);
  });
});

describe('an entry', () => {
  it('over 8 MiB is refused alone, with what comes before it kept', () => {
    const large = entry(2, { body: 'x'.repeat(8 * 1024 * 1024) });
    const { documents, fault } = soundOf([entry(1), large, entry(3)]);
    expect(documents).toHaveLength(1);
    expect(fault).toMatchObject({ index: 1, message: expect.stringContaining('8.0 MiB') });
  });

  it('costs at most 300 bytes beside its body', () => {
    const ulid = '01K4ZZZZZZZZZZZZZZZZZZZZZZ';
    const transitions = [
      { actor: 'job/1234', from: 'running', to: 'complete' },
      { actor: 'job/1235', from: 'pending', to: 'running' },
    ];
    const fields = { token: ulid, group: ulid, type: 'attempt.succeeded', to: 'job/1234' };
    expect(soundOf([entry(1234, { ...fields, transitions })]).bytes).toBeLessThan(300);
  });
});

it('says the password of a server that is not there in no part of an error', async () => {
  const url = 'mongodb://ada:s3cret@127.0.0.1:1/millrace?authSource=admin';
  const opening = openMongoStore({ url, partitions: 4, timeoutMs: 200 });
  const error: unknown = await opening.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TransientError);
  expect(inspect(error, { depth: Infinity, showHidden: true })).toContain('ECONNREFUSED');
  expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('s3cret');
});
