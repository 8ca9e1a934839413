/** What a worker reads and writes on the wire: attempt.start in, answers and rejected messages out. */
import type { Delivery, Publication } from '../ports/broker.ts';
import { attemptCancelSchema, attemptStartSchema } from '../protocol/attempts.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { rejection } from '../protocol/rejected.ts';
import { exchanges } from '../protocol/topology.ts';
import type { Answer } from './answers.ts';

/** The attempt in a delivery of `jobType`'s queue, or why it cannot be one. */
export function decodeStart(body: string, jobType: string): AttemptStart | { reason: string } {
  const json = parseJson(body);
  if (json === undefined) return { reason: 'the body is not JSON' };
  const parsed = attemptStartSchema.safeParse(json.value);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    return { reason: `the body is no attempt.start: ${issues.join('; ')}`.slice(0, 1000) };
  }
  if (parsed.data.jobType !== jobType) {
    return {
      reason: `an attempt of job type "${parsed.data.jobType}" came to the queue of "${jobType}"`,
    };
  }
  parsed.data.data = mapsOf(json.value);
  return parsed.data;
}

/** The start ids that an `attempt.cancel` names; none when the message is another one. */
export function decodeCancel({ properties, body }: Delivery): readonly string[] {
  if (properties.type !== 'attempt.cancel') return [];
  const parsed = attemptCancelSchema.safeParse(parseJson(body)?.value);
  return parsed.success ? parsed.data.startIds : [];
}

/** The answer, to the group that asked; the same execution always has the same message id. */
export function answerPublication(
  start: AttemptStart,
  { type, ...body }: Answer,
  { execution, now }: { execution: number; now: number },
): Publication {
  const { group, to, key, routingKey } = start.answer;
  return {
    exchange: exchanges.results,
    routingKey,
    properties: {
      messageId: `${start.startId}/${execution}/${type.slice('attempt.'.length)}`,
      type,
      timestamp: now,
      headers: { group, to, from: 'worker' },
    },
    body: JSON.stringify({ key, attempt: start.attempt, ...body }),
  };
}

/** A message that can never be accepted, with its reason. */
export function setAside(delivery: Delivery, reason: string, at: number): Publication {
  return rejection(delivery, { code: 'rejected', reason, at });
}

function parseJson(body: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}

/** The schema has accepted this body, but drops keys named `__proto__`: the maps are taken as they came. */
function mapsOf(accepted: unknown): Record<string, unknown>[] {
  return (accepted as { data: Record<string, unknown>[] }).data;
}
