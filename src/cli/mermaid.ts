/** Mermaid text of a chain's jobs: a node a job, or one for many that are alike. Pure. */

export type GraphJob = {
  name: string;
  type: string;
  /** Absent in a plan. */
  state?: string;
  after: readonly string[];
  sequence?: string;
};

/** More cannot be read; and Mermaid refuses to draw more edges than this unless it is told to. */
const mostJobs = 100;
const mostEdges = 500;

const styles: Readonly<Record<string, string>> = {
  PENDING: 'fill:#f1f3f5,stroke:#868e96,color:#212529',
  RUNNING: 'fill:#d0ebff,stroke:#1971c2,color:#212529',
  WAITING: 'fill:#fff3bf,stroke:#e67700,color:#212529',
  COMPLETE: 'fill:#d3f9d8,stroke:#2b8a3e,color:#212529',
  FAIL: 'fill:#ffe3e3,stroke:#c92a2a,color:#212529',
  STOPPED: 'fill:#ffe8cc,stroke:#d9480f,color:#212529',
};

type Node = { id: string; label: string; jobs: GraphJob[] };

/** A flowchart, states as classes, sequences as subgraphs; jobs that are alike are one node where there are too many to read. */
export function toFlowchart(jobs: readonly GraphJob[]): string {
  const edges = jobs.reduce((sum, { after }) => sum + after.length, 0);
  const nodes = jobs.length <= mostJobs && edges <= mostEdges ? oneEach(jobs) : oneAKind(jobs);
  const idOf = new Map(nodes.flatMap(({ id, jobs: own }) => own.map(({ name }) => [name, id])));
  const states = new Set(jobs.flatMap(({ state = [] }) => state));
  return [
    'flowchart TD',
    ...nodeLines(nodes),
    ...edgeLines(nodes, idOf),
    ...[...states].map((state) => `  classDef ${state} ${styles[state] ?? ''}`.trimEnd()),
  ].join('\n');
}

function oneEach(jobs: readonly GraphJob[]): Node[] {
  return jobs.map((job, at) => ({ id: `j${at}`, label: job.name, jobs: [job] }));
}

/** Of one type, state and sequence, between the same jobs. */
function oneAKind(jobs: readonly GraphJob[]): Node[] {
  const children = new Map<string, string[]>();
  for (const { name, after } of jobs) {
    for (const parent of after) children.set(parent, [...(children.get(parent) ?? []), name]);
  }
  const kinds = new Map<string, GraphJob[]>();
  for (const job of jobs) {
    const { type, state, sequence, after, name } = job;
    const key = JSON.stringify([type, state, sequence, after, children.get(name)]);
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, [job]);
    else kind.push(job);
  }
  return [...kinds.values()].map((own, at) => {
    const [{ name, type } = { name: '', type: '' }] = own;
    return { id: `j${at}`, label: own.length === 1 ? name : `${own.length} × ${type}`, jobs: own };
  });
}

function nodeLines(nodes: readonly Node[]): string[] {
  const sequences = new Map<string | undefined, string[]>();
  for (const { id, label, jobs } of nodes) {
    const [{ state, sequence } = { state: undefined, sequence: undefined }] = jobs;
    const line = `${id}["${escaped(label)}"]${state === undefined ? '' : `:::${state}`}`;
    const lines = sequences.get(sequence);
    if (lines === undefined) sequences.set(sequence, [line]);
    else lines.push(line);
  }
  return [...sequences].flatMap(([sequence, lines], at) =>
    sequence === undefined
      ? lines.map((line) => `  ${line}`)
      : [
          `  subgraph s${at}["${escaped(sequence)}"]`,
          ...lines.map((line) => `    ${line}`),
          '  end',
        ],
  );
}

function edgeLines(nodes: readonly Node[], idOf: ReadonlyMap<string, string>): string[] {
  const lines = nodes.flatMap(({ id, jobs: [first] }) =>
    (first?.after ?? []).map((parent) => `  ${idOf.get(parent) ?? ''} --> ${id}`),
  );
  return [...new Set(lines)];
}

/** What Mermaid would read as its own is named by number. */
export function escaped(label: string): string {
  return label.replaceAll(
    /[\p{Cc}"#<>&`;[\]{}\\]/gu,
    (character) => `#${character.codePointAt(0) ?? 0};`,
  );
}
