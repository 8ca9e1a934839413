/** What a worker and the child of an isolated job say to each other, over Node's IPC. */
import { z } from 'zod';
import type { AttemptStart } from '../protocol/attempts.ts';
import { attemptAnswerSchemas } from '../protocol/attempts.ts';
import type { AbortName } from './aborted.ts';
import type { Answer } from './answers.ts';

/** Where a child finds the job: the command line's configuration, or a module. */
export type DefinitionsSource = {
  configFile?: string | undefined;
  /** URL of the module. */
  definitions?: string | undefined;
};

/** To the child: what to do, once, and that it is to end. */
export type ToChild =
  | { type: 'run'; source: DefinitionsSource; start: AttemptStart }
  | { type: 'abort'; name: AbortName; message: string };

/** From the child; its answer is the last. */
export type FromChild = { type: 'status'; text: string } | { type: 'answer'; answer: Answer };

const object = z.custom<object>((value) => typeof value === 'object' && value !== null);

const toChild = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), source: object, start: object }),
  z.object({
    type: z.literal('abort'),
    name: z.enum(['TimeoutError', 'Stopped', 'Shutdown', 'Lost']),
    message: z.string(),
  }),
]);

const unaddressed = { key: true, attempt: true, executionId: true } as const;
const answer = z.discriminatedUnion('type', [
  attemptAnswerSchemas['attempt.succeeded']
    .omit(unaddressed)
    .extend({ type: z.literal('attempt.succeeded') }),
  attemptAnswerSchemas['attempt.failed']
    .omit(unaddressed)
    .extend({ type: z.literal('attempt.failed') }),
  attemptAnswerSchemas['attempt.stopped']
    .omit(unaddressed)
    .extend({ type: z.literal('attempt.stopped') }),
]);

const fromChild = z.discriminatedUnion('type', [
  z.object({ type: z.literal('status'), text: z.string() }),
  z.object({ type: z.literal('answer'), answer }),
]);

/** Nothing for what is no such message: job code may use the channel too. */
export function readToChild(message: unknown): ToChild | undefined {
  return toChild.safeParse(message).success ? (message as ToChild) : undefined;
}

/** Taken as it came: a schema would drop keys named `__proto__`. */
export function readFromChild(message: unknown): FromChild | undefined {
  return fromChild.safeParse(message).success ? (message as FromChild) : undefined;
}
