/** Commands against an API address, `--api` or MILLRACE_API: what they need of a host is asked there. */
import { variable } from '../config.ts';
import { MillraceError } from '../protocol/errors.ts';
import type { Remote } from '../remote/open.ts';
import type { Flags, Hosting } from './context.ts';
import type { RequestKind } from './kinds.ts';

/** How long one answer may take, in milliseconds. */
const timeoutMs = 5000;

/** The same as `local`, over the API at an address. */
export function overApi(
  local: Hosting,
  address: string,
  { timeout = timeoutMs }: Flags,
): Hosting & { kinds(): Promise<readonly RequestKind[]> } {
  let opened: Promise<Remote> | undefined;
  const open = (): Promise<Remote> =>
    (opened ??= local.remote({
      address,
      token: variable('MILLRACE_TOKEN'),
      timeoutMs: timeout,
    }));
  return {
    ...local,
    host: () => refuse('a host is started where its data is'),
    openReader: async () => (await open()).reader,
    openHeads: async () => (await open()).reader,
    openTracked: async () => (await open()).tracked,
    connect: async () => (await open()).connection,
    hostOf: async () => ({ name: (await open()).connection.place }),
    openRejected: () => refuse('what was rejected is looked at beside the broker'),
    rebuildReadModels: () => refuse('read models are made anew where the data is'),
    async kinds() {
      const { toKind } = await import('./kinds.ts');
      return (await (await open()).specs()).map(toKind);
    },
  };
}

function refuse(what: string): never {
  throw new MillraceError('usage', `${what}; leave out --api and MILLRACE_API`);
}
