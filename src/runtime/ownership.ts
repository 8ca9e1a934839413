/**
 * One partition while it is ours. An ownership is born with a channel and dies with it: claim, read
 * what was not released, send what is owed; nothing of it outlives it (architecture, section 5).
 */
import type { Channel } from '../ports/broker.ts';
import type { Entry, PartitionDocument } from '../ports/journal.ts';
import { FencedError, MillraceError } from '../protocol/errors.ts';
import { AttemptMemory } from './attempts/memory.ts';
import { callRoll } from './attempts/roll.ts';
import type { Roll } from './attempts/roll.ts';
import { append } from './commit.ts';
import { SentStarts } from './lostStarts.ts';
import { stillOwed } from './mail.ts';
import type { Mailbox } from './mailbox.ts';
import type { Resident } from './parking.ts';
import { readNewest, Recent } from './recent.ts';
import { recover } from './recovery.ts';
import type { Active } from './recovery.ts';
import { sendOwed } from './send.ts';
import { Resends } from './resends.ts';
import type { Pair, ResendOptions } from './resends.ts';
import type { Runtime } from './runtime.ts';
import { PartitionTimers } from './timers.ts';

export type Ownership = {
  readonly partition: number;
  readonly token: string;
  /** Offset of the entry that began it; starts carry it. */
  readonly claim: number;
  readonly channel: Channel;
  readonly mailbox: Mailbox;
  /** It is over, in whatever way. */
  hasEnded: boolean;
  /** Aborted when the partition is lost: nothing is written, sent or acked any more. */
  readonly lost: AbortSignal;
  /** The broker's memory that the partition was last reconciled with. */
  epoch: string;
  readonly timers: PartitionTimers;
  /** What workers hold, as far as they have said while it began. */
  readonly roll: Roll;
  readonly attempts: AttemptMemory;
  readonly resends: Resends;
  readonly starts: SentStarts;
  /** Highest offset written. */
  head: number;
  /** Everything up to here is released. */
  released: number;
  /** Of the newest entry; time never runs backwards in a partition. */
  at: number;
  /** Ends it once what is in hand is done, and begins another that sends all that every active group owes. */
  reconcile(): void;
  readonly residents: Map<string, Resident>;
  /** Of groups that are not in memory yet. */
  readonly recent: Recent;
  /** Groups changed since their head was stored, as their newest released entry left them. */
  touched: Map<string, Resident>;
  /** Groups in the batch that is being committed, as they were before it. */
  uncommitted: Map<string, Resident>;
  /** Groups whose starts found no room, and how many. */
  readonly owing: Map<string, number>;
};

/** Entry that starts an ownership; it belongs to no group. */
export const partitionClaim = 'partition.claim';

/** What an ownership begins with. */
type Owning = Pick<Ownership, 'channel' | 'mailbox' | 'lost' | 'reconcile'> & {
  /** Partitions are claimed side by side, and recovered one after another, so that the first is at work early. */
  inTurn<T>(task: () => Promise<T>): Promise<T>;
};

