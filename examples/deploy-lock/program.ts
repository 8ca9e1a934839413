/** Two deploys to one environment: the second waits for the first. */
import { createMillrace } from 'millrace';
import { deploy } from './deploy.ts';
import { environment } from './environment.ts';
import { rollOut } from './rollOut.ts';

// #region program
const millrace = createMillrace({ actors: [deploy, environment], jobs: [rollOut] });
await millrace.start();
const { client } = millrace;
const results = await Promise.all(
  ['1.4.0', '1.4.1'].map((version) =>
    client.send(`deploy-${version}/deploy/main`, {
      type: 'deploy.start',
      environment: 'staging',
      version,
    }),
  ),
);
console.log(results, await client.query('staging', 'queue'));
await millrace.stop();
// #endregion
