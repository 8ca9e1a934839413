/** ` (did you mean "x"?)` for a name in a spec; of very many names only the first are looked at. */
import { didYouMean } from '../gateway/suggest.ts';

/** A generated file may have 10,000 wrong names, and as many right ones. */
const maxCandidates = 1000;

export function hintFor(name: string, candidates: Iterable<string>): string {
  return didYouMean(name, first(candidates));
}

function* first(candidates: Iterable<string>): Generator<string> {
  let left = maxCandidates;
  for (const candidate of candidates) {
    if (left === 0) return;
    left -= 1;
    yield candidate;
  }
}
