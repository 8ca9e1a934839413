/** Attempts that were cancelled: one of them may still arrive, and is then not run. Bounded; oldest first out. */

const most = 10_000;

export type Cancelled = { add(startId: string): void; has(startId: string): boolean };

/** Remembers the newest 10,000. */
export function createCancelled(): Cancelled {
  const startIds = new Set<string>();
  return {
    add(startId) {
      startIds.delete(startId);
      startIds.add(startId);
      if (startIds.size <= most) return;
      for (const oldest of startIds) {
        startIds.delete(oldest);
        return;
      }
    },
    has: (startId) => startIds.has(startId),
  };
}
