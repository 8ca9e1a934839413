/** Composition of the AsyncAPI document: the built-in actors and those of a configuration, described. */
import { builtInActors } from '../actors/index.ts';
import type { Config } from './config.ts';
import { asyncApi } from './protocol/asyncapi.ts';
import { version } from './version.ts';

/** The messages of a deployment with this configuration. */
export function describeMessages({ actors, chains, jobs, prefix }: Config): object {
  const kinds = [...builtInActors, ...actors];
  return asyncApi({ actors: kinds, chains, jobs }, { version, prefix });
}
