/**
 * A map of what comes and goes all the time. A Map that grows and shrinks leaves tables behind, each of which
 * leads to the next and holds what was in it then, until the collector gets to old objects: at every moment
 * some of that is young and would be collected at once. This one begins anew whenever it is empty.
 */
export class Passing<Value> {
  #values = new Map<string, Value>();

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key) && this.#values.size === 0) this.#values = new Map();
  }

  values(): IterableIterator<Value> {
    return this.#values.values();
  }
}
