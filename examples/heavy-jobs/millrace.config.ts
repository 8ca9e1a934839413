/** What the program `millrace` hosts here; the process of an isolated job reads it again. */
import { defineConfig } from 'millrace';
import { checksum, countWords, packFile, packTexts, sortFile } from './heavyJobs.ts';

export default defineConfig({
  jobs: [sortFile, packFile, checksum, countWords],
  chains: [packTexts],
});
