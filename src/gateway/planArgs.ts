/** Args in a plan: are they JSON, do they fit the job's schema. What is stored is what the user gave. */
import type { JobDefinition } from '../definitions.ts';
import { jsonProblem } from '../protocol/json.ts';

/** Zod's issues in one line: `args.size: expected number`. */
export function issuesOf(
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): string {
  return issues
    .map(({ path, message }) => `${['args', ...path.map(String)].join('.')}: ${message}`)
    .join('; ');
}

/** The args as JSON, unparsed, because the worker parses them with the schema again; or what is wrong. */
export function storedArgs(
  { args: schema }: JobDefinition,
  args: unknown,
): { value: unknown } | { problem: string; cause?: unknown } {
  try {
    const problem = args === undefined ? undefined : jsonProblem(args, 'args');
    if (problem !== undefined) return { problem: `${problem}; give JSON only` };
    const value: unknown = args === undefined ? undefined : JSON.parse(JSON.stringify(args));
    const parsed = schema.safeParse(value);
    if (parsed.success) return { value };
    return { problem: `its args do not fit its schema: ${issuesOf(parsed.error.issues)}` };
  } catch (cause) {
    return { problem: `its args schema threw: ${String(cause)}; keep it synchronous`, cause };
  }
}
