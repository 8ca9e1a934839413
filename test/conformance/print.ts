/** `npm run conformance [-- REPORT.json …]`: the table; after a run with its reports, as vitest writes them. */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { reportOf } from './report.ts';
import type { Result } from './report.ts';
import { sections } from './sections.ts';

const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ title: z.string(), status: z.string() })),
    }),
  ),
});

const root = fileURLToPath(new URL('../../', import.meta.url));
const reports = process.argv.slice(2);

function resultsIn(path: string): Result[] {
  const { testResults } = reportSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((each) => ({ ...each, file: relative(root, name) })),
  );
}

const results = reports.length === 0 ? undefined : reports.flatMap(resultsIn);
const { text, failed } = reportOf(sections, results);
process.stdout.write(text);
process.exitCode = failed > 0 ? 1 : 0;
