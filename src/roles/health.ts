/** Whether this process can do its work just now, and if not, why: what `/readyz` answers. */
import type { Broker } from '../ports/broker.ts';
import type { Store } from '../ports/store.ts';
import { messageOf } from '../protocol/errors.ts';

/** Why something cannot do its work just now; undefined when it can. */
export type Probe = () => string | undefined | Promise<string | undefined>;

/** Who asks is not kept waiting longer by a store that does not answer. */
const patienceMs = 2000;

export class Health {
  readonly #probes = new Map<string, Probe>();

  /** Asks this, too, from now on; a later probe of the same name takes its place. */
  check(name: string, probe: Probe): void {
    this.#probes.set(name, probe);
  }

  /** Why it is not ready, a sentence each; none when it is. */
  async reasons(): Promise<string[]> {
    const asked = [...this.#probes].map(async ([name, probe]) => {
      const reason = await inTime(probe);
      return reason === undefined ? [] : [`${name}: ${reason}`];
    });
    return (await Promise.all(asked)).flat();
  }
}

async function inTime(probe: Probe): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, patienceMs, `no answer within ${patienceMs} ms`);
  });
  try {
    return await Promise.race([probe(), late]);
  } catch (thrown) {
    return messageOf(thrown);
  } finally {
    clearTimeout(timer);
  }
}

/** Hears of the broker's connection from now on. */
export function brokerProbe(broker: Broker): Probe {
  let lost: string | undefined;
  let blocked: string | undefined;
  broker.watch({
    onDisconnected: (reason) => (lost = `disconnected: ${reason}`),
    onConnected: () => (lost = undefined),
    onBlocked: (reason) => (blocked = `takes no messages: ${reason}`),
    onUnblocked: () => (blocked = undefined),
  });
  return () => lost ?? blocked;
}

/** Reads a little. */
export function storeProbe({ journal }: Store): Probe {
  return async () => {
    await journal.head(0);
    return undefined;
  };
}
