/** Texts with args in them: `${name}` in the command of a node; `$${` is a `${` that stays. */

/** The built-in job type that is a program. */
export const commandType = 'command';

const hole = /\$\$\{|\$\{([^{}]*)\}/g;

/** The names of the args in a text, in order. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(hole)].flatMap(([, name]) => name ?? []);
}

/** The text with the args' values in it: a text as it is, everything else as JSON. */
export function filled(text: string, args: ReadonlyMap<string, unknown>): string {
  return text.replaceAll(hole, (_, name: string | undefined) => {
    if (name === undefined) return '${';
    const value = args.get(name);
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}
