/** Checks of retries and times (specification 4; `timeout` is ours). */
import { durationMs } from '../duration.ts';
import { invalid, missing } from '../problem.ts';
import type { NodeCheck } from './check.ts';

const aDuration = 'a duration such as 500ms, 30s, 1m30s or 1.5h';

/** "RetryWait valid": error, Invalid `retryWait`. */
export const validRetryWait: NodeCheck = ({ retryWait, lines }) =>
  retryWait !== undefined && durationMs(retryWait) === undefined
    ? [
        invalid({
          field: 'retryWait',
          values: [retryWait],
          expected: aDuration,
          line: lines.get('retryWait'),
        }),
      ]
    : [];

/** "Retry if retryWait": error, Missing `retry`. */
export const retryWaitHasRetry: NodeCheck = ({ retry, retryWait, lines }) =>
  retryWait !== undefined && retry === 0
    ? [
        missing({
          field: 'retry',
          why: 'retryWait is between retries',
          line: lines.get('retryWait'),
        }),
      ]
    : [];

/** Ours: error, Invalid `timeout`, of anything but a job, or not more than 0. */
export const validTimeout: NodeCheck = ({ category, timeout, lines }) => {
  if (timeout === undefined) return [];
  const line = lines.get('timeout');
  const values = [timeout];
  if (category !== 'job') {
    return [
      invalid({ field: 'timeout', values, expected: 'it in nodes of category job alone', line }),
    ];
  }
  return (durationMs(timeout) ?? 0) > 0
    ? []
    : [invalid({ field: 'timeout', values, expected: `${aDuration}, of more than 0`, line })];
};
