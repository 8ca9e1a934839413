/** Finds the name that somebody probably meant; used where a name is unknown. */

/** The candidate nearest to `name`, when it is near enough to be a slip. */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let limit = Math.max(2, Math.floor(name.length / 3));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > limit) continue;
    const distance = levenshtein(name, candidate, limit);
    if (distance > limit || (best !== undefined && distance === limit)) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

/** ` (did you mean "x"?)`, or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = suggest(name, candidates);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

/** Edits between two texts; gives up above `limit` and answers `limit + 1`. */
function levenshtein(a: string, b: string, limit: number): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const edit = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1);
      const distance = Math.min(substitution, edit);
      current.push(distance);
      least = Math.min(least, distance);
    }
    if (least > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
