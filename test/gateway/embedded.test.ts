/** The gateway of an embedded millrace: what an actor sends to `millrace.commands` becomes a chain. */
import { emit, setup } from 'xstate';
import { expect, it } from 'vitest';
import { z } from 'zod';
import {
  createMillrace,
  defineActor,
  defineChain,
  defineJob,
  toExchange,
} from '../../src/index.ts';
import { eventually } from '../kit/eventually.ts';
import { tempFolder } from '../kit/tempFolder.ts';

it("an actor's message to millrace.commands starts a chain, once", async () => {
  const seen: string[] = [];
  const hello = defineJob({
    type: 'hello',
    args: z.object({ name: z.string() }),
    run: ({ args }) => void seen.push(args.name),
  });
  const greet = defineChain({
    type: 'greet',
    args: z.object({ name: z.string() }),
    plan: ({ args, job }) => void job(hello, args),
  });
  const machine = setup({
    types: { events: {} as { type: 'bell.ring' }, emitted: {} as { type: 'ask' } },
  }).createMachine({ on: { 'bell.ring': { actions: emit({ type: 'ask' }) } } });
  const bell = defineActor({
    kind: 'bell',
    machine,
    accepts: { 'bell.ring': z.object({}) },
    startedBy: ['bell.ring'],
    effects: {
      ask: () =>
        toExchange('millrace.commands', 'request.create', {
          requestType: 'greet',
          args: { name: 'Ann' },
          labels: { by: 'bell' },
        }),
    },
  });
  const data = tempFolder();
  const millrace = createMillrace({ data, jobs: [hello], chains: [greet], actors: [bell] });
  await millrace.start();
  await millrace.client.send('front/bell/main', { type: 'bell.ring' }, { messageId: 'one' });
  await millrace.client.send('front/bell/main', { type: 'bell.ring' }, { messageId: 'one' });
  await eventually(() => expect(seen).toEqual(['Ann']));
  await eventually(async () => {
    const requests = await millrace.client.reader.list(10);
    expect(requests.map(({ type }) => type).sort()).toEqual(['bell', 'greet']);
  });
  await millrace.stop();
});
