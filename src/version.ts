/** The version of this package, from the package.json that it was installed with. */
import { createRequire } from 'node:module';
import { z } from 'zod';

/** Through the package's own name, which resolves alike in the sources, in dist and when installed. */
const description: unknown = createRequire(import.meta.url)('millrace/package.json');

export const { version } = z.object({ version: z.string() }).parse(description);
