/** The same chain from a program of your own, instead of from the command line. */
import { createMillrace } from 'millrace';
import { checksumTree, hashFile, writeSums } from './checksumTree.ts';

// #region program
const millrace = createMillrace({ jobs: [hashFile, writeSums], chains: [checksumTree] });
await millrace.start();
const request = await millrace.client.start(checksumTree, { dir: 'src', out: 'SHA256SUMS' });
for await (const { actor, from, to } of request.transitions()) {
  console.log(actor, from, '→', to);
}
console.log((await request.finished()).state);
await millrace.stop();
// #endregion
