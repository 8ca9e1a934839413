import { expect, test, vi } from 'vitest';
import { News } from '../../src/tracker/news.ts';

/** Both ends, as two threads have them. */
function ends(): { host: News; tracker: News } {
  const host = News.of(4);
  return { host, tracker: new News(host.shared) };
}

test('news names the partitions that had some since the last time, each once', async () => {
  const { host, tracker } = ends();
  host.committed(3);
  host.committed(1);
  host.committed(3);
  expect(await tracker.next()).toEqual([1, 3]);
  host.committed(0);
  expect(await tracker.next()).toEqual([0]);
});

test('whoever waits for news is woken by it', async () => {
  const { host, tracker } = ends();
  const woken = tracker.next();
  host.committed(2);
  expect(await woken).toEqual([2]);
});

test('a tracker that is at work is not woken', async () => {
  const { host, tracker } = ends();
  host.committed(2);
  await tracker.next();
  const notify = vi.spyOn(Atomics, 'notify');
  host.committed(2);
  host.committed(1);
  expect(notify).not.toHaveBeenCalled();
  notify.mockRestore();
  expect(await tracker.next()).toEqual([1, 2]);
});
