/** QueueStats: what a broker's management tells of its queues, some seconds late. */

export interface QueueStats {
  /**
   * How many messages wait, and how many consumers hold; undefined when there is no such queue. Rejects with
   * TransientError when that is not known just now.
   */
  sample(queue: string): Promise<{ ready: number; unacked: number } | undefined>;
}
