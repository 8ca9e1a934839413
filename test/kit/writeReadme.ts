/** `npm run docs`: brings the included code of all READMEs up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { includeRegions, readmes } from './readmeBlocks.ts';

const root = new URL('../../', import.meta.url);
for (const path of readmes(root)) {
  writeFileSync(path, includeRegions(readFileSync(path, 'utf8'), root));
}
