/**
 * Request specs as they are read: what a file says, with the line of everything, nothing decided yet
 * (specification 3.2). `parse.ts` makes them, the checks judge them, `plan.ts` plans with them.
 */

/** An arg of a sequence. */
export type ArgSpec = {
  name: string | undefined;
  desc: string | undefined;
  /** Raw text; an empty one is a default, too. */
  default: string | undefined;
  line: number;
};

/** Order is kept: it is that of prompts. */
export type SequenceArgs = Readonly<Record<'required' | 'optional' | 'static', readonly ArgSpec[]>>;

/** Who may do what with a request. */
export type Acl = {
  role: string | undefined;
  admin: boolean;
  ops: readonly string[];
  line: number;
};

/** What a node is given: `expected` is its own name for it, `given` that of the sequence. */
export type NodeArg = {
  expected: string | undefined;
  given: string | undefined;
  /** An entry with nothing in it. */
  isNull: boolean;
  line: number;
};

/** What a node sets: `arg` is its own name for it, `as` that of the sequence. */
export type NodeSet = {
  arg: string | undefined;
  as: string | undefined;
  isNull: boolean;
  line: number;
};

/** `list:element`; both undefined where the text is not of that form. */
export type Each = {
  text: string;
  list: string | undefined;
  element: string | undefined;
  line: number;
};

/** A program, of a node of type `command`; `${name}` stands for an arg of the node. */
export type CommandSpec = {
  run: readonly string[];
  env: ReadonlyMap<string, string>;
  cwd: string | undefined;
};

/** An entry of a sequence. */
export type NodeSpec = {
  name: string;
  line: number;
  /** Of each field that is there. */
  lines: ReadonlyMap<string, number>;
  category: string | undefined;
  /** A job type, or the sequence that is called. */
  type: string | undefined;
  /** The arg that a conditional looks at. */
  if: string | undefined;
  /** The sequence for each value. */
  eq: ReadonlyMap<string, string>;
  args: readonly NodeArg[];
  sets: readonly NodeSet[];
  deps: readonly string[];
  each: readonly Each[];
  parallel: number | undefined;
  /** 0 where the file says nothing. */
  retry: number;
  retryWait: string | undefined;
  timeout: string | undefined;
  command: CommandSpec;
};

/** A named set of nodes; a request when users may start it. */
export type SequenceSpec = {
  name: string;
  file: string;
  line: number;
  lines: ReadonlyMap<string, number>;
  isRequest: boolean;
  args: SequenceArgs;
  nodes: ReadonlyMap<string, NodeSpec>;
  acl: readonly Acl[];
};

export type Sequences = ReadonlyMap<string, SequenceSpec>;

/** All args of a sequence in the order required, optional, static. */
export function argsOf({ args }: SequenceSpec): readonly ArgSpec[] {
  return [...args.required, ...args.optional, ...args.static];
}

/** The same, each with its kind. */
export function kindsOf({ args }: SequenceSpec): { kind: keyof SequenceArgs; arg: ArgSpec }[] {
  return (['required', 'optional', 'static'] as const).flatMap((kind) =>
    args[kind].map((arg) => ({ kind, arg })),
  );
}

/** Names of these, those without one left out. */
export function namesOf(args: readonly ArgSpec[]): string[] {
  return args.flatMap(({ name }) => name ?? []);
}

/** The sequences that a node may call; each once. */
export function targetsOf({ category, type, eq }: NodeSpec): readonly string[] {
  if (category === 'sequence' && type !== undefined) return [type];
  return category === 'conditional' ? [...new Set(eq.values())] : [];
}
