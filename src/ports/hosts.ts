/**
 * Hosts: who hosts just now, so that partitions are spread evenly and none is left without an owner
 * (architecture, section 13). No lock and no truth: the broker says who owns, the journal fences.
 */

export type HostDocument = {
  /** Of one process, unlike any other: another start has another one. */
  id: string;
  /** For people: `machine:pid`. */
  name: string;
  /** Rises with every write: one that stands still tells of a host that is dead or frozen. */
  counter: number;
  /** It consumes every partition's queue. */
  isSubscribed: boolean;
  /** It lets all its partitions go, and takes none. */
  isDraining: boolean;
  /** The partitions that it owns, and how many chains with attempts out each has. */
  owns: readonly { partition: number; busy: number }[];
  /** Epoch milliseconds by its own clock; for people only. */
  at: number;
};

export interface Hosts {
  /** Stores a host's document whole. */
  put(document: HostDocument): Promise<void>;
  /** All that are stored, dead ones too, by id. */
  all(): Promise<HostDocument[]>;
  /** Forgets a host; one that is not there does no harm. */
  remove(id: string): Promise<void>;
}
