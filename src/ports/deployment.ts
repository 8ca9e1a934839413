/** Deployment: what all processes of a deployment agree on, beside the id and the partitions of the store. */

export interface Deployment {
  /** The broker's memory that this deployment works with (architecture, section 12); undefined before the first. */
  epoch(): Promise<string | undefined>;
  /** Stores `next` where `expected` is stored (undefined: where nothing is); answers whether it was. */
  changeEpoch(expected: string | undefined, next: string): Promise<boolean>;
}
