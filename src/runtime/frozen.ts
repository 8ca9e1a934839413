/** The tables of a group as a snapshot holds them, and back. */
import { z } from 'zod';
import { rowKey } from './obligations.ts';
import type {
  AttemptRow,
  HeldTimer,
  Obligations,
  PromisedReply,
  SeenCommand,
} from './obligations.ts';
import type { OutboxRow, Place } from './outbox.ts';
import { Table } from './table.ts';

/** This file alone writes the rows. */
export const frozenObligationsSchema = z.object({
  attempts: z.array(z.custom<AttemptRow>()),
  timers: z.array(z.custom<HeldTimer>()),
  commands: z.array(z.custom<SeenCommand>()),
  // Left out while there is nothing in them, as in snapshots from before there were any.
  replies: z.array(z.custom<PromisedReply>()).optional(),
  outbox: z.array(z.tuple([z.string(), z.array(z.custom<OutboxRow>())])).optional(),
  senders: z.array(z.tuple([z.string(), z.custom<Place>()])).optional(),
  forgotAt: z.number().optional(),
});

type Frozen = z.infer<typeof frozenObligationsSchema>;

export function freezeObligations(held: Obligations): Frozen {
  const { replies, outbox, inbox } = held;
  const { senders, forgotAt } = inbox;
  return {
    attempts: held.attempts.sorted().map(([, row]) => row),
    timers: held.timers.sorted().map(([, row]) => row),
    commands: [...held.commands],
    ...(replies.size > 0 && { replies: replies.sorted().map(([, promise]) => promise) }),
    ...(outbox.size > 0 && { outbox: outbox.sorted().map(([to, rows]) => [to, [...rows]]) }),
    ...(senders.size > 0 && { senders: senders.sorted() }),
    ...(forgotAt > 0 && { forgotAt }),
  };
}

export function thawObligations(frozen: Frozen): Obligations {
  return {
    attempts: new Table(frozen.attempts.map((row) => [rowKey(row.actor, row.key), row])),
    timers: new Table(frozen.timers.map((timer) => [rowKey(timer.actor, timer.key), timer])),
    commands: frozen.commands,
    replies: new Table(frozen.replies?.map((promise) => [promise.address, promise])),
    outbox: new Table(frozen.outbox),
    inbox: { senders: new Table(frozen.senders), forgotAt: frozen.forgotAt ?? 0 },
  };
}
