/** Holds the table of who may import whom, and ARCHITECTURE.md's lists against the code. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findCycle, importsOf, sourceFiles } from './kit/imports.ts';
import type { Import } from './kit/imports.ts';
import { rules } from './kit/importRules.ts';
import type { Rule } from './kit/importRules.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = sourceFiles(root, ['src', 'machines', 'actors', 'examples']);
const imports = files.flatMap((file) => importsOf(root, file));
const architecture = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');

function ruleOf(file: string): Rule | undefined {
  return rules.find(({ from }) => fits(file, from));
}

function fits(name: string, pattern: string): boolean {
  return /[/:]$/.test(pattern) ? name.startsWith(pattern) : name === pattern;
}

/** What is wrong with an import, in a sentence that names file, import and rule; undefined when nothing is. */
function broken({ file, target, typeOnly }: Import): string | undefined {
  const rule = ruleOf(file);
  if (!rule) return `${file} imports ${target}, but no rule says what a file there may import`;
  const allowed = [...rule.may, ...(typeOnly ? (rule.mayTypes ?? []) : [])];
  if (allowed.some((pattern) => fits(target, pattern))) return undefined;
  const types = rule.mayTypes ? `; as types also ${rule.mayTypes.join(', ')}` : '';
  return `${file} imports ${target}, but ${rule.from} may import only ${rule.may.join(', ')}${types}`;
}

describe('imports', () => {
  test('point only where the table lets them', () => {
    expect(imports.map(broken).filter((fault) => fault !== undefined)).toEqual([]);
  });

  test('form no cycle', () => {
    expect(findCycle(imports)?.join(' → ')).toBeUndefined();
  });

  test('never lead into test/', () => {
    const faults = imports.filter(({ target }) => target.startsWith('test/'));
    expect(faults.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  test('every file has a rule', () => {
    expect(files.filter((file) => !ruleOf(file))).toEqual([]);
  });
});

describe('the table', () => {
  const from = { file: 'machines/job.ts', typeOnly: false };

  test('refuses what it does not name, and says which rule was broken', () => {
    expect(broken({ ...from, target: 'zod' })).toBe(
      'machines/job.ts imports zod, but machines/ may import only machines/, xstate',
    );
  });

  test('lets a types-only import through where a run-time one is refused', () => {
    const wire = { file: 'src/protocol/attempts.ts', target: 'machines/job.ts' };
    expect(broken({ ...wire, typeOnly: true })).toBeUndefined();
    expect(broken({ ...wire, typeOnly: false })).toContain('as types also machines/');
  });

  test('finds a cycle, but not one of types', () => {
    const there = { file: 'a.ts', target: 'b.ts', typeOnly: false };
    const back = { file: 'b.ts', target: 'a.ts' };
    expect(findCycle([there, { ...back, typeOnly: false }])).toEqual(['a.ts', 'b.ts', 'a.ts']);
    expect(findCycle([there, { ...back, typeOnly: true }])).toBeUndefined();
  });
});

describe('ARCHITECTURE.md', () => {
  const rows = new Set([...architecture.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]));

  test('says of every runtime dependency why it is there', () => {
    const manifest = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    ) as { dependencies: Record<string, string> };
    expect(Object.keys(manifest.dependencies).filter((name) => !rows.has(name))).toEqual([]);
  });

  test('lists every error code', () => {
    const text = readFileSync(new URL('../src/protocol/errors.ts', import.meta.url), 'utf8');
    const codes = [...text.matchAll(/^ {2}\| '([a-z-]+)'/gm)].map((match) => match[1]);
    expect(codes).toContain('fenced');
    expect(codes.filter((code) => !rows.has(code))).toEqual([]);
  });
});
