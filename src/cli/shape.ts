/** The shape of a chain: how deep each job lies, and how many are in each state. Pure. */

/** As much of a job as its place in the chain needs. */
export type Placed = { name: string; after: readonly string[] };

/** Of each job the most steps that lead to it; 0 for those that come after nothing. */
export function levelsOf(jobs: readonly Placed[]): number[] {
  const numbers = new Map(jobs.map(({ name }, job) => [name, job]));
  const children: number[][] = jobs.map(() => []);
  const open = jobs.map(({ after }) => after.length);
  jobs.forEach(({ after }, job) => {
    for (const name of after) children[numbers.get(name) ?? -1]?.push(job);
  });
  const levels = jobs.map(() => 0);
  const ready = open.flatMap((parents, job) => (parents === 0 ? [job] : []));
  for (const job of ready) {
    for (const child of children[job] ?? []) {
      levels[child] = Math.max(levels[child] ?? 0, (levels[job] ?? 0) + 1);
      const left = (open[child] ?? 0) - 1;
      open[child] = left;
      if (left === 0) ready.push(child);
    }
  }
  return levels;
}

/** States in the order in which they are told. */
const order = ['COMPLETE', 'FAIL', 'STOPPED', 'RUNNING', 'WAITING', 'PENDING'];

/** How many are in each state that there is, in the order in which they are told. */
export function countStates(jobs: readonly { state: string }[]): Map<string, number> {
  const counts = new Map(order.map((state) => [state, 0]));
  for (const { state } of jobs) counts.set(state, (counts.get(state) ?? 0) + 1);
  return new Map([...counts].filter(([, jobsIn]) => jobsIn > 0));
}
