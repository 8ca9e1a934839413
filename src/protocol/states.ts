/** States inside are words of the machines; people and the compatible wire read Spin Cycle's names (specification 2.1). */

/** `failed` → `FAIL`, else the word in capitals. */
export function publicState(state: string): string {
  return state === 'failed' ? 'FAIL' : state.toUpperCase();
}

/** `FAIL` in any case → `failed`, else the word in small letters. */
export function machineState(word: string): string {
  const state = word.toLowerCase();
  return state === 'fail' ? 'failed' : state;
}

/** What a request can be in, in public words. */
export const requestStates: readonly string[] = [
  ...['PENDING', 'RUNNING', 'STOPPING', 'SUSPENDING', 'SUSPENDED'],
  ...['COMPLETE', 'FAIL', 'STOPPED'],
];

/** COMPLETE, FAIL and STOPPED end a request. */
export function isTerminal(state: string): boolean {
  return state === 'COMPLETE' || state === 'FAIL' || state === 'STOPPED';
}
