/** `npm run bench [-- --json FILE]`: every figure of the README and ARCHITECTURE; no part of the tests. */
import { parseArgs } from 'node:util';
import { benchLone } from './lone.ts';
import { Report } from './report.ts';
import { benchThroughput } from './throughput.ts';
import { benchTracker } from './tracker.ts';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const report = new Report();
report.heading();
const wants = (name: string): boolean => values.only === undefined || values.only === name;
if (wants('lone')) await benchLone(report);
if (wants('throughput')) await benchThroughput(report);
if (wants('tracker')) await benchTracker(report);
if (values.json !== undefined) report.write(values.json);
