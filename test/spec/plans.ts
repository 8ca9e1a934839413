/** Plans of specs in tests: a spec's text and args in, jobs by name out. */
import { z } from 'zod';
import type { Plan, PlanJob } from '../../machines/graph.ts';
import { defineJob } from '../../src/definitions.ts';
import type { JobDefinition } from '../../src/definitions.ts';
import { planChain } from '../../src/gateway/plan.ts';
import { chainOf } from '../../src/gateway/asked.ts';
import { specChains } from '../../src/gateway/specChains.ts';
import { check, told } from './kit.ts';

const run = (): undefined => undefined;

/** `work` takes anything; `lookup` sets `hosts` to its arg `count` many names. */
export const jobs: readonly JobDefinition[] = [
  defineJob({ type: 'work', args: z.unknown(), run }),
  defineJob({
    type: 'lookup',
    args: z.object({ count: z.coerce.number() }),
    create: async ({ args: { count } }) => ({
      hosts: Array.from({ length: count }, (_, at) => `h${at + 1}`),
    }),
    run,
  }),
];

/** The plan of the request `r` of a spec file's text. */
export async function planned(
  text: string,
  args: unknown = {},
  definitions: readonly JobDefinition[] = jobs,
): Promise<Plan> {
  const { specs, problems } = check(text);
  if (specs === undefined) throw new Error(told(problems).join('\n'));
  const registered = new Map(definitions.map((job) => [job.type, job]));
  return planChain(chainOf(specChains(specs), 'r'), args, registered);
}

/** `a ← b, c` for each job: its name and those of its parents. */
export function edges({ jobs: list }: Plan): string[] {
  return list.map(({ name, parents }) => {
    const before = parents.map((parent) => list[parent]?.name ?? '?').join(', ');
    return before === '' ? name : `${name} ← ${before}`;
  });
}

export function jobNamed({ jobs: list }: Plan, name: string): PlanJob {
  const job = list.find((each) => each.name === name);
  if (job === undefined) throw new Error(`no job is named ${name}`);
  return job;
}

/** Name of the sequence that a job is in. */
export function sequenceOf({ sequences }: Plan, { sequence = -1 }: PlanJob): string | undefined {
  return sequences[sequence]?.name;
}

/** Jobs of which `lookup` sets `hosts` to whatever a test wants. */
export function lookup(hosts: unknown): JobDefinition[] {
  const create = (): { hosts: unknown } => ({ hosts });
  const job = defineJob({ type: 'lookup', args: z.unknown(), create, run });
  return [...jobs.filter(({ type }) => type !== 'lookup'), job];
}
