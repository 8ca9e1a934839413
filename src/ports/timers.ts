/** Timers: an index of the timers that groups hold, to find them by when they are due (architecture, section 7). */

export type TimerRow = {
  partition: number;
  group: string;
  /** Seq of the entry that set it and its number in that turn: the timer's id. */
  seq: number;
  n: number;
  /** Epoch milliseconds. */
  due: number;
};

export interface Timers {
  /** Stores rows; a row that is there is left alone. */
  put(rows: readonly TimerRow[]): Promise<void>;
  /** Removes rows; a row that is not there does no harm. */
  remove(rows: readonly TimerRow[]): Promise<void>;
  /** Rows of a partition due before `until`, earliest first. */
  due(partition: number, until: number): Promise<TimerRow[]>;
}
