/**
 * How partitions are spread over hosts (architecture, section 13): partition i prefers host i mod n of the sorted
 * live hosts, and a host's share is as many as prefer it. Pure; every host reckons alike from what it sees.
 */
import type { Seen, View } from './presence.ts';

/** A host whose counter has moved within this is alive: partitions are not moved because one stalls. */
const aliveMs = 15_000;

/** A host whose counter has moved within this takes what is left to it at once; nothing is let go for one that may be dead. */
const promptMs = 1500;

/** A host is given partitions once it has been subscribed for so long. */
const settledMs = 5000;

/** A surplus is let go within about so many looks, whatever its size. */
const looksASurplus = 6;

/** What a host owns that has to decide. */
export type Holding = { partitions: number; owned: readonly number[] };

/** Those of the owned partitions that other hosts are to have now, which have too few. */
export function toLetGo(view: View, { partitions, owned }: Holding): number[] {
  const shares = sharesOf(view, partitions);
  const mine = shares.get(view.me);
  if (mine === undefined) return [];
  const surplus = Math.min(owned.length - mine.share, missingElsewhere(view, shares));
  if (surplus <= 0) return [];
  const others = owned.filter((partition) => preferred(shares, partition) !== view.me);
  return others.slice(0, Math.ceil(surplus / looksASurplus));
}

/** Whether a host with so many partitions leaves another one to a host that has too few. */
export function isForOthers(view: View, { partitions, owned }: Holding): boolean {
  const shares = sharesOf(view, partitions);
  const mine = shares.get(view.me);
  if (mine === undefined || owned.length < mine.share) return false;
  return missingElsewhere(view, shares) > 0;
}

type Share = { share: number; seen: Seen };

/** Live hosts in the order of their ids, each with its share. */
function sharesOf({ at, hosts }: View, partitions: number): Map<string, Share> {
  const live = hosts
    .filter(({ document, movedAt }) => isTaking(document) && at - movedAt <= aliveMs)
    .sort((a, b) => (a.document.id < b.document.id ? -1 : 1));
  return new Map(
    live.map((seen, place) => {
      const share = Math.ceil((partitions - place) / live.length);
      return [seen.document.id, { share: Math.max(0, share), seen }];
    }),
  );
}

function isTaking({ isSubscribed, isDraining }: Seen['document']): boolean {
  return isSubscribed && !isDraining;
}

function preferred(shares: ReadonlyMap<string, Share>, partition: number): string | undefined {
  return [...shares.keys()][partition % shares.size];
}

/** How many partitions those hosts lack that may be given some. */
function missingElsewhere({ at, me }: View, shares: ReadonlyMap<string, Share>): number {
  let missing = 0;
  for (const [id, { share, seen }] of shares) {
    const isSettled = at - (seen.subscribedAt ?? at) >= settledMs;
    const isThere = isSettled && seen.hasMoved && at - seen.movedAt <= promptMs;
    if (id !== me && isThere) missing += Math.max(0, share - seen.document.owns.length);
  }
  return missing;
}
