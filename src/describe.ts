/** Composition of the documents that describe a deployment: its messages as AsyncAPI, its API as OpenAPI. */
import { builtInActors } from '../actors/index.ts';
import { openApi } from './api/openapi.ts';
import { routes } from './api/routes.ts';
import type { Config } from './config.ts';
import { asyncApi } from './protocol/asyncapi.ts';
import { version } from './version.ts';

/** The messages of a deployment with this configuration. */
export function describeMessages({ actors, chains, jobs, prefix }: Config): object {
  const kinds = [...builtInActors, ...actors];
  return asyncApi({ actors: kinds, chains, jobs }, { version, prefix });
}

/** The API over HTTP, which is the same for every configuration. */
export function describeApi(): object {
  return openApi(routes, version);
}
