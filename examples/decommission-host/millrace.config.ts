/** What the program `millrace` hosts here: the specs say what is done, the jobs how. */
import { defineConfig } from 'millrace';
import { drainHost, findHost, removeHost, verifyEmpty } from './jobs.ts';

export default defineConfig({
  specs: 'specs',
  jobs: [findHost, drainHost, verifyEmpty, removeHost],
});
