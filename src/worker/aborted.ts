/** Why an attempt's signal was aborted: the name of its reason, the same in this process and in a child. */

export type AbortName = 'TimeoutError' | 'Stopped' | 'Shutdown' | 'Lost';

export function abortError(name: AbortName, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** Whether the signal was aborted for this. */
export function isAborted({ aborted, reason }: AbortSignal, name: AbortName): boolean {
  return aborted && reason instanceof Error && reason.name === name;
}
