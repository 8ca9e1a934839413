/**
 * `npm test`: build, checks, then every suite, one after another so that they do not compete for the
 * machine; then the table of the specification's rows, each with its tests and how they ended. Ends with the
 * sum of all suites on a line of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const checks = ['build', 'format:check', 'lint', 'types', 'dead'];
const suites = ['test:unit', 'test:contract', 'test:integration', 'test:faults'];

/** @param {string[]} args */
function npmRun(args) {
  return spawnSync('npm', ['run', '--silent', ...args], { stdio: 'inherit' }).status ?? 1;
}

/** Runs one suite and counts its tests; a suite that fails as a whole counts as one failed test.
 * @param {string} suite
 * @param {string} folder */
function runSuite(suite, folder) {
  console.log(`\n# ${suite}`);
  const report = join(folder, `${suite.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = npmRun([suite, '--', ...reporters]);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    const read = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = read.numPassedTests;
    counts.failed = read.numFailedTests;
    counts.skipped = read.numPendingTests + read.numTodoTests;
  } catch (error) {
    console.error(`${suite} left no report: ${error instanceof Error ? error.message : error}`);
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

for (const check of checks) {
  console.log(`# ${check}`);
  const status = npmRun([check]);
  if (status !== 0) {
    console.error(`npm run ${check} failed; no test was run`);
    process.exit(status);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'));
const total = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites) {
  const counts = runSuite(suite, folder);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}

const reports = readdirSync(folder).map((name) => join(folder, name));
console.log('\n# the specification, row by row');
if (npmRun(['conformance', '--', ...reports]) !== 0) total.failed += 1;
rmSync(folder, { recursive: true, force: true });

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
