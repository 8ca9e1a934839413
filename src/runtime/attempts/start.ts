/**
 * An attempt on its way to a worker: the start message, and args, data and results apart from it where they are
 * too large for a message. The user's texts are joined as they are: nothing of them is parsed on the way.
 */
import type { Publication } from '../../ports/broker.ts';
import { inlineBytes } from '../../protocol/envelope.ts';
import { exchanges, partitionKey } from '../../protocol/topology.ts';
import type { Group } from '../group.ts';
import type { AttemptRow } from '../obligations.ts';
import type { Ownership } from '../ownership.ts';
import { properties } from '../publish.ts';
import type { Runtime } from '../runtime.ts';
import { valueAt } from '../values.ts';
import { startIdOf } from '../startId.ts';

/** Characters of a part: at most 4 MiB of most texts. */
const partLength = 4 * 1024 * 1024;

/** The message that starts an attempt, under this ownership's claim. */
export function startMessage(
  runtime: Runtime,
  { partition, claim }: Pick<Ownership, 'partition' | 'claim'>,
  group: Group,
  row: AttemptRow,
): Publication {
  const { job, actor, key, holder } = row;
  const startId = startIdOf(group.id, row);
  const head = {
    startId,
    claim,
    // Whoever runs it takes the place of that execution, and has to ask.
    ...(holder !== undefined && { replaces: holder.execution }),
    requestId: group.id,
    jobId: job.name ?? key,
    jobType: job.type,
    attempt: job.attempt,
    resumption: job.resumption ?? 0,
    ...(job.timeoutMs !== undefined && { timeoutMs: job.timeoutMs }),
    answer: { group: group.id, to: actor, key, routingKey: partitionKey(partition) },
  };
  const input = inputText(group, row);
  const isApart = runtime.broker.isRemote && input.length > inlineBytes;
  const body = isApart
    ? { ...head, args: null, data: [], results: {}, parts: partsOf(input).length }
    : undefined;
  return {
    exchange: exchanges.jobs,
    routingKey: job.type,
    properties: properties(runtime, startId, 'attempt.start'),
    body: body ? JSON.stringify(body) : `${JSON.stringify(head).slice(0, -1)},${input.slice(1)}`,
  };
}

/** `{"args":…,"data":[…],"results":{…}}` of an attempt, in the parts in which workers fetch it. */
export function inputParts(group: Group, row: AttemptRow): string[] {
  return partsOf(inputText(group, row));
}

function inputText({ values }: Group, { job }: AttemptRow): string {
  const textOf = (number: number | null): string =>
    number === null ? 'null' : valueAt(values, number);
  const results: string[] = [];
  const { data = [], results: byType = {} } = job;
  for (const type of Object.keys(byType))
    results.push(`${JSON.stringify(type)}:[${(byType[type] ?? []).map(textOf).join(',')}]`);
  const args = JSON.stringify(job.args ?? null);
  return `{"args":${args},"data":[${data.map(textOf).join(',')}],"results":{${results.join(',')}}}`;
}

/** Not cut between the halves of one character. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = from + partLength;
    if (isFirstHalf(text.charCodeAt(to - 1))) to -= 1;
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

function isFirstHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
