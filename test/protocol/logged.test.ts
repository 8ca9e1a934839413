import { expect, test } from 'vitest';
import { loggedIds } from '../../src/protocol/logged.ts';

const properties = { messageId: 'm', type: 'attempt.start' };

test.each([
  ['the group in its headers', { ...properties, headers: { group: 'r' } }, '{}', { request: 'r' }],
  ['what its body says', properties, '{"requestId":"r","jobId":"a"}', { request: 'r', job: 'a' }],
  ['nothing where it says nothing', properties, '[1]', {}],
  ['nothing of what is no JSON', properties, '{"requestId":', {}],
  ['nothing of what is no id', properties, '{"requestId":{"$gt":""}}', {}],
])('a line of a log names a message by %s', (_, given, body, named) => {
  const type = { messageId: 'm', type: 'attempt.start' };
  expect(loggedIds({ properties: given, body })).toEqual({ ...type, ...named });
});
