/** `lease.check`: how an owner asks itself whether a lease was renewed. */
import type { Publication } from '../../ports/broker.ts';
import { exchanges, partitionKey } from '../../protocol/topology.ts';
import type { LeaseCheck } from '../acceptAttempt.ts';
import type { Group } from '../group.ts';
import { leaseCheck } from '../incoming.ts';
import type { Incoming } from '../incoming.ts';
import type { AttemptRow } from '../obligations.ts';
import type { Ownership } from '../ownership.ts';
import { properties } from '../publish.ts';
import type { Runtime } from '../runtime.ts';
import { startIdOf } from '../startId.ts';
import { watchOf } from './rows.ts';

function checkOf(group: Group, row: AttemptRow): LeaseCheck {
  const { key, job, holder } = row;
  const timer = watchOf(group.obligations, row)?.seq ?? 0;
  return { key, attempt: job.attempt, executionId: holder?.execution ?? '', timer };
}

/** Goes the way of the renewals, so that it finds all that came before it. */
export function checkMessage(
  runtime: Runtime,
  { partition }: Pick<Ownership, 'partition'>,
  group: Group,
  row: AttemptRow,
): Publication {
  const check = checkOf(group, row);
  return {
    exchange: exchanges.partitions,
    routingKey: partitionKey(partition),
    properties: {
      ...properties(runtime, `${startIdOf(group.id, row)}/check/${check.timer}`, leaseCheck),
      headers: { group: group.id, to: row.actor },
    },
    body: JSON.stringify(check),
  };
}

/** The worker was in the process that died: nobody holds the lease. */
export function gone(group: Group, row: AttemptRow): Incoming {
  const body = JSON.stringify({ ...checkOf(group, row), isGone: true });
  return { type: leaseCheck, group: group.id, to: row.actor, meta: {}, body };
}
