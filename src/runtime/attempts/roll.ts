/**
 * A new owner says that it is there, and hears what workers hold, so that it does not send that again
 * (architecture, sections 5 and 8). In one process there is nobody to wait for.
 */
import type { AttemptReport } from '../../protocol/attempts.ts';
import { exchanges, partitionKey } from '../../protocol/topology.ts';
import type { Mailbox } from '../mailbox.ts';
import { properties, publish } from '../publish.ts';
import type { Runtime } from '../runtime.ts';
import type { AttemptMemory } from './memory.ts';

/** Workers have this long to say what they hold. */
const waitMs = 500;

export type Roll = {
  /** Resolves once workers have had their time; at once where there are none in other processes. */
  readonly called: Promise<void>;
  /** What is sent was owed before this ownership, until `end()`. */
  readonly isCalling: boolean;
  /** Every worker of an earlier ownership died with its broker. */
  readonly isNobodyLeft: boolean;
  /** True when a worker holds this start; if not, this owner sends it, and older copies count no more. */
  takesCareOf(startId: string): boolean;
  end(): void;
};

type Calling = {
  partition: number;
  claim: number;
  mailbox: Mailbox;
  attempts: AttemptMemory;
  /** The broker knows nothing of what was before. */
  isBrokerNew: boolean;
};

/** Begins at once; what it does is awaited only where attempts are out. */
export function callRoll(runtime: Runtime, calling: Calling): Roll {
  const { attempts, isBrokerNew } = calling;
  const isNobodyLeft = isBrokerNew && !runtime.broker.isRemote;
  const named = new Set<string>();
  let isCalling = true;
  const called = call(runtime, calling, named);
  called.catch(() => undefined);
  return {
    called,
    get isCalling() {
      return isCalling;
    },
    isNobodyLeft,
    takesCareOf(startId) {
      if (named.has(startId)) return true;
      if (!isNobodyLeft) attempts.sentAnew(startId);
      return false;
    },
    end() {
      isCalling = false;
      named.clear();
    },
  };
}

async function call(runtime: Runtime, calling: Calling, named: Set<string>): Promise<void> {
  const { broker, clock, desk } = runtime;
  const { partition, claim } = calling;
  const report: AttemptReport = {
    partition: partitionKey(partition),
    partitions: runtime.store.partitions,
    claim,
  };
  if (!broker.isRemote) return announce(runtime, report);
  const hearing = await desk.hear(calling, (startIds) => {
    for (const startId of startIds) named.add(startId);
  });
  try {
    await announce(runtime, { ...report, namesTo: hearing.namesTo });
    await new Promise<void>((resolve) => void clock.after(waitMs, resolve));
  } finally {
    hearing.end();
  }
}

async function announce(runtime: Runtime, report: AttemptReport): Promise<void> {
  const { partition, claim } = report;
  await publish(runtime, {
    exchange: exchanges.control,
    routingKey: '',
    properties: properties(runtime, `report/${partition}/${claim}`, 'attempt.report'),
    body: JSON.stringify(report),
  });
}
