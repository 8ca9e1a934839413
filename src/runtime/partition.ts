/**
 * Keeps one partition ours for as long as the host runs: consumes its queue, owns it at the first
 * delivery, delivers, writes checkpoints, lets go or loses it, and consumes anew.
 */
import type { Channel } from '../ports/broker.ts';
import { FencedError } from '../protocol/errors.ts';
import { exchanges, partitionKey, partitionQueue } from '../protocol/topology.ts';
import { checkpoint } from './checkpoint.ts';
import { deliver, prefetch } from './delivery.ts';
import { partitionWake } from './incoming.ts';
import { Mailbox } from './mailbox.ts';
import { own } from './ownership.ts';
import type { Ownership } from './ownership.ts';
import { pause } from './pause.ts';
import type { Runtime } from './runtime.ts';

/** Time between a release and the checkpoint that tells of it. */
const checkpointAfterMs = 200;

/** Runs what must not run for two partitions at a time. */
type InTurn = <T>(task: () => Promise<T>) => Promise<T>;

export class PartitionHost {
  readonly #runtime: Runtime;
  readonly #partition: number;
  readonly #inTurn: InTurn;
  #mailbox: Mailbox | undefined;
  #ownership: Ownership | undefined;
  #running: Promise<void> | undefined;
  #isStopping = false;
  #checkpointing: Promise<void> = Promise.resolve();
  #takeBackCheckpoint: (() => void) | undefined;

  constructor(runtime: Runtime, partition: number, inTurn: InTurn) {
    this.#runtime = runtime;
    this.#partition = partition;
    this.#inTurn = inTurn;
  }

  /** The partition's ownership while it is ours. */
  get ownership(): Ownership | undefined {
    return this.#ownership;
  }

  /** Resolves once the partition is owned and all that it owes is sent; rejects when it cannot be owned at all. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#running = this.#keep(resolve, reject);
    });
  }

  /** Finishes the batch in hand, writes the checkpoint, lets go. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#mailbox?.close();
    await this.#running;
  }

  async #keep(onOwned: () => void, onRefused: (reason: unknown) => void): Promise<void> {
    for (let failures = 0; !this.#isStopping; failures += 1) {
      if (failures > 0) await pause(this.#runtime, failures);
      try {
        await this.#hold(onOwned);
      } catch (err) {
        if (this.#hasBeenStopped()) return;
        if (this.#ownership === undefined && failures === 0 && !(err instanceof FencedError)) {
          onRefused(err);
          return;
        }
        this.#runtime.log.warn(
          { err, partition: this.#partition },
          'partition lost; consuming anew',
        );
      } finally {
        // One that was held had come right: what waits longer each time begins anew.
        if (this.#ownership !== undefined) failures = 0;
        this.#ownership?.timers.stop();
        if (this.#ownership !== undefined) this.#runtime.memory.drop(this.#ownership);
        this.#ownership?.resends.stop();
        this.#ownership = undefined;
      }
    }
  }

  /** One ownership, from its first delivery to its end. */
  async #hold(onOwned: () => void): Promise<void> {
    const mailbox = new Mailbox();
    this.#mailbox = mailbox;
    const channel = await this.#consume(mailbox);
    try {
      await this.#wake();
      this.#ownership = await this.#inTurn(() =>
        own(this.#runtime, this.#partition, { channel, mailbox }),
      );
      onOwned();
      const { ownership } = this;
      if (ownership === undefined) return;
      this.#scheduleCheckpoint();
      if (this.#isStopping) mailbox.close();
      await deliver(this.#runtime, ownership, () => this.#scheduleCheckpoint());
      await this.#letGo(ownership);
    } finally {
      mailbox.close({ isDropping: true });
      await channel.close();
    }
  }

  #consume(mailbox: Mailbox): Promise<Channel> {
    return this.#runtime.broker.consume(partitionQueue(this.#partition), {
      prefetch,
      onDelivery: (delivery) => {
        mailbox.push({ delivery });
      },
      onClosed: () => {
        mailbox.close({ isDropping: true });
      },
    });
  }

  /** AMQP tells nothing to the consumer of an empty queue: a first message does. */
  async #wake(): Promise<void> {
    const { broker, clock } = this.#runtime;
    const key = partitionKey(this.#partition);
    await broker.publish({
      exchange: exchanges.partitions,
      routingKey: key,
      properties: {
        messageId: `${partitionWake}/${key}`,
        type: partitionWake,
        timestamp: clock.now(),
        headers: { group: partitionWake, to: partitionWake },
      },
      body: '{}',
    });
  }

  /** May change while the caller awaits. */
  #hasBeenStopped(): boolean {
    return this.#isStopping;
  }

  #scheduleCheckpoint(): void {
    this.#takeBackCheckpoint ??= this.#runtime.clock.after(checkpointAfterMs, () => {
      this.#takeBackCheckpoint = undefined;
      void this.#checkpoint();
    });
  }

  #unscheduleCheckpoint(): void {
    this.#takeBackCheckpoint?.();
    this.#takeBackCheckpoint = undefined;
  }

  /** One at a time; a failed one is made again later, with what has come since. */
  #checkpoint(): Promise<void> {
    this.#checkpointing = this.#checkpointing.then(async () => {
      const { ownership } = this;
      if (ownership === undefined) return;
      const touched = [...ownership.touched];
      try {
        await checkpoint(this.#runtime, ownership);
        if (ownership.touched.size > 0) this.#scheduleCheckpoint();
      } catch (err) {
        for (const [id, resident] of touched) {
          if (!ownership.touched.has(id)) ownership.touched.set(id, resident);
        }
        this.#runtime.log.warn(
          { err, partition: this.#partition },
          'checkpoint failed; trying again',
        );
        this.#scheduleCheckpoint();
      }
    });
    return this.#checkpointing;
  }

  async #letGo(ownership: Ownership): Promise<void> {
    ownership.timers.stop();
    ownership.resends.stop();
    this.#unscheduleCheckpoint();
    const last = this.#checkpoint();
    await this.#runtime.store.flush();
    await last;
    this.#unscheduleCheckpoint();
  }
}
