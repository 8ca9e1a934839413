#!/usr/bin/env node
/** The program `millrace`: hands the command line what it needs to host and to read. */
import { runCli } from './cli/program.ts';
import { createMillrace, openReader } from './compose.ts';
import * as millrace from './index.ts';

const code = await runCli(process.argv, { host: createMillrace, openReader, millrace });
// What is left open, such as a handler that ignores its signal, must not keep the program.
process.stdout.write('', () => process.exit(code));
