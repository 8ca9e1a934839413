/** Holds the table of who may import whom, and ARCHITECTURE.md's lists against the code. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findCycle, importsOf, sourceFiles } from './kit/imports.ts';
import type { Import } from './kit/imports.ts';

type Rule = {
  /** A file, or a folder with its slash at the end. */
  from: string;
  /** Files, folders (`src/ports/`) and packages (`zod`, `node:` for all of Node's). */
  may: readonly string[];
  /** What it may import as types alone. */
  mayTypes?: readonly string[];
};

/** The first rule that fits a file is its rule. */
const rules: readonly Rule[] = [
  { from: 'machines/', may: ['machines/', 'xstate'] },
  {
    from: 'actors/',
    may: ['actors/', 'machines/', 'src/runtime/actor.ts', 'src/protocol/', 'zod'],
    mayTypes: ['xstate'],
  },
  {
    from: 'src/protocol/',
    may: ['src/protocol/', 'zod', 'node:crypto'],
    mayTypes: ['machines/', 'src/ports/broker.ts'],
  },
  {
    from: 'src/ports/readmodels.ts',
    may: ['src/ports/', 'src/protocol/'],
    mayTypes: ['machines/tracked.ts'],
  },
  { from: 'src/ports/', may: ['src/ports/', 'src/protocol/'] },
  {
    from: 'src/runtime/',
    may: [
      ...['src/runtime/', 'src/ports/', 'src/protocol/', 'machines/chunks.ts'],
      ...['xstate', 'zod', 'cron-parser', 'ulid', 'node:crypto', 'node:util'],
    ],
    mayTypes: ['machines/', 'pino'],
  },
  {
    from: 'src/worker/',
    may: [
      ...['src/worker/', 'src/ports/', 'src/protocol/', 'src/definitions.ts'],
      ...['src/runtime/backoff.ts', 'src/runtime/nextTurn.ts', 'zod', 'ulid', 'node:'],
    ],
    mayTypes: ['pino'],
  },
  {
    from: 'src/gateway/',
    may: [
      ...['src/gateway/', 'src/ports/', 'src/protocol/', 'src/spec/', 'src/definitions.ts'],
      ...['machines/graph.ts', 'machines/chunks.ts', 'src/runtime/nextTurn.ts'],
      ...['src/runtime/backoff.ts', 'src/worker/publisher.ts', 'src/worker/subscription.ts'],
      ...['zod', 'ulid', 'node:crypto', 'node:util'],
    ],
    mayTypes: ['machines/', 'pino'],
  },
  {
    from: 'src/spec/',
    may: [
      ...['src/spec/', 'src/protocol/', 'src/gateway/suggest.ts', 'machines/graph.ts'],
      ...['yaml', 'node:fs', 'node:fs/promises', 'node:path'],
    ],
  },
  { from: 'src/adapters/systemClock.ts', may: ['src/ports/'] },
  adapter('smqp', 'smqp'),
  adapter('rabbitmq', 'amqplib', 'zod', 'src/runtime/backoff.ts'),
  adapter('sqlite', 'libsql'),
  adapter('mongodb', 'mongodb'),
  { from: 'src/version.ts', may: ['node:'] },
  { from: 'src/collector.ts', may: ['node:'] },
  { from: 'src/auth/acl.ts', may: ['src/protocol/errors.ts'] },
  {
    from: 'src/auth/',
    may: ['src/auth/', 'src/gateway/asked.ts', 'src/protocol/', 'zod', 'node:crypto'],
    mayTypes: ['src/definitions.ts', 'src/gateway/authorise.ts', 'src/ports/', 'pino'],
  },
  { from: 'src/definitionChecks.ts', may: ['src/protocol/errors.ts'] },
  {
    from: 'src/definitions.ts',
    may: ['src/auth/acl.ts', 'src/definitionChecks.ts', 'zod'],
    mayTypes: ['machines/graph.ts', 'src/spec/types.ts'],
  },
  { from: 'src/commandJob.ts', may: ['src/definitions.ts', 'zod'] },
  {
    from: 'src/config.ts',
    may: [
      ...['src/api/options.ts', 'src/auth/', 'src/commandJob.ts', 'src/configFile.ts'],
      'src/definitions.ts',
      ...['src/protocol/', 'src/runtime/actor.ts', 'zod', 'node:'],
    ],
  },
  {
    from: 'src/configFile.ts',
    may: ['src/protocol/', 'c12', 'node:'],
    mayTypes: ['src/config.ts'],
  },
  { from: 'src/follow.ts', may: ['src/protocol/'], mayTypes: ['src/link.ts', 'src/reader.ts'] },
  {
    from: 'src/control/',
    may: ['src/control/', 'src/protocol/', 'fastify', 'zod', 'node:'],
    mayTypes: ['src/link.ts', 'src/reader.ts', 'pino'],
  },
  {
    from: 'src/api/',
    may: [
      ...['src/api/', 'src/protocol/', 'src/spec/duration.ts'],
      ...['src/spec/requestArgs.ts', 'src/spec/types.ts', 'fastify', 'zod', 'node:'],
    ],
    mayTypes: [
      ...['machines/', 'src/auth/', 'src/definitions.ts', 'src/link.ts', 'src/ports/'],
      ...['src/reader.ts', 'src/tracker/', 'pino'],
    ],
  },
  { from: 'src/storedPlan.ts', may: ['src/protocol/'], mayTypes: ['machines/', 'src/ports/'] },
  { from: 'src/newId.ts', may: ['ulid'] },
  {
    from: 'src/connectCluster.ts',
    may: [
      ...['src/adapters/', 'src/client.ts', 'src/clusterLink.ts', 'src/newId.ts'],
      ...['src/openReader.ts', 'src/openStore.ts', 'src/roles/news.ts'],
    ],
    mayTypes: ['src/config.ts', 'src/connect.ts', 'src/ports/'],
  },
  {
    from: 'src/openStore.ts',
    may: ['src/adapters/', 'node:'],
    mayTypes: ['src/config.ts', 'src/ports/'],
  },
  {
    from: 'src/connect.ts',
    may: [
      ...['src/control/', 'src/client.ts', 'src/config.ts', 'src/newId.ts', 'src/openReader.ts'],
      ...['src/connectCluster.ts', 'node:'],
    ],
    mayTypes: ['src/link.ts'],
  },
  {
    from: 'src/link.ts',
    may: ['src/protocol/'],
    mayTypes: [
      ...['src/definitions.ts', 'src/gateway/rejectedQueue.ts', 'src/ports/', 'src/reader.ts'],
      'src/runtime/actor.ts',
    ],
  },
  {
    from: 'src/replies.ts',
    may: ['src/protocol/', 'src/worker/subscription.ts', 'zod'],
    mayTypes: ['src/ports/'],
  },
  { from: 'src/reconcile.ts', may: ['src/protocol/'], mayTypes: ['src/replies.ts'] },
  link('src/hostLink.ts', ['src/runtime/feed.ts', 'src/runtime/valve.ts']),
  link('src/clusterLink.ts', []),
  {
    from: 'src/client.ts',
    may: ['src/follow.ts', 'src/protocol/states.ts'],
    mayTypes: [
      ...['src/definitions.ts', 'src/link.ts', 'src/protocol/', 'src/reader.ts'],
      ...['src/runtime/actor.ts', 'zod'],
    ],
  },
  { from: 'src/heads.ts', may: ['src/ports/', 'src/protocol/'] },
  {
    from: 'src/openHeads.ts',
    may: ['src/heads.ts', 'src/openStore.ts'],
    mayTypes: ['src/config.ts'],
  },
  { from: 'src/eventLog.ts', may: ['src/ports/', 'src/protocol/', 'src/runtime/'] },
  { from: 'src/query.ts', may: ['src/gateway/suggest.ts', 'src/protocol/', 'src/runtime/'] },
  {
    from: 'src/reader.ts',
    may: [
      'src/eventLog.ts',
      'src/heads.ts',
      'src/query.ts',
      'src/ports/',
      'src/protocol/',
      'src/runtime/',
    ],
    mayTypes: ['actors/'],
  },
  {
    from: 'src/past.ts',
    may: ['src/reader.ts', 'src/protocol/', 'src/runtime/'],
    mayTypes: ['actors/'],
  },
  {
    from: 'src/tracker/',
    may: [
      ...['src/tracker/', 'src/ports/', 'src/protocol/', 'machines/tracker.ts'],
      ...['machines/chunks.ts', 'src/runtime/step.ts', 'src/runtime/transitions.ts'],
      ...['node:timers/promises', 'node:worker_threads'],
    ],
    mayTypes: ['xstate'],
  },
  {
    from: 'src/trackerThread.ts',
    may: [...['src/adapters/', 'src/protocol/', 'src/tracker/', 'node:worker_threads']],
  },
  {
    from: 'src/isolated.ts',
    may: [
      ...['src/adapters/systemClock.ts', 'src/config.ts', 'src/index.ts', 'src/offer.ts'],
      ...['src/protocol/errors.ts', 'src/worker/'],
    ],
    mayTypes: ['src/definitions.ts'],
  },
  {
    from: 'src/roles/',
    may: [
      ...['src/roles/', 'src/adapters/', 'src/api/', 'src/auth/', 'src/config.ts'],
      ...['src/control/', 'src/newId.ts', 'src/storedPlan.ts', 'src/version.ts'],
      ...['src/clusterLink.ts', 'src/hostLink.ts', 'src/link.ts', 'src/reader.ts', 'src/gateway/'],
      'src/openStore.ts',
      ...['src/ports/', 'src/protocol/', 'src/runtime/', 'src/tracker/', 'src/worker/'],
      ...['pino', 'prom-client', 'node:'],
    ],
    mayTypes: ['src/definitions.ts', 'machines/'],
  },
  {
    from: 'src/specs.ts',
    may: ['src/definitions.ts', 'src/gateway/specChains.ts', 'src/protocol/', 'src/spec/'],
    mayTypes: ['src/config.ts', 'src/ports/', 'pino'],
  },
  { from: 'src/offer.ts', may: [], mayTypes: ['src/config.ts'] },
  {
    from: 'src/cli/',
    may: [
      ...['src/cli/', 'src/client.ts', 'src/config.ts', 'src/definitions.ts', 'src/protocol/'],
      ...['src/gateway/asked.ts', 'src/gateway/plan.ts', 'src/gateway/suggest.ts', 'src/spec/'],
      ...['src/specs.ts', 'src/version.ts', 'commander', 'cli-progress', 'get-east-asian-width'],
      ...['picocolors', 'pino', 'node:', 'src/api/requestArgs.ts'],
    ],
    mayTypes: [
      ...[
        'src/api/wire.ts',
        'src/compose.ts',
        'src/connect.ts',
        'src/heads.ts',
        'src/openHeads.ts',
      ],
      ...['src/openReader.ts', 'src/openRejected.ts', 'src/openTracked.ts'],
      ...['src/past.ts', 'src/ports/readmodels.ts', 'src/reader.ts', 'src/tracker/', 'xstate'],
    ],
  },
  {
    from: 'src/compose.ts',
    may: [
      ...['actors/', 'src/auth/', 'src/protocol/', 'src/roles/', 'src/runtime/', 'src/client.ts'],
      ...['src/config.ts', 'src/offer.ts', 'src/specs.ts', 'src/version.ts'],
    ],
    mayTypes: ['src/definitions.ts'],
  },
  {
    from: 'src/describe.ts',
    may: ['actors/', 'src/api/', 'src/protocol/', 'src/version.ts'],
    mayTypes: ['src/config.ts'],
  },
  {
    from: 'src/openRejected.ts',
    may: ['src/connect.ts', 'src/gateway/rejectedQueue.ts', 'src/roles/ports.ts'],
    mayTypes: ['src/config.ts'],
  },
  {
    from: 'src/openReader.ts',
    may: [
      ...['actors/', 'src/protocol/', 'src/runtime/'],
      ...['src/openStore.ts', 'src/past.ts', 'src/reader.ts'],
    ],
    mayTypes: ['src/config.ts', 'src/ports/', 'xstate'],
  },
  {
    from: 'src/openTracked.ts',
    may: [
      ...['src/adapters/', 'src/control/', 'src/openStore.ts', 'src/protocol/'],
      ...['src/tracker/', 'node:'],
    ],
    mayTypes: ['src/config.ts'],
  },
  {
    from: 'src/index.ts',
    may: [
      ...['src/client.ts', 'src/compose.ts', 'src/config.ts', 'src/connect.ts'],
      ...['src/definitions.ts', 'src/protocol/errors.ts', 'src/reader.ts', 'src/runtime/actor.ts'],
    ],
    mayTypes: ['src/auth/', 'src/ports/', 'src/protocol/'],
  },
  {
    from: 'src/main.ts',
    may: [
      ...['src/cli/', 'src/collector.ts', 'src/compose.ts', 'src/connect.ts', 'src/index.ts'],
      ...['src/openReader.ts', 'src/openHeads.ts', 'src/openRejected.ts', 'src/openTracked.ts'],
      'src/describe.ts',
    ],
  },
  { from: 'examples/', may: ['examples/', 'millrace', 'xstate', 'zod', 'node:'] },
];

/** A link asks and answers over the broker. */
function link(from: string, mayTypes: readonly string[]): Rule {
  const own = ['src/link.ts', 'src/reconcile.ts', 'src/replies.ts', 'src/gateway/rejectedQueue.ts'];
  return { from, may: [...own, 'src/protocol/', 'zod'], mayTypes: ['src/reader.ts', ...mayTypes] };
}

/** An adapter makes ports real with one driver, and knows no other adapter. */
function adapter(name: string, ...drivers: string[]): Rule {
  const folder = `src/adapters/${name}/`;
  return {
    from: folder,
    may: [folder, 'src/ports/', 'src/protocol/', ...drivers, 'ulid', 'node:'],
  };
}

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
