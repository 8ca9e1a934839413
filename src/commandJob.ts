/** The built-in job type `command`: a program that stands in a request spec, where the configuration allows it. */
import { z } from 'zod';
import { defineJob } from './definitions.ts';

/** Its args are filled in when the request is planned, so that the request says what is run, and ran. */
export const commandJob = defineJob({
  type: 'command',
  args: z.strictObject({
    run: z.array(z.string()).min(1),
    env: z.record(z.string(), z.string()).optional(),
    cwd: z.string().optional(),
  }),
  command: ({ args }) => args.run,
  place: ({ args: { cwd, env } }) => ({ cwd, env }),
  result: ({ stdout }, { data }) => {
    const printed = fromJson(stdout);
    if (typeof printed === 'object' && printed !== null && !Array.isArray(printed))
      for (const [key, value] of Object.entries(printed)) setOwn(data, key, value);
    return printed;
  },
});

/** What a program has printed, if that is JSON; else null. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Any key is data, `__proto__` too. */
function setOwn(data: Record<string, unknown>, key: string, value: unknown): void {
  const own = { value, writable: true, enumerable: true, configurable: true };
  Object.defineProperty(data, key, own);
}
