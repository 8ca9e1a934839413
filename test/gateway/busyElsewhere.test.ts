/** The valve over several processes: owners say in their documents how busy they are. */
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { BusyElsewhere } from '../../src/gateway/busyElsewhere.ts';
import { Valve } from '../../src/runtime/valve.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fakeClock.ts';
import { openStore } from '../kit/rig.ts';
import { tempFolder } from '../kit/tempFolder.ts';

/** A host elsewhere that owns partition 0, and a gateway here; `most` chains may be busy. */
function opened(most: number) {
  const store = openStore(tempFolder());
  const clock = new FakeClock();
  const valve = new Valve(clock, most);
  const log = pino({ level: 'silent' });
  const looking = new BusyElsewhere({ hosts: store.hosts, clock, log, valve });
  let counter = 0;
  const says = async (busy: number, id = 'h-1'): Promise<void> => {
    counter += 1;
    const owns = [{ partition: 0, busy }];
    const state = { isSubscribed: true, isDraining: false, at: 0 };
    await store.hosts.put({ id, name: id, counter, owns, ...state });
    await looking.runOnce();
  };
  const entered: string[] = [];
  const enter = (name: string): void => {
    void valve.enter(0).then(
      (leave) => {
        entered.push(name);
        leave();
      },
      () => undefined,
    );
  };
  return { store, clock, valve, looking, says, entered, enter };
}

it('holds creates back while the owner has enough, and lets as many in as have ended', async () => {
  const { store, valve, says, entered, enter } = opened(10);
  await says(10);
  await says(10);
  for (const name of ['a', 'b', 'c', 'd']) enter(name);
  await Promise.resolve();
  expect(entered).toEqual([]);
  await says(8);
  await eventually(() => expect(entered).toEqual(['a', 'b']));
  // They may not be in the count yet.
  await says(8);
  await Promise.resolve();
  expect(entered).toEqual(['a', 'b']);
  await says(9);
  await eventually(() => expect(entered).toEqual(['a', 'b', 'c']));
  valve.close();
  await store.close();
});

it('lets one in a second while an owner does not move, and forgets it for the next owner', async () => {
  const { store, clock, valve, looking, says, entered, enter } = opened(10);
  await says(10);
  await says(10);
  for (const name of ['a', 'b', 'c', 'd']) enter(name);
  await looking.runOnce();
  clock.advance(1000);
  await eventually(() => expect(entered).toEqual(['a']));
  await says(0, 'h-2');
  await Promise.resolve();
  expect(entered).toEqual(['a']);
  await says(0, 'h-2');
  await eventually(() => expect(entered).toEqual(['a', 'b', 'c', 'd']));
  valve.close();
  await store.close();
});

it('looks every 500 ms, also after the store did not answer, until it is stopped', async () => {
  const clock = new FakeClock();
  let looks = 0;
  const all = (): Promise<never[]> => {
    looks += 1;
    return looks === 1 ? Promise.reject(new Error('no answer')) : Promise.resolve([]);
  };
  const log = pino({ level: 'silent' });
  const looking = new BusyElsewhere({ hosts: { all }, clock, log, valve: new Valve(clock, 1) });
  looking.start();
  await eventually(() => expect(clock.pending).toBe(1));
  clock.advance(500);
  await eventually(() => expect(clock.pending).toBe(1));
  expect(looks).toBe(2);
  looking.stop();
  expect(clock.pending).toBe(0);
});
