/** The version of this package, from the package.json that it was installed with. */
import { createRequire } from 'node:module';

/** Through the package's own name, which resolves alike in the sources, in dist and when installed. */
const description: unknown = createRequire(import.meta.url)('millrace/package.json');

export const version = versionIn(description);

/** A cast: npm publishes no package without a version. */
function versionIn(manifest: unknown): string {
  return (manifest as { version: string }).version;
}
