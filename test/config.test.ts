import { afterEach, describe, expect, test, vi } from 'vitest';
import { loadConfig, toConfig } from '../src/config.ts';
import { tempFolder } from './kit/tempFolder.ts';

const folder = tempFolder();

afterEach(() => vi.unstubAllEnvs());

describe('broker and store', () => {
  test('are inside the process when nothing names them', () => {
    const config = toConfig({});
    expect(config).not.toHaveProperty('amqpUrl');
    expect(config).not.toHaveProperty('mongodbUrl');
    expect(config).toMatchObject({
      prefix: 'millrace',
      roles: ['gateway', 'host', 'worker', 'tracker', 'api'],
      publish: { jobTransitions: false },
    });
  });

  test('are named by the environment, or by options, which go before it', async () => {
    vi.stubEnv('MILLRACE_AMQP_URL', 'amqp://a');
    vi.stubEnv('MILLRACE_MONGODB_URL', 'mongodb://m');
    vi.stubEnv('MILLRACE_PREFIX', '');
    expect(toConfig({ amqpUrl: 'amqp://b' })).toMatchObject({
      amqpUrl: 'amqp://b',
      mongodbUrl: 'mongodb://m',
      prefix: 'millrace',
    });
    expect(await loadConfig({ data: folder })).toMatchObject({ amqpUrl: 'amqp://a' });
  });

  test('give a deployment its partitions, unless it says how many', () => {
    expect(toConfig({}).partitions).toBe(4);
    expect(toConfig({ amqpUrl: 'amqp://a' }).partitions).toBe(4);
    expect(toConfig({ amqpUrl: 'amqp://a', mongodbUrl: 'mongodb://m' }).partitions).toBe(16);
    expect(toConfig({ partitions: 7 }).partitions).toBe(7);
    vi.stubEnv('MILLRACE_MONGODB_URL', 'mongodb://m');
    expect(toConfig({}).partitions).toBe(16);
  });

  test('a URL of another kind is refused without being shown', () => {
    expect(() => toConfig({ amqpUrl: 'http://u:s3cret@h' })).toThrow(
      'createMillrace: amqpUrl: must be a URL like amqp://USER:PASSWORD@HOST:PORT/VHOST',
    );
  });
});

test('what is logged is chosen by the environment', () => {
  expect(toConfig({})).not.toHaveProperty('logLevel');
  vi.stubEnv('MILLRACE_LOG', 'debug');
  expect(toConfig({}).logLevel).toBe('debug');
  vi.stubEnv('MILLRACE_LOG', 'loud');
  expect(() => toConfig({})).toThrow('logLevel: must be one of trace, debug, info, warn,');
});

test('roles that there are not are refused', () => {
  const options = { roles: ['hots'] } as unknown as Parameters<typeof toConfig>[0];
  expect(() => toConfig(options, '--roles')).toThrow(
    '--roles: roles.0: must be one of gateway, host, worker, tracker, api',
  );
});

test('HTTP is answered on loopback unless told otherwise, and not at all without a port', () => {
  expect(toConfig({})).not.toHaveProperty('http');
  expect(toConfig({ http: { port: 9464 } }).http).toEqual({ host: '127.0.0.1', port: 9464 });
});

test('requests are taken from other machines only where auth says who may', () => {
  const auth = { tokens: [{ name: 'ann', token: 'ann-ann-ann-ann-ann' }] };
  expect(() => toConfig({ api: { host: '0.0.0.0' } })).toThrow(
    'createMillrace: api.host: "0.0.0.0" lets others in, who without auth may do everything; configure auth, or leave the host out',
  );
  expect(toConfig({ api: { host: '0.0.0.0' }, auth }).api?.host).toBe('0.0.0.0');
  for (const host of ['localhost', '::1', '127.0.0.2'])
    expect(toConfig({ api: { host } }).api?.host).toBe(host);
});
