/**
 * Tells `millrace.transitions` what was committed: for trackers, and for all who want to listen. Nobody waits
 * for it, and what cannot be sent is made up for: readers of the journal find it there.
 */
import type { Broker } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';
import type { Entry } from '../ports/journal.ts';
import { publicState } from '../protocol/states.ts';
import { exchanges } from '../protocol/topology.ts';
import { news, newsKeys } from '../protocol/transitions.ts';
import type { Batch, BatchEntry, ChainMoved, JobMoved } from '../protocol/transitions.ts';
import { typeOf } from './checkpoint.ts';
import type { Resident } from './parking.ts';
import type { Registry } from './registry.ts';
import { expand } from './transitions.ts';

export type AnnouncerOptions = {
  broker: Broker;
  clock: Clock;
  registry: Registry;
  /** Every change of a job's state, too. */
  isOfJobs: boolean;
};

/** More batches are not on their way at a time; of what comes meanwhile only the range is told. */
const mostOnTheWay = 64;

/** Requests whose job types are kept at hand. */
const mostRemembered = 1000;

type JobTypes = readonly { name: string; type: string }[];

type Range = Omit<Batch, 'entries'>;

/** The groups of a partition as the commit leaves them. */
type Owned = { partition: number; residents: ReadonlyMap<string, Resident> };

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #jobs = new Map<string, JobTypes>();
  /** By partition, what is still to be told. */
  readonly #untold = new Map<number, { first: number; last: number }>();
  #onTheWay = 0;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** Tells of entries that stand now. */
  committed({ partition, residents }: Owned, entries: readonly Entry[]): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    const range = { partition, first: first.offset, last: last.offset };
    if (this.#onTheWay >= mostOnTheWay || this.#untold.has(partition)) {
      this.range(range);
      return;
    }
    this.#tellBatch({ entries: entries.flatMap(entryOf), ...range });
    for (const entry of entries) this.#tellMoves(entry, residents.get(entry.group ?? ''));
  }

  /** Tells only that these offsets are there: those who want to know look into the journal. */
  range(range: Range): void {
    this.#keep(range);
    this.#tellUntold();
  }

  #keep({ partition, first, last }: Range): void {
    const untold = this.#untold.get(partition);
    this.#untold.set(partition, {
      first: Math.min(first, untold?.first ?? first),
      last: Math.max(last, untold?.last ?? last),
    });
  }

  #tellUntold(): void {
    for (const [partition, range] of this.#untold) {
      if (this.#onTheWay >= mostOnTheWay) return;
      this.#untold.delete(partition);
      this.#tellBatch({ partition, ...range });
    }
  }

  #tellBatch(batch: Batch): void {
    const { partition, first, last } = batch;
    const key = newsKeys.batch(partition);
    this.#onTheWay += 1;
    const sent = this.#publish(key, news.batch, { id: `${key}/${first}-${last}`, body: batch });
    sent.then(
      () => {
        this.#onTheWay -= 1;
        this.#tellUntold();
      },
      () => {
        this.#onTheWay -= 1;
        // Told with what is committed next: by then the broker may be back.
        this.#keep({ partition, first, last });
      },
    );
  }

  #tellMoves({ group = '', seq, at, transitions }: Entry, resident: Resident | undefined): void {
    if (resident === undefined) return;
    const { registry, isOfJobs } = this.#options;
    for (const { actor, from, to } of transitions) {
      if (actor === 'chain/main') {
        const requestType = typeOf(registry, resident.group);
        const moved: ChainMoved = { requestId: group, requestType, from, to, seq, at };
        this.#tellMove(news.chain, newsKeys.chain(requestType, stateKey(to)), moved);
      } else if (isOfJobs && actor.startsWith('job/')) {
        this.#tellJobs(actor, resident, { requestId: group, from, to, seq, at });
      }
    }
  }

  #tellJobs(
    actor: string,
    resident: Resident,
    moved: Omit<JobMoved, 'requestType' | 'jobId' | 'jobType'>,
  ): void {
    const requestType = typeOf(this.#options.registry, resident.group);
    const jobs = this.#jobsOf(resident);
    for (const address of expand(actor)) {
      const job = jobs[Number(address.slice('job/'.length))];
      if (job === undefined) continue;
      const body: JobMoved = { ...moved, requestType, jobId: job.name, jobType: job.type };
      this.#tellMove(news.job, newsKeys.job(job.type, stateKey(moved.to)), body);
    }
  }

  #tellMove(type: string, key: string, body: ChainMoved | JobMoved): void {
    const job = 'jobId' in body ? `/${body.jobId}` : '';
    const id = `${body.requestId}/${body.seq}/${type}${job}`;
    // Who listens has the batches, too, and who missed this looks there.
    this.#publish(key, type, { id, body }).catch(() => undefined);
  }

  async #publish(
    routingKey: string,
    type: string,
    { id, body }: { id: string; body: object },
  ): Promise<void> {
    const { broker, clock } = this.#options;
    await broker.publish({
      exchange: exchanges.transitions,
      routingKey,
      properties: { messageId: id, type, timestamp: clock.now() },
      body: JSON.stringify(body),
      isNews: true,
    });
  }

  /** They never change, and are many: asked for once a request. */
  #jobsOf({ group }: Resident): JobTypes {
    const known = this.#jobs.get(group.id);
    if (known !== undefined) return known;
    const snapshot = group.actors.get(group.root);
    const { queries } = this.#options.registry.kind('chain').definition;
    const jobs = snapshot && (queries?.['jobs']?.(snapshot) as JobTypes | undefined);
    if (this.#jobs.size >= mostRemembered) this.#jobs.clear();
    if (jobs !== undefined) this.#jobs.set(group.id, jobs);
    return jobs ?? [];
  }
}

function entryOf({ group, seq, at, type, transitions, parked }: Entry): BatchEntry[] {
  if (group === undefined) return [];
  const parkedToo = parked !== undefined && { parked };
  return [{ group, seq, at, type, transitions: [...transitions], ...parkedToo }];
}

/** `failed` → `fail`, as people call it. */
function stateKey(state: string): string {
  return publicState(state).toLowerCase();
}
