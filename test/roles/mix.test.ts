import { describe, expect, test } from 'vitest';
import { roles } from '../../src/config.ts';
import type { Role } from '../../src/config.ts';
import { mixOf } from '../../src/roles/mix.ts';

const amqpUrl = 'amqp://127.0.0.1';
const mongodbUrl = 'mongodb://127.0.0.1';
const all = [...roles];

type Urls = { amqpUrl?: string; mongodbUrl?: string };

const api = { host: '127.0.0.1', port: 0, compatibility: false, maxBodyBytes: 1000 };

function mix(urls: Urls & { api?: typeof api }, asked: readonly Role[] = all) {
  const { isLocked, needsStore } = mixOf({ ...urls, roles: asked });
  return { isLocked, needsStore };
}

test('without URLs one process has all roles, and locks its folder', () => {
  expect(mix({})).toEqual({ isLocked: true, needsStore: true });
  expect(mix({}, ['gateway', 'host', 'worker', 'tracker'])).toMatchObject({ isLocked: true });
});

test('a broker in the process lets no role be elsewhere, wherever the store is', () => {
  const refused =
    'roles: worker without gateway, host, tracker needs a broker that other processes reach; name one by MILLRACE_AMQP_URL, or leave the roles out to have all in one process';
  expect(() => mix({}, ['worker'])).toThrow(refused);
  expect(() => mix({ mongodbUrl }, ['worker'])).toThrow(refused);
  expect(mix({ mongodbUrl })).toEqual({ isLocked: true, needsStore: true });
});

describe('over RabbitMQ', () => {
  test('a SQLite store is locked by its host, and workers are anywhere', () => {
    expect(mix({ amqpUrl })).toEqual({ isLocked: true, needsStore: true });
    expect(mix({ amqpUrl }, ['host'])).toMatchObject({ isLocked: true });
    expect(mix({ amqpUrl }, ['worker', 'api'])).toEqual({ isLocked: false, needsStore: false });
  });

  test('gateway and tracker of a SQLite store are beside its host', () => {
    expect(() => mix({ amqpUrl }, ['gateway', 'worker'])).toThrow(
      'roles: gateway without host needs a store that other processes reach; name one by MILLRACE_MONGODB_URL, or let the process with the role host have them',
    );
    expect(() => mix({ amqpUrl }, ['tracker'])).toThrow('MILLRACE_MONGODB_URL');
  });

  test('the API of a SQLite store is beside its host, and without a port it is nothing', () => {
    expect(() => mix({ amqpUrl, api }, ['worker', 'api'])).toThrow(
      'roles: api without host needs a store that other processes reach',
    );
    expect(mix({ amqpUrl, api }, ['host', 'api'])).toMatchObject({ isLocked: true });
    expect(() => mix({ amqpUrl }, ['api'])).toThrow(
      'roles: api has nothing to do without a port; set api: { port }, or --api PORT',
    );
  });

  test.each(all)('and MongoDB %s may be alone, and nothing is locked', (role) => {
    const { isLocked, needsStore } = mix({ amqpUrl, mongodbUrl, api }, [role]);
    expect(isLocked).toBe(false);
    expect(needsStore).toBe(role !== 'worker');
  });
});
