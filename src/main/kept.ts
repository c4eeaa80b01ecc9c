/**
 * Something made of files, made again only when one of them was touched; wrong files give their fault, never an
 * older value. Whoever asks is answered with what was read after they asked: of what is being read already
 * nobody knows whether it was read before the last edit.
 */
export class Kept<Value> {
  readonly #stamp: () => string | undefined;
  readonly #make: () => Promise<Value>;
  #kept: { readonly stamp: string; readonly value: Value } | undefined;
  #making: Promise<unknown> = Promise.resolve();
  #next: Promise<Value> | undefined;

  constructor(stamp: () => string | undefined, make: () => Promise<Value>) {
    this.#stamp = stamp;
    this.#make = make;
  }

  get(): Promise<Value> {
    const stamp = this.#stamp();
    if (stamp !== undefined && this.#kept?.stamp === stamp)
      return Promise.resolve(this.#kept.value);
    if (this.#next === undefined) {
      const next = this.#making.then(() => {
        this.#next = undefined;
        return this.#remake();
      });
      this.#next = next;
      this.#making = next.catch(() => {});
    }
    return this.#next;
  }

  async #remake(): Promise<Value> {
    const stamp = this.#stamp();
    if (stamp !== undefined && this.#kept?.stamp === stamp) return this.#kept.value;
    this.#kept = undefined;
    const value = await this.#make();
    if (stamp !== undefined) this.#kept = { stamp, value };
    return value;
  }
}
