/**
 * A cluster of real processes over a real broker and store, for tests that break it: start, kill, freeze and
 * end its members, start chains by publishing, wait for their ends, and judge all from the journal.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openRabbitmqBroker } from '../../../src/adapters/rabbitmq/broker.ts';
import { openMongoStore } from '../../../src/adapters/mongodb/store.ts';
import type { Broker } from '../../../src/ports/broker.ts';
import type { HostDocument } from '../../../src/ports/hosts.ts';
import type { Store } from '../../../src/ports/store.ts';
import { exchanges, partitionOf } from '../../../src/protocol/topology.ts';
import { publicState, isTerminal } from '../../../src/protocol/states.ts';
import type { CrashChain } from '../crashChain.ts';
import { eventually } from '../eventually.ts';
import { silentLog } from '../silentLog.ts';
import type { MemberOrders } from './member.ts';

export type Role = MemberOrders['roles'][number];

export type ClusterOptions = {
  amqpUrl: string;
  mongodbUrl: string;
  managementUrl?: string;
  /** Path of member.ts, transpiled. */
  program: string;
  partitions?: number;
  slowMs?: number;
};

/** One process. */
export type Member = { name: string; process: ChildProcess; roles: readonly Role[] };

/** A member has not started, or chains have not ended, after this. */
const hangsAfterMs = 60_000;

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-cluster-'));
  readonly prefix = `t-${randomUUID().slice(0, 8)}`;
  readonly members = new Map<string, Member>();
  readonly #options: ClusterOptions;
  #broker: Broker | undefined;
  #store: Store | undefined;
  #isClosing = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  get broker(): Broker {
    if (this.#broker === undefined) throw new Error('the cluster is not open');
    return this.#broker;
  }

  /** Members that die may be started again. */
  get isOpen(): boolean {
    return !this.#isClosing;
  }

  get store(): Store {
    if (this.#store === undefined) throw new Error('the cluster is not open');
    return this.#store;
  }

  get amqpUrl(): string {
    return this.#options.amqpUrl;
  }

  /** With the database of this cluster. */
  get mongodbUrl(): string {
    return withDatabase(this.#options.mongodbUrl, this.prefix);
  }

  partitionOf(group: string): number {
    return partitionOf(group, this.partitions);
  }

  get partitions(): number {
    return this.#options.partitions ?? 4;
  }

  /** The test's own connections: it publishes, and looks into the store. */
  async open(): Promise<void> {
    const { amqpUrl, mongodbUrl } = this.#options;
    this.#broker = await openRabbitmqBroker({
      url: amqpUrl,
      prefix: this.prefix,
      name: 'test',
      log: silentLog(),
    });
    this.#store = await openMongoStore({
      url: mongodbUrl,
      database: this.prefix,
      partitions: this.partitions,
    });
  }

  /** Starts a member; resolves when it takes work. `own` goes before what is the cluster's, such as the address of a proxy. */
  async start(name: string, roles: Role[], own: Partial<MemberOrders> = {}): Promise<Member> {
    const { program, amqpUrl, managementUrl, slowMs = 0 } = this.#options;
    const orders: MemberOrders = {
      ...{ name, roles, amqpUrl, prefix: this.prefix, partitions: this.partitions, slowMs },
      mongodbUrl: this.mongodbUrl,
      ...(managementUrl !== undefined && { managementUrl }),
      ...{ log: join(this.folder, 'executions.log'), data: join(this.folder, name) },
      ...own,
    };
    const child = spawn(process.execPath, [program, JSON.stringify(orders)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr.pipe(createWriteStream(join(this.folder, `${name}.log`), { flags: 'a' }));
    const member = { name, process: child, roles };
    this.members.set(name, member);
    const failed = once(child, 'exit').then(() => {
      throw new Error(`${name} ended at its start: ${this.logOf(name).slice(-2000)}`);
    });
    await Promise.race([once(child.stdout, 'data'), failed]);
    failed.catch(() => undefined);
    return member;
  }

  /** What a member has logged. */
  logOf(name: string): string {
    const path = join(this.folder, `${name}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Sends a signal; resolves when the process is gone, where the signal ends it. */
  async signal(name: string, signal: NodeJS.Signals): Promise<void> {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    const { process: child } = member;
    const isGone = child.exitCode !== null || child.signalCode !== null;
    const gone = isGone ? Promise.resolve() : once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGKILL' && signal !== 'SIGTERM') return;
    await gone;
    this.members.delete(name);
  }

  /** The member that owns most partitions, by what hosts write of themselves. */
  owner(): Promise<Member> {
    return this.#hosting((documents) => {
      const [most] = documents.toSorted((a, b) => b.owns.length - a.owns.length);
      return most?.owns.length === 0 ? undefined : most;
    });
  }

  /** The member that owns a group's partition. */
  ownerOf(id: string): Promise<Member> {
    const own = partitionOf(id, this.partitions);
    return this.#hosting((documents) =>
      documents.find(({ owns }) => owns.some(({ partition }) => partition === own)),
    );
  }

  /** Dead hosts stay in the list for a while. */
  async #hosting(
    choose: (alive: readonly HostDocument[]) => HostDocument | undefined,
  ): Promise<Member> {
    const members = [...this.members.values()];
    const of = ({ name }: HostDocument): Member | undefined =>
      members.find(({ process: child }) => name.endsWith(`:${child.pid}`));
    let found: Member | undefined;
    await eventually(
      async () => {
        const alive = (await this.store.hosts.all()).filter((host) => of(host) !== undefined);
        const chosen = choose(alive);
        found = chosen && of(chosen);
        if (found === undefined) throw new Error('no member owns that');
      },
      hangsAfterMs,
      50,
    );
    if (found === undefined) throw new Error('no member owns that');
    return found;
  }

  /** Resolves when others than this member own all partitions, by what they write of themselves. */
  async ownedByOthers(name: string): Promise<void> {
    const living = [...this.members.values()].filter((member) => member.name !== name);
    await eventually(
      async () => {
        const others = (await this.store.hosts.all()).filter((host) =>
          living.some(({ process: child }) => host.name.endsWith(`:${child.pid}`)),
        );
        const owned = new Set(others.flatMap(({ owns }) => owns.map(({ partition }) => partition)));
        if (owned.size < this.partitions) throw new Error(`others than ${name} own ${owned.size}`);
      },
      hangsAfterMs,
      100,
    );
  }

  /** Publishes what starts a chain, as a user would. */
  create(requestId: string, args: object, requestType = 'crash'): Promise<void> {
    return this.#publish('request.create', `create ${requestId}`, { requestType, requestId, args });
  }

  /** Publishes a command to a request. */
  command(requestId: string, type: string): Promise<void> {
    return this.#publish(type, `${type} ${requestId} ${randomUUID()}`, { requestId });
  }

  /** Publishes an event for an actor. */
  tell(
    group: string,
    actor: string,
    { type, ...body }: { type: string } & Record<string, unknown>,
  ): Promise<void> {
    const address = `${group}/${actor}`;
    return this.#publish(type, `${type} ${address} ${randomUUID()}`, { address, ...body });
  }

  /** Again until the broker has it: the faults hit publishers too. */
  async #publish(type: string, messageId: string, body: object): Promise<void> {
    await eventually(
      async () => {
        const properties = { messageId, type, timestamp: Date.now() };
        const to = { exchange: exchanges.commands, routingKey: type };
        const publication = { ...to, properties, body: JSON.stringify(body) };
        const published = await this.broker.publish(publication);
        if (published !== 'confirmed') throw new Error(`${messageId} was ${published}`);
      },
      hangsAfterMs,
      100,
    );
  }

  /** Of the request, as its head says; undefined while it has none. */
  async state(id: string): Promise<string | undefined> {
    const head = await this.store.snapshots.head(id);
    return head && publicState(head.state);
  }

  /** Resolves when all have ended. */
  async ended(chains: readonly Pick<CrashChain, 'id'>[], withinMs = hangsAfterMs): Promise<void> {
    await eventually(
      async () => {
        const left: string[] = [];
        for (const { id } of chains) {
          const state = await this.state(id);
          if (state === undefined || !isTerminal(state)) left.push(`${id} ${state ?? 'unknown'}`);
        }
        if (left.length > 0) throw new Error(`not ended: ${left.join(', ')}`);
      },
      withinMs,
      100,
    );
  }

  /** Resolves when so many handlers have begun. */
  async begun(count: number): Promise<void> {
    await eventually(() => {
      const begun = this.executions().filter(({ what }) => what === 'start').length;
      if (begun < count) throw new Error(`${begun} handlers have begun, not ${count}`);
    }, hangsAfterMs);
  }

  executions(): { what: string; key: string; by: string }[] {
    const path = join(this.folder, 'executions.log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
    return lines.map((line) => {
      const [what = '', key = '', by = ''] = line.split(' ');
      return { what, key, by };
    });
  }

  /** Ends all members, and what they kept. */
  async close({ isKept = false } = {}): Promise<void> {
    this.#isClosing = true;
    for (const name of [...this.members.keys()]) {
      this.members.get(name)?.process.kill('SIGCONT');
      await Promise.race([this.signal(name, 'SIGTERM'), delay(10_000, undefined, { ref: false })]);
      if (this.members.has(name)) await this.signal(name, 'SIGKILL');
    }
    await this.#broker?.close();
    await this.#store?.close();
    if (!isKept) rmSync(this.folder, { recursive: true, force: true });
  }
}

function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
}
