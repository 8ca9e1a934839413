/**
 * In the process of an isolated job, the module that made its parent's millrace is imported again: there
 * `createMillrace` hands its definitions over instead of hosting. By a global, as there may be two copies
 * of this package.
 */
import type { MillraceOptions } from './config.ts';

type Listener = (options: MillraceOptions) => void;

const key = Symbol.for('millrace.offered');

/** From now on createMillrace hosts nothing in this process. */
export function onOffered(listener: Listener): void {
  Reflect.set(globalThis, key, listener);
}

/** False in a process that may host. */
export function offer(options: MillraceOptions): boolean {
  const listener = Reflect.get(globalThis, key) as Listener | undefined;
  listener?.(options);
  return listener !== undefined;
}
