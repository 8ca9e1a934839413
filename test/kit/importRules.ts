/** Who may import whom: the table that `test/architecture.test.ts` holds the code against. */

export type Rule = {
  /** A file, or a folder with its slash at the end. */
  from: string;
  /** Files, folders (`src/ports/`) and packages (`zod`, `node:` for all of Node's). */
  may: readonly string[];
  /** What it may import as types alone. */
  mayTypes?: readonly string[];
};

/** The first rule that fits a file is its rule. */
export const rules: readonly Rule[] = [
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
      ...['src/api/options.ts', 'src/auth/', 'src/commandJob.ts', 'src/configChecks.ts'],
      ...['src/configFile.ts', 'src/definitions.ts', 'src/protocol/'],
      ...['src/runtime/actor.ts', 'zod', 'node:'],
    ],
  },
  {
    from: 'src/configChecks.ts',
    may: ['src/auth/loopback.ts', 'src/protocol/errors.ts'],
    mayTypes: ['src/config.ts'],
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
  { from: 'src/newId.ts', may: ['ulid', 'node:crypto'] },
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
      ...['src/api/wire.ts', 'src/compose.ts', 'src/connect.ts', 'src/heads.ts'],
      ...['src/openHeads.ts', 'src/remote/'],
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
    from: 'src/remote/',
    may: [
      ...['src/remote/', 'src/api/wire.ts', 'src/client.ts', 'src/newId.ts', 'src/protocol/'],
      ...['zod', 'node:'],
    ],
    mayTypes: [
      ...['actors/', 'src/connect.ts', 'src/link.ts', 'src/openReader.ts', 'src/openTracked.ts'],
      ...['src/ports/', 'src/reader.ts', 'src/tracker/'],
    ],
  },
  {
    from: 'src/main.ts',
    may: [
      ...['src/cli/', 'src/collector.ts', 'src/compose.ts', 'src/connect.ts', 'src/index.ts'],
      ...['src/openReader.ts', 'src/openHeads.ts', 'src/openRejected.ts', 'src/openTracked.ts'],
      ...['src/describe.ts', 'src/remote/'],
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
