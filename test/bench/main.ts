/** `npm run bench [-- --json FILE]`: every figure of the README and ARCHITECTURE; no part of the tests. */
import { parseArgs } from 'node:util';
import { collectEarly } from '../../src/collector.ts';
import { openChildren } from './children.ts';
import { benchCreates } from './creates.ts';
import { benchFind } from './find.ts';
import { benchHop } from './hop.ts';
import { benchCluster } from './cluster.ts';
import { benchFailover, benchJoin } from './failover.ts';
import { benchLarge, benchSnapshots } from './large.ts';
import { benchLone } from './lone.ts';
import { benchRecovery } from './recovery.ts';
import { Report } from './report.ts';
import { benchSpecs } from './specs.ts';
import { benchSuspended } from './suspended.ts';
import { benchThroughput } from './throughput.ts';
import { benchTracker } from './tracker.ts';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
collectEarly();
const report = new Report();
report.heading();
const wants = (name: string): boolean => values.only === undefined || values.only === name;
if (wants('hop')) await benchHop(report);
if (wants('lone')) await benchLone(report);
if (wants('specs')) await benchSpecs(report);
if (wants('throughput')) await benchThroughput(report);
if (wants('tracker')) await benchTracker(report);
if (wants('find')) await benchFind(report);
const children = openChildren();
try {
  if (wants('creates')) await benchCreates(report, children);
  if (wants('large')) await benchLarge(report, children);
  if (wants('snapshots')) await benchSnapshots(report);
  if (wants('recovery')) await benchRecovery(report, children);
  if (wants('suspended')) await benchSuspended(report, children);
  if (wants('cluster')) await benchCluster(report, children);
  if (wants('failover')) await benchFailover(report, children);
  if (wants('join')) await benchJoin(report, children);
} finally {
  children.close();
}
if (values.json !== undefined) report.write(values.json);
