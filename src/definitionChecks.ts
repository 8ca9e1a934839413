/** What a definition of a job or a chain must be; each check throws MillraceError `definition`. */
import { MillraceError } from './protocol/errors.ts';

const typeName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

export function checkType(thing: string, type: string): void {
  if (thing === 'job' && type === 'noop') {
    throw new MillraceError(
      'definition',
      'the job type "noop" is built in; name yours differently',
    );
  }
  if (typeName.test(type)) return;
  throw new MillraceError(
    'definition',
    `${thing} type "${type}" must be 1 to 100 letters, digits, dashes or underscores`,
  );
}

export function checkNumber(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new MillraceError(
    'definition',
    `${name} must be a whole number of at least ${least}, not ${value}`,
  );
}

/** Types say the same; a plain JavaScript configuration has none. */
export function checkWork(options: { type: string }): void {
  const has = (name: string): boolean => Reflect.get(options, name) !== undefined;
  const refuse = (what: string): never => {
    throw new MillraceError('definition', `job "${options.type}" ${what}`);
  };
  if (has('run') && has('command')) refuse('has run and command; keep one of them');
  const work = has('command') ? 'command' : 'run';
  if (typeof Reflect.get(options, work) !== 'function')
    refuse('needs a function: run for job code of this program, command for another program');
  const foreign = work === 'run' ? ['cwd', 'env', 'place', 'result'] : ['isolate'];
  const misplaced = foreign.find(has);
  if (misplaced === undefined) return;
  const where = work === 'run' ? 'command' : 'run';
  refuse(`has ${misplaced} beside ${work}; it belongs to ${where}, leave it out`);
}
