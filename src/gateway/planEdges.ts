/**
 * Edges of a plan: from what each job says it comes after to the parents of every job, those of the
 * sequences' own begins and ends included. Pure; linear in the number of edges.
 */

/** A job while its plan is made. `role` is set for the two jobs that a sequence adds. */
export type Node = {
  sequence?: number;
  role?: 'begin' | 'end';
};

export type SequenceNode = { begin: number; end: number; parent?: number };

/** `after` lists the parents a job names itself; the answer holds all parents, sorted, each once. */
export function connect(
  nodes: readonly Node[],
  sequences: readonly SequenceNode[],
  after: readonly (readonly number[])[],
): (readonly number[])[] {
  if (sequences.length === 0) return after.map(ascending);
  const parents = nodes.map(() => new Set<number>());
  after.forEach((sources, child) => {
    for (const source of sources) addDependency(source, child);
  });
  joinBeginsAndEnds();
  return parents.map((set) => [...set].sort((a, b) => a - b));

  /** Who depends on a part of a sequence waits for all of it, and so does the sequence he is in. */
  function addDependency(source: number, child: number): void {
    const around = new Set(chainOf(nodes[child]?.sequence));
    const left = [...chainOf(nodes[source]?.sequence)].filter((each) => !around.has(each)).at(-1);
    const sources = [source, ...(left === undefined ? [] : [sequences[left]?.end ?? source])];
    const common = new Set(chainOf(nodes[source]?.sequence));
    const entered = [...around].filter((each) => !common.has(each));
    const children = [child, ...entered.map((each) => sequences[each]?.begin ?? child)];
    for (const to of children) for (const from of sources) parents[to]?.add(from);
  }

  /** Each member of a sequence comes after its begin and before its end, through others or itself. */
  function joinBeginsAndEnds(): void {
    const hasParent = new Uint8Array(nodes.length);
    const hasChild = new Uint8Array(nodes.length);
    parents.forEach((set, child) => {
      for (const parent of set) {
        if (isInside(parent, memberOf(child))) hasParent[child] = 1;
        if (isInside(child, memberOf(parent))) hasChild[parent] = 1;
      }
    });
    nodes.forEach((node, job) => {
      const sequence = sequences[memberOf(job) ?? -1];
      if (sequence === undefined) return;
      if (node.role !== 'end' && hasParent[job] === 0) parents[job]?.add(sequence.begin);
      if (node.role !== 'begin' && hasChild[job] === 0) parents[sequence.end]?.add(job);
    });
  }

  /** The sequence that sees this job as one of its members: for a begin or end, the one around it. */
  function memberOf(job: number): number | undefined {
    const { sequence, role } = nodes[job] ?? {};
    if (role === undefined || sequence === undefined) return sequence;
    return sequences[sequence]?.parent;
  }

  function isInside(job: number, sequence: number | undefined): boolean {
    if (sequence === undefined) return false;
    for (const each of chainOf(nodes[job]?.sequence)) if (each === sequence) return true;
    return false;
  }

  /** A sequence and those around it, from the inside. */
  function* chainOf(sequence: number | undefined): Generator<number> {
    for (let each = sequence; each !== undefined; each = sequences[each]?.parent) yield each;
  }
}

/** Sorted, each once; the list itself when it is. */
function ascending(list: readonly number[]): readonly number[] {
  const isSorted = list.every((each, n) => n === 0 || each > (list[n - 1] ?? each));
  return isSorted ? list : [...new Set(list)].sort((a, b) => a - b);
}
