#!/usr/bin/env node
/** The program `millrace`: hands the command line what it needs to host and to read, loaded when it is asked for. */
import { runCli } from './cli/program.ts';
import { collectEarly } from './collector.ts';

collectEarly();
const code = await runCli(process.argv, {
  host: async (config, ports) => (await import('./compose.ts')).createMillrace(config, ports),
  openHeads: async (config) => (await import('./openHeads.ts')).openHeads(config),
  openReader: async (config) => (await import('./openReader.ts')).openReader(config),
  connect: async (config) =>
    (await import('./connect.ts')).openConnection(config, { patienceMs: 5000 }),
  hostOf: async (config) => (await import('./connect.ts')).hostOf(config),
  describeMessages: async (config) => (await import('./describe.ts')).describeMessages(config),
  describeApi: async () => (await import('./describe.ts')).describeApi(),
  openRejected: async (config) => (await import('./openRejected.ts')).openRejected(config),
  machineOf: async (...asked) => (await import('./openReader.ts')).machineOf(...asked),
  openTracked: async (...asked) => (await import('./openTracked.ts')).openTracked(...asked),
  rebuildReadModels: async (...asked) =>
    (await import('./openTracked.ts')).rebuildReadModels(...asked),
  remote: async (options) => (await import('./remote/open.ts')).openRemote(options),
  millrace: () => import('./index.ts'),
});
// What is left open, such as a handler that ignores its signal, must not keep the program.
process.stdout.write('', () => process.exit(code));
