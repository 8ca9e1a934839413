/** What is kept of a stream, and what is told of it while it runs: bounded, and never a character in two. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCapture } from '../../src/worker/capture.ts';
import { createOutputFeed } from '../../src/worker/outputFeed.ts';
import type { OutputPiece } from '../../src/worker/outputFeed.ts';
import { FakeClock } from '../kit/fakeClock.ts';

const head = 4096;
const tail = 28 * 1024;

function kept(...chunks: readonly (string | Buffer)[]): string {
  const capture = createCapture();
  for (const chunk of chunks) capture.push(Buffer.from(chunk));
  return capture.text();
}

describe('of a stream', () => {
  test('all is kept up to 32 KiB, however it comes', () => {
    expect(kept()).toBe('');
    expect(kept('a', '', 'b\n')).toBe('ab\n');
    const text = 'é€𝄞'.repeat((head + tail) / 9 - 1);
    const bytes = Buffer.from(text);
    expect(kept(text)).toBe(text);
    expect(kept(...[...bytes].map((byte) => Buffer.of(byte)))).toBe(text);
  });

  test('the first 4 KiB and the last 28 KiB are kept, in whatever pieces it comes', () => {
    const all = Buffer.from(Array.from({ length: 100_000 }, (_, n) => 97 + (n % 26)));
    const wanted = [
      all.subarray(0, head),
      `\n… ${all.length - head - tail} bytes left out …\n`,
      all.subarray(-tail),
    ].join('');
    expect(kept(all)).toBe(wanted);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 20 }), (sizes) => {
        const chunks: Buffer[] = [];
        let rest = all;
        for (const size of sizes) {
          chunks.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        expect(kept(...chunks, rest)).toBe(wanted);
      }),
    );
  });

  test('no character is cut where something is left out', () => {
    const text = kept('€'.repeat(20_000));
    expect(text).toMatch(/^€+\n… \d+ bytes left out …\n€+$/);
    const [, count] = /… (\d+) bytes/.exec(text) ?? [];
    expect(Number(count) + Buffer.byteLength(text.replace(/\n…[^…]*…\n/, ''))).toBe(60_000);
  });

  test('what is no text is replaced, and NUL is left out', () => {
    expect(kept(Buffer.of(0x61, 0, 0xff, 0xc3))).toBe('a\uFFFD\uFFFD');
  });
});

describe('of a running program', () => {
  function open() {
    const clock = new FakeClock();
    const pieces: OutputPiece[] = [];
    const feed = createOutputFeed(clock, (piece) => void pieces.push(piece));
    const push = (text: string | Buffer, stream: 'stdout' | 'stderr' = 'stdout'): void =>
      feed.push(stream, Buffer.from(text));
    return { clock, pieces, feed, push };
  }

  test('the first piece is told at once, then one each 100 ms, the streams in turn', () => {
    const { clock, pieces, push } = open();
    push('1');
    push('2');
    push('3');
    push('e', 'stderr');
    expect(pieces).toEqual([{ stream: 'stdout', text: '1' }]);
    clock.advance(100);
    push('4');
    clock.advance(100);
    clock.advance(100);
    expect(pieces.slice(1)).toEqual([
      { stream: 'stdout', text: '23' },
      { stream: 'stderr', text: 'e' },
      { stream: 'stdout', text: '4' },
    ]);
    clock.advance(1000);
    expect(clock.pending).toBe(0);
  });

  test('of more than 8 KiB the newest is told, and how much was skipped', () => {
    const { clock, pieces, push } = open();
    push('first');
    push('a'.repeat(5000));
    push('b'.repeat(100_000));
    push('c');
    clock.advance(100);
    expect(pieces[1]).toEqual({
      ...{ stream: 'stdout', text: `${'b'.repeat(8191)}c` },
      skipped: 105_001 - 8192,
    });
  });

  test('a character that comes in two pieces is told whole, and the rest at the end', () => {
    const { clock, pieces, feed, push } = open();
    const euro = Buffer.from('€');
    push(Buffer.concat([Buffer.from('a'), euro.subarray(0, 2)]));
    clock.advance(100);
    push(Buffer.concat([euro.subarray(2), euro.subarray(0, 1)]));
    clock.advance(100);
    feed.end();
    expect(pieces.map(({ text }) => text)).toEqual(['a', '€', '\uFFFD']);
    expect(clock.pending).toBe(0);
  });
});
