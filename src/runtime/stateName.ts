/** How a state value is written where people read it: heads, transitions, messages. */

/** `'running'` as it is; `{ a: 'b' }` → `a.b`; parallel states joined by `+`. */
export function stateName(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([key, inner]) => {
    const rest = stateName(inner);
    return rest === '' ? key : `${key}.${rest}`;
  });
  return parts.join('+');
}
