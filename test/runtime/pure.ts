/** A group stepped without any port: what tests of the pure half of the runtime begin with. */
import type { Entry } from '../../src/ports/journal.ts';
import type { ActorDefinition } from '../../src/runtime/actor.ts';
import { incomingOf } from '../../src/runtime/incoming.ts';
import type { Incoming } from '../../src/runtime/incoming.ts';
import { emptyResident } from '../../src/runtime/load.ts';
import { judge, keep } from '../../src/runtime/parking.ts';
import type { Judged, Resident } from '../../src/runtime/parking.ts';
import { createRegistry } from '../../src/runtime/registry.ts';
import type { Registry } from '../../src/runtime/registry.ts';
import { taskActor } from '../kit/taskActor.ts';
import type { TaskOptions } from '../kit/taskActor.ts';

export const day = Date.UTC(2026, 0, 5);

let sent = 0;

/** A command to the task, with an id of its own. */
export function command(type: string, body: unknown = {}, messageId = `c${(sent += 1)}`): Incoming {
  return { type, group: 'g', to: 'task/main', meta: { messageId }, body: JSON.stringify(body) };
}

export function answered(
  attempt: number,
  fields: object = {},
  type = 'attempt.succeeded',
): Incoming {
  const body = JSON.stringify({ key: 'attempt', attempt, ...fields });
  return { type, group: 'g', to: 'task/main', meta: {}, body };
}

export function rang(seq: number, n: number): Incoming {
  return { type: 'timer.fired', group: 'g', to: '', meta: {}, body: JSON.stringify({ seq, n }) };
}

/** One group, its verdicts, and the journal that its host would have written. */
export class Story {
  readonly registry: Registry;
  resident: Resident = emptyResident('g');
  readonly journal: Entry[] = [];

  constructor(options: TaskOptions | ActorDefinition[] = {}) {
    this.registry = createRegistry(Array.isArray(options) ? options : [taskActor(options)]);
  }

  tell(message: Incoming, at = day + this.journal.length): Judged {
    const judged = judge(this.registry, this.resident, message, at);
    if (judged.verdict !== 'accepted' && judged.verdict !== 'parked') return judged;
    const offset = this.journal.length + 1;
    const entry: Entry = {
      ...{ partition: 0, offset, token: 't', group: 'g', seq: this.resident.group.seq + 1, at },
      type: message.type,
      ...(message.to !== '' && { to: message.to }),
      meta: message.meta,
      ...(message.body !== undefined && { body: message.body }),
      transitions: judged.verdict === 'accepted' ? judged.turned.transitions : [],
      ...(judged.verdict === 'parked' && { parked: judged.reason }),
    };
    this.journal.push(entry);
    const next = judged.verdict === 'parked' ? keep(judged.next, entry, message.body) : judged.next;
    this.resident = { ...next, offset };
    return judged;
  }

  /** The same journal under another program; a snapshot is bound to the machine that made it. */
  restarted(options: TaskOptions = {}): Story {
    const story = new Story(options);
    for (const entry of this.journal) {
      story.journal.push(entry);
      const { registry, resident } = story;
      const next =
        entry.parked === undefined
          ? judge(registry, resident, incomingOf(entry), entry.at).next
          : keep(resident, entry, entry.body);
      story.resident = { ...next, offset: entry.offset };
    }
    return story;
  }

  get root(): unknown {
    const value: unknown = this.resident.group.actors.get('task/main')?.value;
    return value;
  }

  get count(): unknown {
    const snapshot = this.resident.group.actors.get('task/main');
    return (snapshot?.context as { count: number } | undefined)?.count;
  }
}
