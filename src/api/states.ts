/** States by their numbers (specification 2.1): what is on its way to a state is still running. */
import { publicState } from '../protocol/states.ts';
import { states } from './wire.ts';

const running = new Set(['STOPPING', 'SUSPENDING', 'WAITING']);

/** Of a machine's word or a public one; what is none of them is UNKNOWN. */
export function stateNumber(word: string): number {
  const name = publicState(word);
  return Math.max(0, states.indexOf(running.has(name) ? 'RUNNING' : name));
}

/** Public words of requests that are in a state by its name. */
export function statesNamed(name: string): readonly string[] {
  return name === 'RUNNING' ? ['RUNNING', 'STOPPING', 'SUSPENDING'] : [name];
}
