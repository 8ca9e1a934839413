/** What a worker reads and writes on the wire: attempt.start in, answers and rejected messages out. */
import type { z } from 'zod';
import type { Delivery, Publication } from '../ports/broker.ts';
import {
  attemptCancelSchema,
  attemptInputSchema,
  attemptReportSchema,
  attemptStartSchema,
  attemptVerdictSchema,
} from '../protocol/attempts.ts';
import type { AttemptStart } from '../protocol/attempts.ts';
import { rejection } from '../protocol/rejected.ts';
import { exchanges } from '../protocol/topology.ts';
import type { Answer } from './answers.ts';
import type { Held } from './held.ts';

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

/** The start with what its message was too small for; undefined when the text is not that. */
export function withInput(start: AttemptStart, text: string): AttemptStart | undefined {
  const json = parseJson(text);
  const parsed = attemptInputPartsSchema.safeParse(json?.value);
  if (json === undefined || !parsed.success) return undefined;
  const { parts: _, ...whole } = start;
  return { ...whole, ...parsed.data, data: mapsOf(json.value) };
}

const attemptInputPartsSchema = attemptStartSchema.pick({ args: true, data: true, results: true });

/** What comes to a worker's own queue; undefined when it is nothing that this worker understands. */
export function decodeControl({ properties, body }: Delivery): ControlMessage | undefined {
  const type = properties.type as keyof typeof controlSchemas;
  if (!Object.hasOwn(controlSchemas, type)) return undefined;
  const parsed = controlSchemas[type].safeParse(parseJson(body)?.value);
  return parsed.success ? ({ type, body: parsed.data } as ControlMessage) : undefined;
}

const controlSchemas = {
  'attempt.cancel': attemptCancelSchema,
  'attempt.report': attemptReportSchema,
  'attempt.verdict': attemptVerdictSchema,
  'attempt.input': attemptInputSchema,
} as const;

export type ControlMessage = {
  [T in keyof typeof controlSchemas]: { type: T; body: z.infer<(typeof controlSchemas)[T]> };
}[keyof typeof controlSchemas];

/** The answer, to the group that asked; the same execution always has the same message id. */
export function answerPublication(
  { start, executionId, isNamed }: Held,
  { type, ...body }: Answer,
  now: number,
): Publication {
  // An execution that its group has not heard of need not be named.
  const named = isNamed ? { executionId } : {};
  const { group, to, key, routingKey } = start.answer;
  return {
    exchange: exchanges.results,
    routingKey,
    properties: {
      messageId: `${start.startId}/${executionId}/${type.slice('attempt.'.length)}`,
      type,
      timestamp: now,
      headers: { group, to, from: 'worker' },
    },
    body: JSON.stringify({ key, attempt: start.attempt, ...named, ...body }),
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
