/** The child program of pair.test.ts: hosts the pair until both have counted to the end, unless it is to kill itself on the way. */
import { pino } from 'pino';
import { z } from 'zod';
import { createMillrace } from '../../src/index.ts';
import { crashingPorts } from './crashPoints.ts';
import { lastCount, pair } from './pairActor.ts';

const orders = z.object({
  folder: z.string(),
  lateMs: z.number(),
  crash: z.object({ site: z.string(), nth: z.number(), delayUs: z.number() }).optional(),
});
const { folder, lateMs, crash } = orders.parse(JSON.parse(process.argv[2] ?? ''));

const time = { lateMs, isHasty: true, beforeKill: () => undefined };
const { ports } = crashingPorts(crash, time);
const log = pino({ level: 'silent' });
const options = { actors: [pair], data: folder, partitions: 2 };
const millrace = createMillrace(options, { ...ports, log });
await millrace.start();
const { client } = millrace;
const ended = new Promise<void>((resolve) => {
  const look = async (): Promise<void> => {
    const got = z.array(z.number()).parse(await client.query('a', 'got'));
    if (got.at(-1) === lastCount) resolve();
  };
  client.onCommitted(() => void look().catch(() => undefined));
});
const begin = { type: 'pair.begin', to: 'b/pair/main' };
await client.send('a/pair/main', begin, { messageId: 'begin' });
await Promise.race([ended, untilCounted()]);
await millrace.stop();

/** It may have ended before this process began to listen. */
async function untilCounted(): Promise<void> {
  const got = z.array(z.number()).parse(await client.query('a', 'got'));
  if (got.at(-1) !== lastCount) await ended;
}
