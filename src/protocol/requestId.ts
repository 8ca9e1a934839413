/** What the id of a request may be. */
import { maxIdBytes } from './envelope.ts';
import { MillraceError } from './errors.ts';

/** It becomes part of message ids and keys, whose parts slashes separate. Throws MillraceError `plan`. */
export function checkRequestId(id: string): void {
  if (id !== '' && Buffer.byteLength(id) <= maxIdBytes && !/[\s/]/.test(id)) return;
  const rule = `must be 1 to ${maxIdBytes} bytes without blanks or slashes`;
  throw new MillraceError('plan', `the request id "${id.slice(0, 40)}" ${rule}; choose another`);
}
