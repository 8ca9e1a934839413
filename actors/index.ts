/** The built-in actors: the one place to add a kind. */
import type { ActorDefinition } from '../src/runtime/actor.ts';
import { chainActor } from './chain.ts';
import { jobActor } from './job.ts';

export const builtInActors: readonly ActorDefinition[] = [chainActor, jobActor].map(asAny);

/** Each actor's effects are exact for its own machine; the host looks them up by name. */
function asAny(definition: unknown): ActorDefinition {
  return definition as ActorDefinition;
}
