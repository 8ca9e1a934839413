/** Processes of a benchmark's deployment over RabbitMQ, and a way to look into what they share. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child, Children } from './children.ts';

export type Urls = { amqpUrl: string; mongodbUrl?: string };

export type Role = 'gateway' | 'host' | 'tracker' | 'worker';

export type Started = { name: string; roles: readonly Role[]; slowMs?: number };

export class Members {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
  readonly #children: Children;
  readonly #orders: Urls & { prefix: string };
  readonly #running = new Set<Child>();

  constructor(children: Children, orders: Urls & { prefix: string }) {
    this.#children = children;
    this.#orders = orders;
  }

  /** Resolves once it takes work. */
  async start({ name, ...more }: Started): Promise<Child> {
    const data = join(this.folder, name);
    const child = this.#children.start('cluster', { ...this.#orders, ...more, data });
    this.#running.add(child);
    await child.next();
    return child;
  }

  /** Kills it, as a power cut would. */
  async kill(child: Child): Promise<void> {
    this.#running.delete(child);
    child.process.kill('SIGKILL');
    await once(child.process, 'exit');
  }

  /** In the reverse order of their start. */
  async close(): Promise<void> {
    for (const child of [...this.#running].reverse()) {
      child.process.kill('SIGTERM');
      await once(child.process, 'exit');
    }
    rmSync(this.folder, { recursive: true });
  }
}
