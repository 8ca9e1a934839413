/** What the programs of running attempts print, a line at a time as it comes from their host. */
import type { Config } from '../config.ts';
import type { Context } from './context.ts';
import { colorsOf, print } from './print.ts';
import { linesOf, oneLine } from './text.ts';

/** What began in this while may have printed before it was heard. */
const openingMs = 1000;

export type LiveOutput = {
  /** Whether all that this attempt has printed has been printed here; it may have begun before. */
  hasWhole(attempt: { name: string; attempt: number; startedAt?: number }): boolean;
  end(): Promise<void>;
};

/** Prints until `end`; undefined where nobody hosts. `job` is the only one that is printed, if given. */
export async function printOutput(
  context: Context,
  config: Config,
  { id, job }: { id: string; job: string | undefined },
): Promise<LiveOutput | undefined> {
  if ((await context.hosting.hostOf(config)) === undefined) return undefined;
  const { client, close } = await context.hosting.connect(config);
  const { dim } = colorsOf(process.stdout);
  const seen = new Set<string>();
  const begun = new Map<string, string>();
  const tell = (name: string, text: string): void => {
    for (const line of linesOf(text)) print(`${dim(`${oneLine(name)} |`)} ${line}`);
  };
  const since = Date.now() + openingMs;
  const stopHearing = client.request(id).onOutput(({ jobId, attempt, stream, text, skipped }) => {
    if (job !== undefined && job !== jobId) return;
    seen.add(`${jobId}/${attempt}`);
    const key = `${jobId}/${stream}`;
    if (skipped !== undefined) tell(jobId, `… ${skipped} bytes left out`);
    // A line that has no end yet waits for it.
    const whole = (begun.get(key) ?? '') + text;
    const end = whole.lastIndexOf('\n') + 1;
    begun.set(key, whole.slice(end));
    if (end > 0) tell(jobId, whole.slice(0, end));
  });
  return {
    hasWhole: ({ name, attempt, startedAt = 0 }) =>
      startedAt > since && seen.has(`${name}/${attempt}`),
    async end() {
      stopHearing();
      for (const [key, text] of begun) if (text !== '') tell(key.replace(/\/\w+$/, ''), text);
      await close();
    },
  };
}
