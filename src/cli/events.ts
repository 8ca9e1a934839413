/** `millrace events ID`: the event log of a request, a line an entry. */
import type { RequestEvent } from '../reader.ts';
import { examples, toCount } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import { colorsOf, count, print } from './print.ts';
import { idHelp, idOf } from './reading.ts';

type EventsOptions = { json?: boolean; bodies?: boolean; after: number };

export const declareEvents: Declare = (program, act) => {
  program
    .command('events')
    .argument('<id>', idHelp)
    .description('print the event log of a request')
    .option('--json', 'print JSON lines, one an entry')
    .option('--bodies', 'with the messages')
    .option('--after <seq>', 'only what came after', toCount, 0)
    .addHelpText(
      'after',
      examples(
        'events 01kavx3v8c6ws0vzq3f3c2hrnd',
        'events 01kavx3v8c6ws0vzq3f3c2hrnd --json --bodies',
      ),
    )
    .action(act(events));
};

async function events(context: Context, id: string, options: EventsOptions): Promise<number> {
  const { json = false, bodies = false, after } = options;
  const reader = await context.hosting.openReader(await context.readingConfig());
  try {
    for await (const event of reader.events(await idOf(reader, id), after)) {
      if (json) print(JSON.stringify(bodies ? event : without(event)));
      else printEvent(event, bodies);
    }
    return exitCodes.complete;
  } finally {
    await reader.close();
  }
}

function without({ body: _, ...event }: RequestEvent): object {
  return event;
}

function printEvent(event: RequestEvent, bodies: boolean): void {
  const { seq, at, type, parked, body } = event;
  const colors = colorsOf(process.stdout);
  const time = new Date(at).toISOString().slice(11, 23);
  const moves = moveTexts(event).join('; ');
  const kept = parked === undefined ? '' : '  (kept: parked)';
  print(
    `${String(seq).padStart(5)}  ${colors.dim(time)}  ${type.padEnd(18)}  ${moves}${kept}`.trimEnd(),
  );
  if (bodies && body !== undefined) print(`       ${JSON.stringify(body)}`);
}

/** `job/a RUNNING → COMPLETE`; of many jobs that go the same way the first is named. */
function moveTexts({ transitions }: RequestEvent): string[] {
  const groups = new Map<string, string[]>();
  for (const { actor, from, to } of transitions) {
    const move = `${from} → ${to}`;
    groups.set(move, [...(groups.get(move) ?? []), actor]);
  }
  return [...groups].map(([move, [first = '', ...rest]]) => {
    const more = rest.length === 0 ? '' : ` and ${count(rest.length)} more`;
    return `${first}${more} ${move}`;
  });
}
