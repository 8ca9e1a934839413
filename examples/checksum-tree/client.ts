/** Asks whatever process hosts `.millrace` here, such as `millrace up`, for the chain, and follows it. */
import { connect } from 'millrace';
import { checksumTree } from './checksumTree.ts';

// #region client
const client = await connect();
const request = await client.start(checksumTree, { dir: 'src', out: 'SHA256SUMS' });
request.onStatus(({ jobId, text }) => console.log(jobId, text));
console.log((await request.finished()).state);
await client.close();
// #endregion
