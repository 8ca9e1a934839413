/** `npm run docs`: brings the README's included code up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { includeRegions } from './readmeBlocks.ts';

const root = new URL('../../', import.meta.url);
const readme = new URL('README.md', root);
writeFileSync(readme, includeRegions(readFileSync(readme, 'utf8'), root));
