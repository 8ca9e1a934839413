/** Tests: everything in test/, with a RabbitMQ for the files that ask for its address. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/kit/globalSetup.ts'],
    testTimeout: 30_000,
    pool: 'forks',
    // Threads that a test starts read the sources, too.
    execArgv: ['--import', './test/kit/tsLoader.mjs'],
  },
});
