/** Something made of files, made again only when one of them was touched; wrong files give their fault, never an older value. */
export class Kept<Value> {
  readonly #stamp: () => string | undefined;
  readonly #make: () => Promise<Value>;
  #kept: { readonly stamp: string; readonly value: Value } | undefined;
  #making: Promise<Value> | undefined;

  constructor(stamp: () => string | undefined, make: () => Promise<Value>) {
    this.#stamp = stamp;
    this.#make = make;
  }

  get(): Promise<Value> {
    const stamp = this.#stamp();
    if (stamp !== undefined && this.#kept?.stamp === stamp)
      return Promise.resolve(this.#kept.value);
    this.#making ??= this.#remake(stamp).finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #remake(stamp: string | undefined): Promise<Value> {
    this.#kept = undefined;
    const value = await this.#make();
    if (stamp !== undefined) this.#kept = { stamp, value };
    return value;
  }
}
