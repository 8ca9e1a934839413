/** Texts with args in them: `${name}` in the command of a node; `$${` is a `${` that stays. */

import type { CommandSpec } from './types.ts';

/** The built-in job type that is a program. */
export const commandType = 'command';

const hole = /\$\$\{|\$\{([^{}]*)\}/g;

/** The names of the args in a text, in order. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(hole)].flatMap(([, name]) => name ?? []);
}

/** What a command is run with: the args in its texts, a text as it is, everything else as JSON. */
export function commandArgs({ run, env, cwd }: CommandSpec, args: ReadonlyMap<string, unknown>) {
  return {
    run: run.map((text) => filled(text, args)),
    ...(env.size > 0 && {
      env: Object.fromEntries([...env].map(([name, text]) => [name, filled(text, args)])),
    }),
    ...(cwd !== undefined && { cwd: filled(cwd, args) }),
  };
}

function filled(text: string, args: ReadonlyMap<string, unknown>): string {
  return text.replaceAll(hole, (_, name: string | undefined) => {
    if (name === undefined) return '${';
    const value = args.get(name);
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}
