import { describe, expect, it } from 'vitest';
import { Acks } from '../../src/adapters/rabbitmq/acks.ts';

describe('acks to RabbitMQ', () => {
  it('says one word for all from the oldest delivery on', () => {
    const acks = acked(3, 1, 2);
    expect(acks.take()).toEqual([{ tag: 3, isUpTo: true }]);
    expect(acks.take()).toEqual([]);
  });

  it('names each that is acked before an older one, and never again', () => {
    const acks = acked(1, 3, 5);
    expect(acks.take()).toEqual([
      { tag: 1, isUpTo: true },
      { tag: 3, isUpTo: false },
      { tag: 5, isUpTo: false },
    ]);
    acks.add(2);
    expect(acks.take()).toEqual([{ tag: 2, isUpTo: true }]);
    acks.add(6);
    acks.add(4);
    expect(acks.take()).toEqual([{ tag: 6, isUpTo: true }]);
  });

  it('says nothing twice', () => {
    const acks = acked(1, 3);
    acks.take();
    expect(acks.add(1)).toBe(false);
    expect(acks.add(3)).toBe(false);
    expect(acks.take()).toEqual([]);
  });

  it('joins what is acked up to a tag', () => {
    const acks = new Acks();
    acks.addUpTo(4);
    acks.addUpTo(9);
    expect(acks.addUpTo(9)).toBe(false);
    expect(acks.take()).toEqual([{ tag: 9, isUpTo: true }]);
  });

  it.each([1, 2, 3, 4, 5])('acks every delivery exactly once, in any order (seed %i)', (seed) => {
    const random = randomOf(seed);
    const open = new Set<number>();
    const broker = new Set<number>();
    const acks = new Acks();
    let delivered = 0;
    for (let step = 0; step < 3000; step += 1) {
      if (random() < 0.5) {
        delivered += 1;
        open.add(delivered);
        broker.add(delivered);
      } else if (random() < 0.8) {
        const tag = [...open][Math.floor(random() ** 3 * open.size)];
        if (tag !== undefined && acks.add(tag)) open.delete(tag);
      } else sayTo(broker, acks);
    }
    sayTo(broker, acks);
    expect([...broker].toSorted((a, b) => a - b)).toEqual([...open].toSorted((a, b) => a - b));
  });
});

function acked(...tags: number[]): Acks {
  const acks = new Acks();
  for (const tag of tags) acks.add(tag);
  return acks;
}

/** As RabbitMQ does it: a tag that it does not wait for ends the channel. */
function sayTo(waiting: Set<number>, acks: Acks): void {
  for (const { tag, isUpTo } of acks.take()) {
    if (!waiting.has(tag)) throw new Error(`unknown delivery tag ${tag}`);
    for (const each of waiting) if (each === tag || (isUpTo && each < tag)) waiting.delete(each);
  }
}

function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}
