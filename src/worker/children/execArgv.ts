/** Which of this process's options of Node's a process of an isolated job is given: loaders and limits, not what there is only one of. */

/** With a value in the next argument. */
const evaluates = /^(-e|--eval|-p|--print|-pe)$/;
const once = /^(--inspect|--input-type|--test|--watch|--check|--cpu-prof|--heap-prof|--prof|-i$)/;

/** `node -e CODE` would run CODE again in place of the child's program. */
export function forChildren(execArgv: readonly string[]): string[] {
  return execArgv.filter((option, at) => {
    const isCode = at > 0 && evaluates.test(execArgv[at - 1] ?? '');
    return !isCode && !evaluates.test(option) && !once.test(option);
  });
}
