/** Tests: everything in test/, with a RabbitMQ for the files that ask for its address. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // What examples import is this very copy.
  resolve: { alias: { millrace: new URL('./src/index.ts', import.meta.url).pathname } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/kit/globalSetup.ts'],
    testTimeout: 30_000,
    pool: 'forks',
    // Threads that a test starts read the sources, too.
    execArgv: ['--import', './test/kit/tsLoader.mjs'],
  },
});
