/** The hosted kinds of actors: which there are, what they accept, and their steppers. */
import { MillraceError, PermanentError } from '../protocol/errors.ts';
import type { ActorDefinition } from './actor.ts';
import { createStepper } from './step.ts';
import type { Stepper } from './step.ts';

export type Hosted = {
  definition: ActorDefinition;
  stepper: Stepper;
  version: number;
  /** `chunked` of the definition, taken apart. */
  chunkedPaths: readonly (readonly string[])[];
};

export type Registry = {
  /** The hosted kind; throws PermanentError for an unknown one. */
  kind(name: string): Hosted;
  find(name: string): Hosted | undefined;
  /** `kind` → version of its machine. */
  readonly versions: Readonly<Record<string, number>>;
};

/** Throws MillraceError `definition` when two actors share a kind. */
export function createRegistry(definitions: readonly ActorDefinition[]): Registry {
  const kinds = new Map<string, Hosted>();
  for (const definition of definitions) {
    if (kinds.has(definition.kind)) {
      throw new MillraceError(
        'definition',
        `two actors have the kind "${definition.kind}"; rename one`,
      );
    }
    const stepper = createStepper(definition.machine);
    const { kind, version = 1, chunked = [] } = definition;
    const chunkedPaths = chunked.map((path) => path.split('.'));
    kinds.set(kind, { definition, stepper, version, chunkedPaths });
  }
  const versions = Object.fromEntries([...kinds].map(([kind, { version }]) => [kind, version]));
  return {
    versions,
    find: (name) => kinds.get(name),
    kind: (name) => {
      const hosted = kinds.get(name);
      if (hosted !== undefined) return hosted;
      const known = [...kinds.keys()].join(', ');
      throw new PermanentError(
        `there is no actor of kind "${name}" here; hosted kinds are ${known}`,
      );
    },
  };
}

/** `job/17` → `job` */
export function kindOf(address: string): string {
  return address.slice(0, address.indexOf('/'));
}

/** `job/17` → `17` */
export function idOf(address: string): string {
  return address.slice(address.indexOf('/') + 1);
}
