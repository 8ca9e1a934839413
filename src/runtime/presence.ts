/**
 * Who hosts just now (architecture, section 13): says twice a second that this host is there and what it owns, and
 * looks who else is. A host is judged by whether its counter moves, on this host's own clock, never by another's.
 */
import type { Clock } from '../ports/clock.ts';
import type { HostDocument, Hosts } from '../ports/hosts.ts';

/** Between two looks. */
export const lookMs = 500;

/** A host that has stood still for so long is forgotten. */
const forgottenMs = 60_000;

/** A host as this one has seen it, by this one's monotonic clock. */
export type Seen = {
  document: HostDocument;
  /** When its counter was last seen to have moved, or it was first seen. */
  movedAt: number;
  /** Its counter was seen to move: what was only found may be what a dead host has left. */
  hasMoved: boolean;
  /** Since when it has been seen subscribed; absent while it is not. */
  subscribedAt?: number;
};

/** All hosts at a moment of this one's monotonic clock, by id; this one among them. */
export type View = { at: number; me: string; hosts: readonly Seen[] };

export type PresenceOptions = {
  hosts: Hosts;
  clock: Clock;
  id: string;
  name: string;
  /** What this host has to say of itself. */
  state(): Pick<HostDocument, 'isSubscribed' | 'isDraining' | 'owns'>;
};

export class Presence {
  readonly #options: PresenceOptions;
  #seen = new Map<string, Seen>();
  #counter = 0;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Writes and looks, once. Rejects when the store does not answer: then nobody can be judged. */
  async look(): Promise<View> {
    const { hosts, clock, id } = this.#options;
    await this.put();
    const documents = await hosts.all();
    const at = clock.monotonic();
    this.#seen = new Map(documents.map((document) => [document.id, this.#see(document, at)]));
    await this.#forget(at);
    return { at, me: id, hosts: [...this.#seen.values()] };
  }

  /** Says how this host stands. */
  async put(): Promise<void> {
    const { hosts, clock, id, name, state } = this.#options;
    this.#counter += 1;
    await hosts.put({ id, name, counter: this.#counter, ...state(), at: clock.now() });
  }

  /** This host is no more. */
  async remove(): Promise<void> {
    await this.#options.hosts.remove(this.#options.id);
  }

  /** One that was never seen is as good as one that has just moved. */
  #see(document: HostDocument, at: number): Seen {
    const before = this.#seen.get(document.id);
    const isNew = before?.document.counter !== document.counter;
    const seen = {
      document,
      movedAt: isNew ? at : before.movedAt,
      hasMoved: before !== undefined && (isNew || before.hasMoved),
    };
    if (!document.isSubscribed) return seen;
    return { ...seen, subscribedAt: before?.subscribedAt ?? at };
  }

  async #forget(at: number): Promise<void> {
    const gone = [...this.#seen.values()].filter(({ movedAt }) => at - movedAt > forgottenMs);
    for (const { document } of gone) await this.#options.hosts.remove(document.id);
  }
}
