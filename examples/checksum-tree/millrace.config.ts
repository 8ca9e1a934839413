/** What the program `millrace` hosts here. */
import { defineConfig } from 'millrace';
import { checksumTree, hashFile, writeSums } from './checksumTree.ts';

export default defineConfig({
  jobs: [hashFile, writeSums],
  chains: [checksumTree],
});
