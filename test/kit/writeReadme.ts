/** `npm run docs`: brings the included code of all READMEs and the documents of messages and API up to date. */
import { readFileSync, writeFileSync } from 'node:fs';
import { includeRegions, readmes } from './readmeBlocks.ts';

import { asyncApiText, openApiText } from './apiTexts.ts';

const root = new URL('../../', import.meta.url);
for (const path of readmes(root)) {
  writeFileSync(path, includeRegions(readFileSync(path, 'utf8'), root));
}
writeFileSync(new URL('asyncapi.json', root), await asyncApiText(root));
writeFileSync(new URL('openapi.json', root), await openApiText(root));
