/** Runs a chain's `plan` with the args of a request; what comes out is data, for the chain machine. */
import type { Plan } from '../../machines/graph.ts';
import type { ChainDefinition, JobDefinition } from '../definitions.ts';
import { messageOf, MillraceError } from '../protocol/errors.ts';
import { issuesOf } from './planArgs.ts';
import { planError, PlanBuilder } from './planBuilder.ts';

/** The plan of `chain` for `args`; `jobs` are the registered ones by type. Rejects with MillraceError `plan`. */
export async function planChain(
  chain: ChainDefinition,
  args: unknown,
  jobs: ReadonlyMap<string, JobDefinition>,
): Promise<Plan> {
  const parsed = parseArgs(chain, args);
  if (chain.planSpec !== undefined) return chain.planSpec(args, jobs);
  const builder = new PlanBuilder(chain, jobs);
  try {
    await chain.plan({
      args: parsed,
      job: (definition, jobArgs, options) => builder.job(definition, jobArgs, options),
      sequence: (name, options, body) => builder.sequence(name, options, body),
    });
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'plan') throw error;
    throw planError(
      chain,
      `its plan threw: ${messageOf(error)}; correct the plan or its args`,
      error,
    );
  }
  return await builder.finish();
}

function parseArgs(chain: ChainDefinition, args: unknown): unknown {
  let parsed: ReturnType<typeof chain.args.safeParse>;
  try {
    parsed = chain.args.safeParse(args);
  } catch (error) {
    throw planError(
      chain,
      `its args schema threw: ${messageOf(error)}; keep it synchronous`,
      error,
    );
  }
  if (parsed.success) return parsed.data;
  throw planError(
    chain,
    `the args of the request do not fit: ${issuesOf(parsed.error.issues)}; correct them`,
  );
}
