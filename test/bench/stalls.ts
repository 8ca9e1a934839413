/** How long the event loop was held up at a time, and, under the profiler, by what. */
import { Session } from 'node:inspector/promises';
import type { Profiler } from 'node:inspector';

export type Stall = { ms: number; from: number; to: number };

const tickMs = 1;

/** A probe of the loop; what runs between `pause` and `resume` does not count. */
export class LoopProbe {
  readonly #stalls: Stall[] = [];
  #last = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** What a warm-up pauses and resumes is not looked at. */
  #isOn = false;

  start(): void {
    this.#isOn = true;
    this.#last = performance.now();
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  pause(): void {
    this.#note(performance.now());
  }

  resume(): void {
    this.#last = performance.now();
  }

  /** Ends it; the longest come first. */
  stop(): Stall[] {
    this.#note(performance.now());
    clearTimeout(this.#timer);
    return this.#stalls.sort((a, b) => b.ms - a.ms).slice(0, 10);
  }

  #tick(): void {
    this.#note(performance.now());
    this.#timer = setTimeout(() => this.#tick(), tickMs);
  }

  #note(now: number): void {
    const ms = now - this.#last - tickMs;
    if (this.#isOn && ms > 15) this.#stalls.push({ ms, from: this.#last, to: now });
    this.#last = now;
  }
}

/** Runs `work` under the profiler; answers what ran in a span of time, longest first. */
export async function profiled(
  work: () => Promise<unknown>,
): Promise<(stall: Stall) => { what: string; ms: number }[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 500 });
  await session.post('Profiler.start');
  const started = performance.now();
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return (stall) => during(profile, started, stall);
}

function during(
  { nodes, samples = [], timeDeltas = [], startTime }: Profiler.Profile,
  started: number,
  { from, to }: Stall,
): { what: string; ms: number }[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let at = startTime;
  samples.forEach((id, n) => {
    const delta = timeDeltas[n] ?? 0;
    at += delta;
    const ms = started + (at - startTime) / 1000;
    if (ms < from || ms > to) return;
    const name = names.get(id) ?? '?';
    times.set(name, (times.get(name) ?? 0) + delta / 1000);
  });
  return [...times]
    .map(([what, ms]) => ({ what, ms }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 8);
}

function nameOf({ functionName, url, lineNumber }: Profiler.ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-2).join('/');
  return `${functionName === '' ? '(anonymous)' : functionName} ${file}:${lineNumber + 1}`;
}
