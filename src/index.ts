/** The public API: explicit names, nothing starred. */
export type { AclEntry, Caller } from './auth/acl.ts';
export type { AskedRequest, AuthOptions } from './auth/options.ts';
export { createMillrace } from './compose.ts';
export type { Millrace } from './compose.ts';
export { connect } from './connect.ts';
export type { ConnectOptions, RemoteClient } from './connect.ts';
export { defineConfig } from './config.ts';
export type { MillraceOptions } from './config.ts';
export { defineChain, defineJob, RetryAfter, Stopped } from './definitions.ts';
export type {
  ChainDefinition,
  CreateContext,
  JobContext,
  JobDefinition,
  JobHandle,
  PlanContext,
  ProgramContext,
  ProgramEnd,
} from './definitions.ts';
export type { OutputSignal, StatusSignal } from './protocol/attempts.ts';
export type {
  Client,
  Committed,
  Request,
  RetryOptions,
  SendOptions,
  StartOptions,
} from './client.ts';
export type { RequestEvent, RequestStatus, RequestTransition } from './reader.ts';
export { MillraceError } from './protocol/errors.ts';
export type { ErrorCode } from './protocol/errors.ts';
export {
  cancelAttempt,
  clearTimer,
  defineActor,
  forgetAttempt,
  nothing,
  reply,
  replyTo,
  rowsChanged,
  toActor,
  toExchange,
  toJob,
  toTimer,
} from './runtime/actor.ts';
export type {
  ActorDefinition,
  ActorEvent,
  AttemptRequest,
  EffectMap,
  Outgoing,
  When,
} from './runtime/actor.ts';
