/**
 * Snapshots: the persisted state of a group at a seq, and heads: one small document a group that says
 * what is active (architecture, section 6). Large parts lie in blobs and are named by hash.
 */

export type StoredSnapshot = {
  group: string;
  seq: number;
  /** Of the partition's journal, of the entry with this seq. */
  at: number;
  /** `kind` → version of its machine. */
  versions: Readonly<Record<string, number>>;
  /** Seq of the snapshot before, if any. */
  parent?: number;
  /** SHA-256 of `state`, in hex. */
  hash: string;
  /** JSON text: actors and obligations; chunks are named by hash. */
  state: string;
};

export type Head = {
  group: string;
  partition: number;
  /** The request type, or the kind of the group's first actor. */
  type: string;
  /** State of the group's first actor. */
  state: string;
  seq: number;
  /** Seq of the newest snapshot; 0 for none. */
  snapshot: number;
  /** It owes or is owed something, or is not finished and not suspended. */
  active: boolean;
  /** Its messages are journaled but not stepped, and why. */
  parked?: string;
  /** Epoch milliseconds. */
  createdAt: number;
  updatedAt: number;
};

export interface Snapshots {
  /** Inserts once as (group, seq); a second time changes nothing. */
  put(snapshot: StoredSnapshot): Promise<void>;
  /** The newest with seq ≤ `seq` (default: the newest of all). */
  newest(group: string, seq?: number): Promise<StoredSnapshot | undefined>;
  /** Seq of the newest of each of these groups; one that has none is left out. */
  newestSeqs(groups: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Stores heads; one with a seq not above the stored one changes nothing, except that an equal seq may replace it. */
  putHeads(heads: readonly Head[]): Promise<void>;
  head(group: string): Promise<Head | undefined>;
  /** Heads of a partition's active groups. */
  active(partition: number): AsyncIterable<Head>;
  /** Heads of groups whose id begins or ends with this text, newest first, at most `limit`. */
  matching(part: string, limit: number): Promise<Head[]>;
  /** All heads, newest first, at most `limit`. */
  heads(limit: number): Promise<Head[]>;
}
