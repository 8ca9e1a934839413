/** What is wrong with specs, as data: the checks make faults, and a fault with its place is a problem. */

/** The three kinds of specification 4; what does not parse; what the graph does not allow. */
export type FaultKind = 'invalid' | 'missing' | 'duplicate' | 'parse' | 'graph';

/** What a check finds. */
export type Fault = {
  kind: FaultKind;
  field?: string;
  values?: readonly string[];
  text: string;
  /** Default: the line of what is checked. */
  line?: number | undefined;
  /** Of a check that looks at all nodes. */
  node?: string;
};

/** A fault and where it is; an error keeps the specs from being used, a warning does not. */
export type Problem = Fault & {
  level: 'error' | 'warning';
  file: string;
  line: number;
  sequence?: string;
};

type Invalid = {
  field: string;
  values: readonly string[];
  expected: string;
  line?: number | undefined;
};
type Other = { field: string; why?: string | undefined; line?: number | undefined };

/** `invalid value "0" in field 'parallel', expected …` */
export function invalid({ field, values, expected, line }: Invalid): Fault {
  const text = `invalid ${valuesText(values)} in field '${field}', expected ${expected}`;
  return { kind: 'invalid', field, values, text, line };
}

/** `field 'type' missing: …` */
export function missing({ field, why, line }: Other): Fault {
  return { kind: 'missing', field, text: `field '${field}' missing${tail(why)}`, line };
}

/** `value "a" duplicated in field 'each': …` */
export function duplicate({
  field,
  values,
  why,
  line,
}: Other & { values: readonly string[] }): Fault {
  const text = `${valuesText(values)} duplicated in field '${field}'${tail(why)}`;
  return { kind: 'duplicate', field, values, text, line };
}

/** `specs/a.yaml:7: sequence "stop": node "kill": field 'type' missing` */
export function problemText({ file, line, ...problem }: Problem): string {
  return `${file}:${line}: ${messageText(problem)}`;
}

/** The same without its place. */
export function messageText({ sequence, node, text }: Omit<Problem, 'file' | 'line'>): string {
  const names = [
    ...(sequence === undefined ? [] : [`sequence "${sequence}": `]),
    ...(node === undefined ? [] : [`node "${node}": `]),
  ];
  return names.join('') + text;
}

/** Whether any keeps the specs from being used. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ level }) => level === 'error');
}

/** By file and line. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line,
  );
}

function valuesText(values: readonly string[]): string {
  const shown = values.slice(0, 20).map((value) => JSON.stringify(short(value)));
  const more = values.length > shown.length ? `, … (${values.length})` : '';
  return `${values.length === 1 ? 'value' : 'values'} ${shown.join(', ')}${more}`;
}

function short(value: string): string {
  return value.length > 100 ? `${value.slice(0, 99)}…` : value;
}

function tail(why: string | undefined): string {
  return why === undefined ? '' : `: ${why}`;
}
