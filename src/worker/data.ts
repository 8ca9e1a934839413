/**
 * A job's data: the maps it is given merged into one. Any key is data and nothing else: `__proto__`
 * too becomes an own property.
 */

/** Shallow merge in order; a later map wins. */
export function mergeData(
  maps: readonly Readonly<Record<string, unknown>>[],
): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const map of maps) {
    for (const [key, value] of Object.entries(map)) {
      Object.defineProperty(merged, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
  return merged;
}