/** Claims the partition and sends all that its groups owe. Rejects with FencedError when another host claims it meanwhile. */
export async function own(
  runtime: Runtime,
  partition: number,
  { channel, mailbox, lost, reconcile, inTurn }: Owning,
): Promise<Ownership> {
  const { store, clock } = runtime;
  const epoch = runtime.epoch.current;
  const document = await store.journal.partition(partition);
  if (document !== undefined) refuseNewer(document, runtime.registry.versions);
  const released = document?.released ?? 0;
  const claim = await claimPartition(runtime, partition);
  if (document !== undefined) await sayVersions(runtime, document);
  const { before, unreleased } = await readNewest(runtime, claim, released);
  runtime.feed.committed(unreleased);
  const attempts = new AttemptMemory(clock);
  runtime.announcer?.range({ partition, first: released + 1, last: claim.offset });
  const ownership: Ownership = {
    partition,
    token: claim.token,
    claim: claim.offset,
    channel,
    mailbox,
    hasEnded: false,
    lost,
    reconcile,
    epoch,
    roll: callRoll(runtime, {
      ...{ partition, claim: claim.offset, mailbox, attempts },
      // After a reconciliation it is the same broker.
      isBrokerNew: document?.epoch !== '' && document?.epoch !== epoch,
    }),
    attempts,
    timers: new PartitionTimers({ partition, store, clock, mailbox }),
    resends: new Resends({
      clock,
      log: runtime.log,
      owed: (pair) => owedAgain(runtime, ownership, pair),
    }),
    starts: new SentStarts(),
    head: claim.offset,
    released,
    at: claim.at,
    residents: new Map(),
    recent: new Recent(clock, [...before, ...unreleased]),
    touched: new Map(),
    uncommitted: new Map(),
    owing: new Map(),
  };
  try {
    const active = activeGroups(runtime, document, { partition, epoch });
    await inTurn(async () => {
      lost.throwIfAborted();
      await recover(runtime, ownership, { unreleased, active });
    });
    ownership.roll.end();
    ownership.released = claim.offset;
    await ownership.timers.arm();
    return ownership;
  } catch (thrown) {
    ownership.roll.end();
    ownership.timers.stop();
    ownership.resends.stop();
    ownership.recent.end();
    runtime.memory.drop(ownership);
    throw thrown;
  }
}

/** Groups that may owe something though all their entries are released. */
async function* activeGroups(
  { store }: Runtime,
  document: PartitionDocument | undefined,
  { partition, epoch }: { partition: number; epoch: string },
): AsyncGenerator<Active> {
  for (const group of document?.owing ?? []) yield { group };
  if (document?.epoch !== epoch) yield* store.snapshots.active(partition);
}

/** What a group still owes to another, and how it is sent. */
async function owedAgain(
  runtime: Runtime,
  ownership: Ownership,
  pair: Pair,
): ReturnType<ResendOptions['owed']> {
  const { group, owed } = await stillOwed(runtime, ownership, pair);
  const oldest = owed[0]?.row;
  const send = (): Promise<void> => sendOwed(runtime, ownership, group, owed);
  return { send, ...(oldest !== undefined && { oldest }) };
}

function refuseNewer(
  document: PartitionDocument,
  versions: Readonly<Record<string, number>>,
): void {
  for (const [kind, version] of Object.entries(document.versions)) {
    const ours = versions[kind];
    if (ours === undefined || ours >= version) continue;
    throw new MillraceError(
      'store',
      `partition ${document.partition} was owned by a program with "${kind}" of version ${version}; this one has ${ours}: upgrade it`,
    );
  }
}

/** Stored before the first entry of a newer program, which an older one could not follow. */
async function sayVersions(runtime: Runtime, document: PartitionDocument): Promise<void> {
  const { versions } = runtime.registry;
  const isNewer = Object.entries(versions).some(([kind, version]) => {
    return version !== document.versions[kind];
  });
  if (isNewer) await runtime.store.journal.checkpoint({ ...document, versions });
}

async function claimPartition(runtime: Runtime, partition: number): Promise<Entry> {
  const { store, clock, registry, epoch } = runtime;
  const token = runtime.newToken();
  for (;;) {
    const head = await store.journal.head(partition);
    const claim: Entry = {
      partition,
      offset: head + 1,
      token,
      seq: 0,
      at: Math.max(clock.now(), await lastAt(runtime, partition, head)),
      type: partitionClaim,
      body: JSON.stringify({ versions: registry.versions, epoch: epoch.current }),
      transitions: [],
    };
    try {
      await append(runtime, [claim]);
      return claim;
    } catch (thrown) {
      if (!(thrown instanceof FencedError)) throw thrown;
    }
  }
}

/** When the newest entry was made: time never runs backwards in a partition, whatever the clock does. */
async function lastAt(runtime: Runtime, partition: number, head: number): Promise<number> {
  for await (const { at } of runtime.store.journal.read(partition, head - 1)) return at;
  return 0;
}
