/** What the program `millrace` hosts here: the specs say what is done, the jobs how. */
import { defineConfig } from 'millrace';
import { announce, install, probe } from './jobs.ts';

export default defineConfig({
  specs: 'specs',
  jobs: [install, probe, announce],
});
