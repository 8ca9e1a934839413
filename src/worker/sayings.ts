/** What a worker says of an execution before its answer: the messages, each to the group that asked. */
import type { Publication } from '../ports/broker.ts';
import type { Clock } from '../ports/clock.ts';

import { hostsKey } from '../protocol/attempts.ts';
import type { AttemptSayingType } from '../protocol/attempts.ts';
import { exchanges } from '../protocol/topology.ts';
import type { Held } from './held.ts';

export class Sayings {
  readonly #clock: Clock;
  /** Where answers to them come: the worker's own queue. */
  readonly #replyTo: string;

  constructor(clock: Clock, replyTo: string) {
    this.#clock = clock;
    this.#replyTo = replyTo;
  }

  confirm(held: Held): Publication {
    const { redelivered } = held.receipt.delivery;
    const alone = held.isAlone ? { alone: true } : {};
    return this.#of(held, 'attempt.confirm', { ...copyOf(held), redelivered, ...alone });
  }

  lease(held: Held): Publication {
    return this.#of(held, 'attempt.lease', copyOf(held));
  }

  giveBack(held: Held): Publication {
    return this.#of(held, 'attempt.return', {});
  }

  fetch(held: Held, part: number): Publication {
    return this.#of(held, 'attempt.fetch', { part });
  }

  /** Asks every host what it owns. */
  hello(): Publication {
    return this.#to(hostsKey, 'attempt.hello', {});
  }

  /** What is held of a partition, to the owner that has asked. */
  named(namesTo: string, partition: string, startIds: readonly string[]): Publication {
    return this.#to(namesTo, 'attempt.named', { partition, startIds });
  }

  #of({ start, executionId }: Held, type: AttemptSayingType, more: object): Publication {
    const { group, to, key, routingKey } = start.answer;
    const body = { key, attempt: start.attempt, executionId, ...more };
    const { properties, ...publication } = this.#to(routingKey, type, body);
    const headers = { group, to, from: 'worker' };
    const messageId = `${start.startId}/${executionId}/${type}`;
    return { ...publication, properties: { ...properties, messageId, headers } };
  }

  #to(routingKey: string, type: string, body: object): Publication {
    const timestamp = this.#clock.now();
    const messageId = `${this.#replyTo}/${type}/${timestamp}`;
    return {
      exchange: exchanges.results,
      routingKey,
      properties: { messageId, type, timestamp, replyTo: this.#replyTo },
      body: JSON.stringify(body),
    };
  }
}

function copyOf({ start: { claim, replaces } }: Held): object {
  return { claim, ...(replaces !== undefined && { replaces }) };
}
