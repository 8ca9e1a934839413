import { expect, test } from 'vitest';
import { maskedUrl, withoutSecrets } from '../../src/protocol/masked.ts';

test.each([
  ['amqp://guest:s3cret@127.0.0.1:5672/vhost', 'amqp://guest:***@127.0.0.1:5672/vhost'],
  ['amqps://u:p@ss/w@rd@host', 'amqps://u:***@host'],
  ['mongodb://a:b@h1:1,h2:2/db?replicaSet=r', 'mongodb://a:***@h1:1,h2:2/db?replicaSet=r'],
  [
    'mongodb+srv://h/db?tlsCertificateKeyFilePassword=x&w=1',
    'mongodb+srv://h/db?tlsCertificateKeyFilePassword=***&w=1',
  ],
  ['amqp://token@host', 'amqp://token:***@host'],
  ['amqp://127.0.0.1', 'amqp://127.0.0.1'],
])('%s is shown as %s', (url, shown) => {
  expect(maskedUrl(url)).toBe(shown);
});

test('URLs that are quoted in a text bear no passwords either', () => {
  const url = 'amqp://u:s3cret@host';
  expect(withoutSecrets(`cannot reach ${url}: refused`, [undefined, url])).toBe(
    'cannot reach amqp://u:***@host: refused',
  );
});
