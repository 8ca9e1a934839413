#!/usr/bin/env node
/** The program `millrace`: hands the command line what it needs to host and to read, loaded when it is asked for. */
import { runCli } from './cli/program.ts';

const code = await runCli(process.argv, {
  host: async (config, ports) => (await import('./compose.ts')).createMillrace(config, ports),
  openReader: async (config) => (await import('./openReader.ts')).openReader(config),
  millrace: () => import('./index.ts'),
});
// What is left open, such as a handler that ignores its signal, must not keep the program.
process.stdout.write('', () => process.exit(code));
