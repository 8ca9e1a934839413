/**
 * Request specs as chains: what is started by its name like any other. The spec says which jobs there are
 * (`src/spec/plan.ts`), the definitions of the jobs check their args and run their create steps.
 */
import { z } from 'zod';
import type { Plan, PlanJob } from '../../machines/graph.ts';
import { noopType } from '../../machines/graph.ts';
import type { ChainDefinition, JobDefinition } from '../definitions.ts';
import { messageOf } from '../protocol/errors.ts';
import { jsonProblem } from '../protocol/json.ts';
import { nextTurn } from '../runtime/nextTurn.ts';
import type { Specs } from '../spec/check.ts';
import { listArgs } from '../spec/lists.ts';
import { planSpec } from '../spec/plan.ts';
import type { CreatedArgs, SpecJob } from '../spec/plan.ts';
import { commandType } from '../spec/template.ts';
import { namesOf } from '../spec/types.ts';
import type { SequenceSpec } from '../spec/types.ts';
import { storedArgs } from './planArgs.ts';
import { maxJobs } from './planBuilder.ts';
import { didYouMean } from './suggest.ts';

const maxStarted = 200;

/** After so many jobs everybody else gets a turn of the event loop. */
const jobsInARow = 2000;

type Jobs = ReadonlyMap<string, JobDefinition>;

/** A chain for each request of the specs, in the order of their names. */
export function specChains(specs: Specs): ChainDefinition[] {
  const lists = listArgs(specs);
  return [...specs.sequences.values()]
    .filter(({ isRequest }) => isRequest)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((sequence) => ({
      kind: 'chain',
      type: sequence.name,
      args: schemaOf(sequence, lists.get(sequence.name) ?? new Set()),
      maxStarted,
      // A role is there: the specs are checked.
      acl: sequence.acl.map(({ role = '', admin, ops }) => ({ role, admin, ops })),
      spec: sequence,
      plan: () => undefined,
      planSpec: (args, jobs) => planOf({ specs, request: sequence.name, args, jobs }),
    }));
}

/** What it does not know is left for the planner, which says what was meant. */
function schemaOf({ args }: SequenceSpec, lists: ReadonlySet<string>): z.ZodType {
  const given = z.unknown().refine((value) => value !== undefined, 'is missing');
  const schema = (name: string) => (lists.has(name) ? z.array(z.unknown()) : given);
  return z.looseObject(
    Object.fromEntries([
      ...namesOf(args.required).map((name) => [name, schema(name)] as const),
      ...namesOf(args.optional).map((name) => [name, schema(name).optional()] as const),
    ]),
  );
}

type Asked = { specs: Specs; request: string; args: unknown; jobs: Jobs };

async function planOf({ specs, request, args, jobs }: Asked): Promise<Plan> {
  const planned: PlanJob[] = [];
  const take = (job: SpecJob): CreatedArgs | Promise<CreatedArgs> => {
    if (planned.length >= maxJobs)
      throw new Error(`it is one more than ${maxJobs} jobs; split the request`);
    const { name, type, args: given, parents, sequence } = job;
    if (type === noopType) {
      planned.push({ name, type, args: given, parents, retries: 0, retryWaitMs: 0, sequence });
      return undefined;
    }
    const definition = definitionOf(type, jobs);
    const stored = storedArgs(definition, given);
    if ('problem' in stored) throw new Error(`job type "${type}": ${stored.problem}`);
    planned.push({ ...withDefaults(job, definition), args: stored.value });
    if (definition.create !== undefined) return created(definition, job, stored.value);
    return planned.length % jobsInARow === 0 ? nextTurn().then(() => undefined) : undefined;
  };
  const sequences = await planSpec({ specs, request, args, take });
  return { jobs: planned, sequences, maxStarted };
}

function withDefaults(
  { name, type, args, parents, sequence, ...own }: SpecJob,
  { retry, timeoutMs: limit }: JobDefinition,
): PlanJob {
  const { retries = retry.attempts - 1, retryWaitMs = retry.waitMs, timeoutMs = limit } = own;
  const job = { name, type, args, parents, retries, retryWaitMs, sequence };
  return timeoutMs === undefined ? job : { ...job, timeoutMs };
}

function definitionOf(type: string, jobs: Jobs): JobDefinition {
  const definition = jobs.get(type);
  if (definition !== undefined) return definition;
  if (type === commandType)
    throw new Error(
      'programs in specs are off; set commands: true in the configuration to allow them',
    );
  throw new Error(
    `job type "${type}" is not registered${didYouMean(type, jobs.keys())}; add its definition to the configuration's jobs`,
  );
}

/** What the create step of a job sets. */
async function created(
  { type, args: schema, create }: JobDefinition,
  { name }: SpecJob,
  args: unknown,
): Promise<CreatedArgs> {
  const step = `the create step of job type "${type}"`;
  let set: unknown;
  try {
    set = await create?.({ args: schema.parse(args), jobId: name });
  } catch (cause) {
    throw new Error(`${step} threw: ${messageOf(cause)}`, { cause });
  }
  if (set === undefined || set === null) return undefined;
  const problem = jsonProblem(set, 'its answer');
  if (problem !== undefined) throw new Error(`${step} must answer with JSON: ${problem}`);
  if (typeof set === 'object' && !Array.isArray(set))
    return JSON.parse(JSON.stringify(set)) as CreatedArgs;
  throw new Error(`${step} must answer with an object of values by name`);
}
