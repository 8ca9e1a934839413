/** `millrace graph ID|TYPE|KIND [k=v…]`: a request, a chain that could be asked for, or an actor's machine, as Mermaid text. */
import type { Config } from '../config.ts';
import type { ChainDefinition } from '../definitions.ts';
import type { Specs } from '../spec/check.ts';
import { MillraceError } from '../protocol/errors.ts';
import { shownJobs } from '../protocol/shownJobs.ts';
import { parsePairs } from './args.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { toFlowchart } from './mermaid.ts';
import type { GraphJob } from './mermaid.ts';
import { print, printJson } from './print.ts';
import { whatItDoes } from './specNode.ts';
import { idOf, withReader } from './reading.ts';

export const declareGraph: Declare = (program, act) => {
  program
    .command('graph')
    .argument('<what>', 'a request by its id, a chain or a spec by its name, or a kind of actor')
    .argument('[args...]', 'args of the chain that is planned, key=value each')
    .description('print Mermaid text: a request with its states, a chain, or a machine')
    .option('--json', 'print the jobs as one JSON document instead')
    .addHelpText(
      'after',
      examples('graph last', 'graph checksum-tree dir=src out=SUMS', 'graph job'),
    )
    .action(act(graph));
};

async function graph(
  context: Context,
  what: string,
  pairs: readonly string[],
  { json = false }: { json?: boolean },
): Promise<number> {
  const values = parsePairs(pairs);
  const config = await context.config();
  const template = values.size === 0 ? templateOf(await context.specs(), what) : undefined;
  if (template !== undefined) return show(template, json);
  const chains = await context.chains();
  const chain = chains.find(({ type }) => type === what);
  if (chain === undefined && values.size > 0) {
    const { chainOf } = await import('../gateway/asked.ts');
    chainOf(chains, what);
  }
  const machine = chain === undefined ? await context.hosting.machineOf(config, what) : undefined;
  if (machine !== undefined) {
    if (json)
      throw new MillraceError('usage', `"${what}" is a kind of actor; it has no jobs to list`);
    print((await import('./machine.ts')).toStateDiagram(machine));
    return exitCodes.complete;
  }
  const jobs =
    chain === undefined ? await existing(context, what) : await planned(config, chain, values);
  return show(jobs, json);
}

function show(jobs: readonly GraphJob[], json: boolean): number {
  if (json) printJson(jobs);
  else print(toFlowchart(jobs));
  return exitCodes.complete;
}

/** The nodes of a request spec, as nothing is known of its args; undefined when there is none of that name. */
function templateOf(specs: Specs | undefined, name: string): GraphJob[] | undefined {
  const graph = specs?.graphs.get(name);
  if (graph === undefined || graph.nodes.length === 0) return undefined;
  const labels = graph.nodes.map((node) => `${node.name}: ${whatItDoes(node)}`);
  return graph.nodes.map(({ type }, at) => ({
    name: labels[at] ?? '',
    type: type ?? 'conditional',
    after: (graph.parents[at] ?? []).map((parent) => labels[parent] ?? ''),
  }));
}

/** As it is now. */
function existing(context: Context, named: string): Promise<GraphJob[]> {
  return withReader(context, async (reader) =>
    shownJobs(await reader.jobs(await idOf(reader, named))),
  );
}

/** As `run` would ask for it; nothing is started. */
async function planned(
  config: Config,
  chain: ChainDefinition,
  values: ReadonlyMap<string, string>,
): Promise<GraphJob[]> {
  const { toArgs } = await import('../gateway/asked.ts');
  const { planChain } = await import('../gateway/plan.ts');
  const definitions = new Map(config.jobs.map((job) => [job.type, job]));
  const { jobs, sequences } = await planChain(chain, await toArgs(chain, values), definitions);
  return jobs.map(({ name, type, parents, sequence }) => {
    const around = sequence === undefined ? undefined : sequences[sequence]?.name;
    return {
      name,
      type,
      after: parents.map((parent) => jobs[parent]?.name ?? ''),
      ...(around !== undefined && { sequence: around }),
    };
  });
}
