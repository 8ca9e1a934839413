/** The store does not answer for 10 s: hosts stop taking work, write the same again, and go on. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll } from 'vitest';
import { faultSuite } from '../../kit/cluster/faults.ts';
import { sharedUrls } from '../../kit/cluster/fixture.ts';
import { ownMongodb } from '../../kit/mongodbServer.ts';
import type { MongodbServer } from '../../kit/mongodbServer.ts';

let store: MongodbServer | undefined;
afterAll(() => store?.stop());

faultSuite({
  name: 'the store refuses writes for 10 s',
  isLong: true,
  together: 5,
  async urls() {
    const own = await ownMongodb();
    if ('skipped' in own) throw new Error(own.skipped);
    store = own;
    return { ...sharedUrls(), mongodbUrl: own.url };
  },
  async strike() {
    store?.freeze();
    await delay(10_000);
    store?.continue();
  },
});
