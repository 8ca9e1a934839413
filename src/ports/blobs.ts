/** Blobs: texts stored once under their SHA-256 (architecture, section 6); adapters cut them at 4 MiB. */

export interface Blobs {
  /** Stores texts by their hash (hex); one that is already there is left alone. Durable before any later append is. */
  put(texts: ReadonlyMap<string, string>): Promise<void>;
  /** The text of a hash; rejects with MillraceError `store` when it is missing. */
  get(hash: string): Promise<string>;
}
