/**
 * Lets a plain `node --import ./test/kit/tsLoader.mjs file.ts` run TypeScript from the sources, for tests that
 * need a process of their own: Node 20 reads no TypeScript, and a fresh clone has no dist.
 */
import { register } from 'node:module';

register('./tsHooks.mjs', import.meta.url);
