/** How many starts may travel together, by how fast attempts of their type are answered. */
import { expect, it } from 'vitest';
import { AnswerRate } from '../../src/runtime/answerRate.ts';

/** Starts of which each is answered after so long, with so many answers of others in between. */
function rateAfter({ tookMs, others }: { tookMs: number; others: number }): AnswerRate {
  const rate = new AnswerRate();
  rate.sent('watched', 0);
  for (let n = 0; n < others; n += 1) rate.answered(`other-${n}`, (tookMs * n) / others);
  rate.answered('watched', tookMs);
  return rate;
}

it('as many as were answered in 5 ms, counted for as long as one start took', () => {
  expect(rateAfter({ tookMs: 100, others: 399 }).mostTogether(100)).toBe(20);
  expect(rateAfter({ tookMs: 1000, others: 3999 }).mostTogether(1000)).toBe(20);
});

it('one where nothing was counted, and of a few quick ones', () => {
  const rate = new AnswerRate();
  expect(rate.mostTogether(0)).toBe(1);
  rate.sent('a', 0);
  expect(rate.mostTogether(1)).toBe(1);
  expect(rateAfter({ tookMs: 1, others: 9 }).mostTogether(1)).toBe(1);
});

it('one where slow attempts end at once', () => {
  const rate = new AnswerRate();
  rate.sent('watched', 0);
  for (let n = 0; n < 500; n += 1) rate.answered(`other-${n}`, 9_000);
  rate.answered('watched', 9_000);
  expect(rate.mostTogether(9_000)).toBe(1);
});

it('holds through a pause of 5 s', () => {
  const rate = rateAfter({ tookMs: 100, others: 399 });
  expect(rate.mostTogether(5_100)).toBe(20);
  expect(rate.mostTogether(5_101)).toBe(1);
});

it('holds no more where a start waits for long', () => {
  const quick = rateAfter({ tookMs: 100, others: 399 });
  quick.sent('next', 200);
  expect(quick.mostTogether(700)).toBe(20);
  expect(quick.mostTogether(701)).toBe(1);
  const queued = rateAfter({ tookMs: 1000, others: 3999 });
  queued.sent('next', 1000);
  expect(queued.mostTogether(3000)).toBe(20);
  expect(queued.mostTogether(3001)).toBe(1);
});

it('watches another start when one is not answered in 10 s', () => {
  const rate = new AnswerRate();
  rate.sent('lost', 0);
  rate.sent('too early', 10_000);
  rate.sent('next', 10_001);
  for (let n = 0; n < 400; n += 1) rate.answered('too early', 10_050);
  expect(rate.mostTogether(10_050)).toBe(1);
  rate.answered('next', 10_101);
  expect(rate.mostTogether(10_101)).toBe(20);
});
