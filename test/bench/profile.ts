/** Where the time goes: V8's own profile of a piece of work, summed up by part of the program. */
import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

/** Runs `work` under the profiler; returns shares of the busy time by part, largest first. */
export async function profile(
  work: () => Promise<unknown>,
): Promise<{ part: string; share: number }[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  await work();
  const { profile: taken } = await session.post('Profiler.stop');
  session.disconnect();
  return shares(taken);
}

function shares({
  nodes,
  samples = [],
  timeDeltas = [],
}: Profiler.Profile): { part: string; share: number }[] {
  const partOf = new Map(nodes.map(({ id, callFrame }) => [id, part(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, n) => {
    const name = partOf.get(id) ?? 'unknown';
    if (name === 'idle') return;
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[n] ?? 0));
  });
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([name, time]) => ({ part: name, share: time / busy }))
    .sort((a, b) => b.share - a.share);
}

function part({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collection';
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return library;
  const own = /\/(src\/[a-z]+(?:\/[a-z]+)?|machines|actors|test)\//.exec(url)?.[1];
  return own ?? (url.startsWith('node:') ? 'node' : 'native (fsync, JSON, promises)');
}
