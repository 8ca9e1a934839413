/** What a configuration must be beyond its schema; each check throws MillraceError `config`. */
import { isLoopback } from './auth/loopback.ts';
import type { Config, MillraceOptions } from './config.ts';
import { MillraceError } from './protocol/errors.ts';

/** The process of an isolated job has to find its definition again. */
export function refuseUnfound({ jobs = [], definitions, configFile }: MillraceOptions): void {
  const isolated = jobs.find(({ isolate }) => isolate === true);
  if (isolated === undefined || definitions !== undefined || configFile !== undefined) return;
  throw new MillraceError(
    'config',
    `job "${isolated.type}" is isolated, and its process cannot know where it is defined; say it: createMillrace({ definitions: import.meta.url, … })`,
  );
}

/** Where everybody may do everything, nobody else is to reach it. */
export function refuseOpen(from: string, { api, auth }: Pick<Config, 'api' | 'auth'>): void {
  if (api === undefined || auth !== undefined || isLoopback(api.host)) return;
  throw new MillraceError(
    'config',
    `${from}: api.host: "${api.host}" lets others in, who without auth may do everything; configure auth, or leave the host out`,
  );
}

/** A type names one definition. */
export function refuseTwins(thing: string, definitions: readonly { type: string }[]): void {
  const seen = new Map<string, { type: string }>();
  for (const definition of definitions) {
    const twin = seen.get(definition.type);
    if (twin !== undefined && twin !== definition) {
      throw new MillraceError(
        'config',
        `two ${thing}s have the type "${definition.type}"; rename one`,
      );
    }
    seen.set(definition.type, definition);
  }
}
