/**
 * All checks of specs: the tables of specification 4 in its order, level by level, then the graphs of
 * section 5 when nothing static is wrong. Everything is collected, nothing short of it stops.
 */
import { aclAdminOrOps, aclHasRole, noDuplicateAclRoles } from './checks/acl.ts';
import * as args from './checks/args.ts';
import { noExtraArgs, requiredArgsProvided, subsequencesExist } from './checks/calls.ts';
import * as category from './checks/category.ts';
import type { NodeCheck, SequenceCheck } from './checks/check.ts';
import { commandHasRun, onlyCommandHasRun, templatesKnown } from './checks/command.ts';
import * as each from './checks/each.ts';
import * as nodeArgs from './checks/nodeArgs.ts';
import { retryWaitHasRetry, validRetryWait, validTimeout } from './checks/retry.ts';
import { hasNodes, setsUniqueAcrossNodes } from './checks/sequences.ts';
import { checkGraphs } from './graphs.ts';
import type { Graphs } from './graphs.ts';
import { joined } from './load.ts';
import { withNoop } from './noop.ts';
import type { ParsedFile } from './parse.ts';
import { hasErrors } from './problem.ts';
import type { Fault, Problem } from './problem.ts';
import type { NodeSpec, Sequences, SequenceSpec } from './types.ts';

const sequenceErrors: readonly SequenceCheck[] = [
  args.requiredArgsNamed,
  args.optionalArgsNamed,
  args.staticArgsNamed,
  args.optionalArgsHaveDefaults,
  args.staticArgsHaveDefaults,
  args.requiredArgsHaveNoDefaults,
  args.noDuplicateArgs,
  hasNodes,
  aclAdminOrOps,
  aclHasRole,
  noDuplicateAclRoles,
];

const sequenceWarnings: readonly SequenceCheck[] = [setsUniqueAcrossNodes];

const nodeErrors: readonly NodeCheck[] = [
  category.hasCategory,
  category.validCategory,
  category.hasType,
  category.conditionalHasIf,
  category.conditionalHasEq,
  category.conditionalHasNoType,
  category.onlyConditionalHasIf,
  category.onlyConditionalHasEq,
  each.validEach,
  each.eachElementsUnique,
  each.eachElementIsNoArg,
  nodeArgs.argsNotNull,
  nodeArgs.argsNamed,
  nodeArgs.expectedUnique,
  nodeArgs.setsNotNull,
  nodeArgs.setsNamed,
  nodeArgs.setsAsUnique,
  each.validParallel,
  each.parallelHasEach,
  validRetryWait,
  retryWaitHasRetry,
  validTimeout,
  commandHasRun,
  onlyCommandHasRun,
  templatesKnown,
  subsequencesExist,
  requiredArgsProvided,
];

const nodeWarnings: readonly NodeCheck[] = [
  each.eachListOnce,
  nodeArgs.givenOnce,
  each.eachListIsNoGiven,
  nodeArgs.setsArgOnce,
  noExtraArgs,
];

/** What stopped the checks: later stages would find only what follows from it (specification 13.2). */
export type Stage = 'parse' | 'static' | 'graph';

/** Checked sequences, the built-in one among them, and their graphs. */
export type Specs = { sequences: Sequences; graphs: Graphs };

export type Checked = {
  sequences: Sequences;
  problems: readonly Problem[];
  /** What can be planned with; absent where there are errors. */
  specs?: Specs;
  /** The first stage with errors. */
  failedAt?: Stage;
};

/** Checks the sequences of all files together. */
export function checkSpecs(files: readonly ParsedFile[]): Checked {
  const { sequences: own, problems: parsing } = joined(files);
  const sequences = withNoop(own);
  if (hasErrors(parsing)) return { sequences: own, problems: parsing, failedAt: 'parse' };
  const problems = [...parsing, ...checkAll(own, sequences)];
  if (hasErrors(problems)) return { sequences: own, problems, failedAt: 'static' };
  const { graphs, problems: ofGraphs } = checkGraphs(sequences);
  if (graphs === undefined)
    return { sequences: own, problems: [...problems, ...ofGraphs], failedAt: 'graph' };
  return { sequences: own, problems, specs: { sequences, graphs } };
}

/** Of generated specs all may be wrong in the same way. */
const maxProblems = 1000;

function checkAll(own: Sequences, sequences: Sequences): Problem[] {
  const problems: Problem[] = [];
  for (const sequence of own.values()) {
    problems.push(...checkSequence(sequence, sequences));
    if (problems.length < maxProblems) continue;
    const text = 'there are too many problems to tell; what comes after this was not checked';
    const { name, file, line } = sequence;
    problems.push({ kind: 'parse', level: 'error', file, line, sequence: name, text });
    break;
  }
  return problems;
}

/** The static checks of one sequence and its nodes. */
function checkSequence(sequence: SequenceSpec, all: Sequences): Problem[] {
  const place = { sequence: sequence.name, file: sequence.file };
  const found = (level: Problem['level'], faults: readonly Fault[], node?: NodeSpec): Problem[] =>
    faults.map((fault) => ({
      ...fault,
      ...place,
      level,
      line: fault.line ?? node?.line ?? sequence.line,
      ...(node !== undefined && { node: node.name }),
    }));
  return [
    ...sequenceErrors.flatMap((check) => found('error', check(sequence))),
    ...sequenceWarnings.flatMap((check) => found('warning', check(sequence))),
    ...[...sequence.nodes.values()].flatMap((node) => [
      ...nodeErrors.flatMap((check) => found('error', check(node, all), node)),
      ...nodeWarnings.flatMap((check) => found('warning', check(node, all), node)),
    ]),
  ];
}
