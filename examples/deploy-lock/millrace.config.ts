/** What the program `millrace` hosts here. */
import { defineConfig } from 'millrace';
import { deploy } from './deploy.ts';
import { environment } from './environment.ts';
import { rollOut } from './rollOut.ts';

export default defineConfig({ actors: [deploy, environment], jobs: [rollOut] });
