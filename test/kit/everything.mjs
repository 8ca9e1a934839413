/**
 * `npm test`: build, checks, then every suite, one after another so that they do not compete for the
 * machine; then the table of the specification's rows, each with its tests and how they ended. Ends with what
 * failed, so that the end of the output alone tells it, and the sum of all suites on a line of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const checks = ['build', 'format:check', 'lint', 'types', 'dead'];
const suites = ['test:unit', 'test:contract', 'test:integration', 'test:faults'];

/** @param {string[]} args */
function npmRun(args) {
  return spawnSync('npm', ['run', '--silent', ...args], { stdio: 'inherit' }).status ?? 1;
}

/** What failed in a suite, each with the beginning of its first message.
 * @param {{ testResults: { name: string, message: string, assertionResults: { fullName: string, status: string, failureMessages: string[] }[] }[] }} report */
function failuresIn(report) {
  return report.testResults.flatMap(({ name, message, assertionResults }) => {
    const tests = assertionResults.filter(({ status }) => status === 'failed');
    const failed = tests.map((test) => ({
      of: ` > ${test.fullName}`,
      why: test.failureMessages[0],
    }));
    if (failed.length === 0 && message) failed.push({ of: '', why: message });
    return failed.map(({ of, why = '' }) => {
      const lines = why.split('\n').slice(0, 12);
      return [`${relative(process.cwd(), name)}${of}`, ...lines.map((line) => `    ${line}`)].join(
        '\n',
      );
    });
  });
}

/** Runs one suite and counts its tests; a suite that fails as a whole counts as one failed test.
 * @param {string} suite
 * @param {string} folder */
function runSuite(suite, folder) {
  console.log(`\n# ${suite}`);
  const report = join(folder, `${suite.replace(':', '-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = npmRun([suite, '--', ...reporters]);
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
  try {
    const read = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = read.numPassedTests;
    counts.failed = read.numFailedTests;
    counts.skipped = read.numPendingTests + read.numTodoTests;
    counts.failures = failuresIn(read);
  } catch (error) {
    console.error(`${suite} left no report: ${error instanceof Error ? error.message : error}`);
  }
  if (status !== 0 && counts.failed === 0) {
    counts.failed = 1;
    counts.failures = [`${suite} ended with ${status}, and no test of it failed`];
  }
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
const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
for (const suite of suites) {
  const counts = runSuite(suite, folder);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  total.failures.push(...counts.failures);
}

const reports = readdirSync(folder).map((name) => join(folder, name));
console.log('\n# the specification, row by row');
if (npmRun(['conformance', '--', ...reports]) !== 0) {
  total.failed += 1;
  total.failures.push('a row of the specification is not covered by tests that passed: see above');
}
rmSync(folder, { recursive: true, force: true });

if (total.failures.length > 0) console.log(`\n# failed\n${total.failures.join('\n')}`);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
