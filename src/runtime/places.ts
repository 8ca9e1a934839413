/** Places in plain JSON, named by dotted paths: where an actor keeps its chunks. */

/** The places that a value has: a `*` in a path stands for every key. */
export function placesOf(value: unknown, paths: readonly string[] = []): string[][] {
  return paths.flatMap((path) => expand(value, path.split('.')));
}

function expand(value: unknown, [key, ...rest]: readonly string[]): string[][] {
  if (key === undefined) return [[]];
  const record = value as Record<string, unknown>;
  const keys = key === '*' ? Object.keys(record) : [key];
  return keys.flatMap((name) => expand(record[name], rest).map((tail) => [name, ...tail]));
}

/** Visits each place that a path leads to; makes nothing on its way, as it is gone often. */
export function eachPlace(
  value: unknown,
  path: readonly string[],
  visit: (place: unknown) => void,
  depth = 0,
): void {
  const key = path[depth];
  if (key === undefined) return visit(value);
  if (typeof value !== 'object' || value === null) return;
  const record = value as Record<string, unknown>;
  if (key !== '*') return eachPlace(record[key], path, visit, depth + 1);
  for (const name in record) eachPlace(record[name], path, visit, depth + 1);
}

/** What is at a place; undefined when there is no such place. */
export function placeAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === 'object' && found !== null
        ? (found as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

/** A copy of `value` with the place at `path` changed. */
export function changeAt(
  value: unknown,
  path: readonly string[],
  edit: (place: unknown) => unknown,
): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return edit(value);
  const record = value as Record<string, unknown>;
  return { ...record, [key]: changeAt(record[key], rest, edit) };
}
