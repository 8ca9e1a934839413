/** What may be started, and its args: by the definitions of this configuration, or as an API says. */
import { requestSpec } from '../api/requestArgs.ts';
import type { WireRequestSpec } from '../api/wire.ts';
import type { ChainDefinition } from '../definitions.ts';

/** A type of requests. */
export type RequestKind = {
  type: string;
  /** Required ones first, as the definition has them. */
  args: readonly {
    name: string;
    desc: string;
    isRequired: boolean;
    /** Of an optional one, as it would be typed. */
    default?: string;
  }[];
};

export function kindOfChain(chain: ChainDefinition): RequestKind {
  return toKind(requestSpec(chain));
}

/** As the API lists it. */
export function toKind({ Name, Args }: WireRequestSpec): RequestKind {
  return {
    type: Name,
    args: Args.map(({ Name: name, Desc: desc, Type, Default }) => ({
      ...{ name, desc, isRequired: Type === 'required' },
      ...(typeof Default === 'string' && { default: Default }),
    })),
  };
}
