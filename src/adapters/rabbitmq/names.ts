/** The deployment's prefix: put in place of `millrace` on the way to the broker, taken off on the way in. */

const ours = 'millrace';

export type Names = {
  /** `millrace.jobs` → `<prefix>.jobs`; a name that is not ours stays as it is. */
  outer(name: string): string;
  /** `<prefix>.jobs` → `millrace.jobs`. */
  inner(name: string): string;
};

/** `prefix`: `millrace`, or another so that two deployments share one broker without seeing each other. */
export function namesWith(prefix: string): Names {
  return { outer: (name) => swap(name, ours, prefix), inner: (name) => swap(name, prefix, ours) };
}

function swap(name: string, from: string, to: string): string {
  if (from === to || !name.startsWith(from) || name[from.length] !== '.') return name;
  return to + name.slice(from.length);
}
