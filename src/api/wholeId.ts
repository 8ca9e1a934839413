/** Ids as Spin Cycle's own client shows them in `find`: those longer than its column are squeezed in the middle. */
import type { Link } from '../link.ts';

const mostLike = 10;

/** `01m8cs545..m94e01gpv` → the one request that begins and ends so; any other id as it is. */
export async function wholeId({ reader }: Pick<Link, 'reader'>, id: string): Promise<string> {
  const [, left, right] = /^([0-9a-z]{6,})\.\.([0-9a-z]{6,})$/.exec(id) ?? [];
  if (left === undefined || right === undefined) return id;
  const fits = (await reader.matching(right, mostLike)).filter(
    (each) => each.startsWith(left) && each.endsWith(right),
  );
  return fits.length === 1 ? (fits[0] ?? id) : id;
}
