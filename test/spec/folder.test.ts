/** A folder of specs that changes: what is taken, what is refused, and what stays in use. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { SpecFolder } from '../../src/spec/folder.ts';
import { problemText } from '../../src/spec/problem.ts';
import { chainsOf, lookEveryMs, openChains } from '../../src/specs.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { tempFolder } from '../kit/tempFolder.ts';

const base = tempFolder();
let path = '';
let count = 0;

const spec = (name: string, type = 'work'): string =>
  `sequences: {${name}: {request: true, nodes: {n: {category: job, type: ${type}}}}}`;
const caller = (name: string, callee: string): string =>
  `sequences: {${name}: {request: true, nodes: {n: {category: sequence, type: ${callee}}}}}`;

/** Each text has a length of its own, so that a change is seen however quick it comes. */
function write(name: string, text: string): void {
  count += 1;
  writeFileSync(join(path, name), `${text}\n#${'.'.repeat(count)}\n`);
}

const typeIn = (folder: SpecFolder, name: string): string | undefined =>
  folder.specs.sequences.get(name)?.nodes.get('n')?.type;

beforeEach(() => {
  path = join(base, `specs-${(count += 1)}`);
  mkdirSync(join(path, 'deep'), { recursive: true });
  write('a.yaml', spec('a'));
  write('deep/b.yaml', spec('b'));
});

describe('a folder of specs', () => {
  test('that has not changed is not read again', async () => {
    const folder = new SpecFolder(path);
    const { specs } = folder;
    expect(await folder.refresh()).toEqual({ taken: [], refused: [], problems: [] });
    expect(folder.specs).toBe(specs);
  });

  test('takes changed, new and deleted files', async () => {
    const folder = new SpecFolder(path);
    write('a.yaml', spec('a', 'other'));
    write('deep/c.yaml', spec('c'));
    rmSync(join(path, 'deep/b.yaml'));
    const { taken, refused } = await folder.refresh();
    expect(taken.map((file) => file.slice(path.length + 1)).toSorted()).toEqual([
      ...['a.yaml', 'deep/b.yaml', 'deep/c.yaml'],
    ]);
    expect(refused).toEqual([]);
    expect([...folder.specs.sequences.keys()]).toEqual(['a', 'c', 'noop']);
    expect(typeIn(folder, 'a')).toBe('other');
  });

  test('keeps what a broken file said before, says why, and takes the good ones beside it', async () => {
    const folder = new SpecFolder(path);
    write('a.yaml', 'sequences: {a: [');
    write('deep/b.yaml', spec('b', 'other'));
    const { taken, refused, problems } = await folder.refresh();
    expect([taken, refused]).toEqual([[join(path, 'deep/b.yaml')], [join(path, 'a.yaml')]]);
    expect(problems.map(problemText).join('\n')).toContain('a.yaml:');
    expect([typeIn(folder, 'a'), typeIn(folder, 'b')]).toEqual(['work', 'other']);
    write('a.yaml', spec('a', 'mended'));
    expect((await folder.refresh()).refused).toEqual([]);
    expect(typeIn(folder, 'a')).toBe('mended');
  });

  test('keeps a file whose deletion leaves others without their sequence', async () => {
    write('deep/b.yaml', caller('b', 'a'));
    const folder = new SpecFolder(path);
    rmSync(join(path, 'a.yaml'));
    const { taken, refused, problems } = await folder.refresh();
    expect([taken, refused]).toEqual([[], [join(path, 'a.yaml')]]);
    expect(problems.map(problemText).join()).toContain('expected the name of a sequence');
    expect(typeIn(folder, 'a')).toBe('work');
  });

  test('takes a refused file once what it needs has come', async () => {
    const folder = new SpecFolder(path);
    write('a.yaml', caller('a', 'later'));
    expect((await folder.refresh()).refused).toEqual([join(path, 'a.yaml')]);
    write('c.yaml', spec('later'));
    expect((await folder.refresh()).refused).toEqual([]);
    expect(typeIn(folder, 'a')).toBe('later');
  });

  test('that cannot be read or has errors is refused at the start, naming the first ones', () => {
    expect(() => new SpecFolder(join(path, 'gone'))).toThrow('cannot be read');
    write('a.yaml', 'sequences: {a: {}, c: {}, d: {}}');
    expect(() => new SpecFolder(path)).toThrow(
      /a\.yaml:1: sequence "a": field 'nodes' missing.*\n.*sequence "c".* \(and 1 more\)\nmend the specs; millrace spec check/s,
    );
  });
});

describe('the chains of a host', () => {
  const quiet = pino({ level: 'silent' });

  test('are fresh within two seconds after a change, and as they were where it is refused', async () => {
    const clock = new FakeClock();
    const fresh = openChains({ chains: [], specs: path }, { clock, log: quiet });
    const types = (): string[] => fresh.chains.map(({ type }) => type);
    expect(types()).toEqual(['a', 'b']);
    write('c.yaml', spec('c'));
    write('a.yaml', 'sequences: [');
    clock.advance(lookEveryMs);
    await eventually(() => {
      expect(types()).toEqual(['a', 'b', 'c']);
    });
    await eventually(() => {
      expect(clock.pending).toBe(1);
    });
    fresh.stop();
    expect(clock.pending).toBe(0);
  });

  test('go on being looked at after the folder was away', async () => {
    const clock = new FakeClock();
    const fresh = openChains({ chains: [], specs: path }, { clock, log: quiet });
    rmSync(path, { recursive: true });
    clock.advance(lookEveryMs);
    await eventually(() => {
      expect(clock.pending).toBe(1);
    });
    expect(fresh.chains).toHaveLength(2);
    mkdirSync(path);
    write('z.yaml', spec('z'));
    clock.advance(lookEveryMs);
    await eventually(() => {
      expect(fresh.chains.map(({ type }) => type)).toEqual(['z']);
    });
    fresh.stop();
  });

  test('may not share a name with a chain of the configuration', () => {
    const [chain] = chainsOf({ chains: [], specs: path });
    if (chain === undefined) throw new Error('there is no chain');
    expect(() => chainsOf({ chains: [chain], specs: path })).toThrow(
      'a request spec and a chain of the configuration are both named "a"; rename one',
    );
  });
});
