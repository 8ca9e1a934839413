/**
 * Tells the valve how many chains are busy in partitions that other processes own: their documents say so
 * (ports/hosts.ts). One that no longer moves says nothing: what it said last stays, until there is a new owner.
 */
import type { Logger } from 'pino';
import type { Clock } from '../ports/clock.ts';
import type { Hosts } from '../ports/hosts.ts';

/** As often as hosts write their documents. */
const lookMs = 500;

export type BusyElsewhereOptions = {
  hosts: Pick<Hosts, 'all'>;
  clock: Clock;
  log: Logger;
  valve: { report(partition: number, busy: number): void };
};

export class BusyElsewhere {
  readonly #options: BusyElsewhereOptions;
  /** By host, as last seen. */
  #counters = new Map<string, number>();
  #takeBack: (() => void) | undefined;
  #isStopped = false;

  constructor(options: BusyElsewhereOptions) {
    this.#options = options;
  }

  /** Looks now, and every 500 ms. */
  start(): void {
    if (this.#isStopped) return;
    void this.runOnce()
      .catch((err: unknown) => {
        this.#options.log.warn({ err }, 'the hosts cannot be read; the valve stays as it is');
      })
      .then(() => {
        if (!this.#isStopped)
          this.#takeBack = this.#options.clock.after(lookMs, () => this.start());
      });
  }

  /** Looks once. Of a host that is seen for the first time nothing is known to be true yet. */
  async runOnce(): Promise<void> {
    const documents = await this.#options.hosts.all();
    const moved = documents.filter(({ id, counter }) => {
      const before = this.#counters.get(id);
      return before !== undefined && before !== counter;
    });
    this.#counters = new Map(documents.map(({ id, counter }) => [id, counter]));
    for (const { owns } of moved)
      for (const { partition, busy } of owns) this.#options.valve.report(partition, busy);
  }

  /** May be called twice. */
  stop(): void {
    this.#isStopped = true;
    this.#takeBack?.();
  }
}
