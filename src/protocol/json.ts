/**
 * Says what in a value would not survive a trip through JSON, before the trip silently changes it.
 * The worker asks for results and data, the gateway for the args of a plan.
 */

const maxDepth = 1000;
const bracket = '['.charCodeAt(0);
const brace = '{'.charCodeAt(0);
const plainName = /^[A-Za-z_$][\w$]*$/;

/** Where, from the value down, and what is wrong there. */
type Problem = { path: string; what: string };

/** The first thing in `value` that is not JSON, as `result.files[3].size is NaN`; undefined when all is. */
export function jsonProblem(value: unknown, path: string): string | undefined {
  const problem = find(value, new Set());
  return problem === undefined ? undefined : `${path}${problem.path} ${problem.what}`;
}

/** The same for a text that was parsed: all is JSON, but it may be nested deeper than can be written again. */
export function depthProblem(text: string, value: unknown): string | undefined {
  return mayBeDeep(text) ? jsonProblem(value, 'body') : undefined;
}

function mayBeDeep(text: string): boolean {
  if (text.length < 2 * maxDepth) return false;
  let opened = 0;
  for (let at = 0; at < text.length && opened < maxDepth; at += 1) {
    const code = text.charCodeAt(at);
    if (code === bracket || code === brace) opened += 1;
  }
  return opened >= maxDepth;
}

function find(value: unknown, ancestors: Set<object>): Problem | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : here(`is ${value}`);
    case 'object':
      return value === null ? undefined : findInObject(value, ancestors);
    case 'undefined':
      return here('is undefined');
    default:
      return here(`is a ${typeof value}`);
  }
}

function findInObject(value: object, ancestors: Set<object>): Problem | undefined {
  if (ancestors.has(value)) return here('contains itself');
  if (ancestors.size >= maxDepth) return here(`is nested more than ${maxDepth} deep`);
  if (!Array.isArray(value) && !isPlain(value)) return here(`is ${className(value)}`);
  ancestors.add(value);
  const problem = Array.isArray(value)
    ? findInArray(value, ancestors)
    : findInProperties(value, ancestors);
  ancestors.delete(value);
  return problem;
}

function findInArray(items: readonly unknown[], ancestors: Set<object>): Problem | undefined {
  for (let index = 0; index < items.length; index += 1) {
    const problem = find(items[index], ancestors);
    if (problem !== undefined) return { ...problem, path: `[${index}]${problem.path}` };
  }
  return undefined;
}

function findInProperties(value: object, ancestors: Set<object>): Problem | undefined {
  for (const [key, property] of Object.entries(value)) {
    if (property === undefined) continue;
    const problem = find(property, ancestors);
    if (problem === undefined) continue;
    const step = plainName.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    return { ...problem, path: step + problem.path };
  }
  return undefined;
}

function here(what: string): Problem {
  return { path: '', what };
}

/** Also true for plain objects of another realm, whose prototype is not our `Object.prototype`. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  const name = typeof constructor === 'function' ? constructor.name : '';
  return name === '' ? 'an object of a class' : `a ${name}`;
}
