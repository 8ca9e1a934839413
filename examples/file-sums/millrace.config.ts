/** What the program `millrace` hosts here; `commands` lets the specs start programs. */
import { defineConfig } from 'millrace';
import { listFiles, writeSums } from './jobs.ts';

export default defineConfig({
  specs: 'specs',
  commands: true,
  jobs: [listFiles, writeSums],
});
