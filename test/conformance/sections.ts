/** The table of what the specification says, and the tests that show it (issue 6). */
import { api } from './api.ts';
import { auth, mended } from './auth.ts';
import { counters, running, stopping, suspending } from './chains.ts';
import { client, linter } from './commands.ts';
import { graphChecks } from './graph.ts';
import type { Section } from './row.ts';
import { staticChecks } from './static.ts';

export const sections: readonly Section[] = [
  staticChecks,
  graphChecks,
  api,
  auth,
  counters,
  running,
  stopping,
  suspending,
  client,
  linter,
  mended,
];
