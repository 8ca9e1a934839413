/**
 * The mark in a child's environment, which everything that it starts inherits: whose data folder, which
 * host, which child. A host that is itself a child adds its mark to the ones it was given.
 */

const variable = 'MILLRACE_CHILD';

/** Of all children of a folder; `:` ends each part, so that no mark is the beginning of another. */
export function folderMark(storeId: string, { dev, ino }: { dev: number; ino: number }): string {
  return `${storeId}-${dev}-${ino}:`;
}

/** Narrower than `mark`: of one host of the folder, of one child of the host. */
export function within(mark: string, ...parts: readonly (string | number)[]): string {
  return parts.reduce<string>((all, part) => `${all}${part}:`, mark);
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment of a child that bears the mark. */
export function marked(environment: Environment, more: Environment, mark: string): Environment {
  const given = environment[variable];
  return { ...environment, ...more, [variable]: given === undefined ? mark : `${given} ${mark}` };
}

/** Whether an environment, as `/proc/PID/environ` shows it, bears one of the marks or a narrower one. */
export function bears(environ: string, marks: readonly string[]): boolean {
  return environ
    .split('\0')
    .filter((entry) => entry.startsWith(`${variable}=`))
    .flatMap((entry) => entry.slice(variable.length + 1).split(' '))
    .some((each) => marks.some((mark) => each.startsWith(mark)));
}
