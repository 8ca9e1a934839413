/**
 * Journal: one append-only log per partition, written only by its owner (architecture, sections 5 and 6).
 * Beside the entries it keeps one document a partition: up to where everything is released.
 */
import type { Address } from '../protocol/envelope.ts';

/** A change of an actor's state; for jobs started or finished together, one for all of them. */
export type Transition = {
  /** `kind/id`, or `kind/1-5,9` for a range of numbered actors of that kind. */
  actor: Address;
  from: string;
  to: string;
};

/** One accepted message and what it changed. A claim is an entry without a group. */
export type Entry = {
  partition: number;
  /** Place in the partition, from 1, dense. */
  offset: number;
  /** Of the ownership that wrote it. */
  token: string;
  /** Absent in a claim. */
  group?: string;
  /** Place in the group, from 1, dense; 0 in a claim. */
  seq: number;
  /** Epoch milliseconds, never less than the entry before it. */
  at: number;
  type: string;
  to?: Address;
  /** Ids that do not follow from other fields. */
  meta?: EntryMeta;
  /** JSON text as it arrived, or absent when `blob` names it. */
  body?: string;
  blob?: string;
  transitions: readonly Transition[];
  /** Why the group was parked when this came: journaled, not stepped. */
  parked?: string;
};

export type EntryMeta = {
  messageId?: string;
  from?: string;
  correlationId?: string;
  causationId?: string;
  replyTo?: string;
  /** Of a message from another group: its (seq, n) there, as `12/1`; stands for the message id. */
  place?: string;
  /** Why a message from another group was not stepped: it can never be taken, whatever the code says later. */
  refused?: string;
};

/** `appended`, or the first offset that already holds another's entry. */
export type Appended = { outcome: 'appended' } | { outcome: 'duplicate'; offset: number };

export type PartitionDocument = {
  partition: number;
  /** Everything up to this offset is released. */
  released: number;
  /** The broker's memory that this partition was reconciled with. */
  epoch: string;
  /** `kind` → version of its machine, of the newest owner. */
  versions: Readonly<Record<string, number>>;
  /** Groups whose starts could not be sent; tried again. */
  owing: readonly string[];
};

export interface Journal {
  /**
   * Appends entries of one partition with consecutive offsets, durably and in order, in one write.
   * Rejects with DocumentError (those before it are committed) or TransientError (outcome unknown or nothing written).
   */
  append(entries: readonly Entry[]): Promise<Appended>;
  /** The highest offset of a partition; 0 when empty. */
  head(partition: number): Promise<number>;
  /** The highest offset of a partition whose entry is from before `at` (epoch milliseconds); 0 when there is none. */
  lastBefore(partition: number, at: number): Promise<number>;
  /** Entries of a partition with offset > `after`, in order. */
  read(partition: number, after: number): AsyncIterable<Entry>;
  /** Entries of a group with seq > `after`, in order. */
  readGroup(partition: number, group: string, after: number): AsyncIterable<Entry>;
  /** The document of a partition; undefined before its first claim. */
  partition(partition: number): Promise<PartitionDocument | undefined>;
  /** Stores the document; `released` only grows: a lower one changes nothing. */
  checkpoint(document: PartitionDocument): Promise<void>;
}
