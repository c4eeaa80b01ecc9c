/** Keeps `fleet.yaml` as it is in force: read anew whenever the file changed, refused whole when it is wrong. */
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import { type Inventory, parseInventory } from '#inventory';
import { stampOf } from './file-stamp.ts';

export class InventoryKeeper {
  readonly #files: Files;
  readonly #path: string;
  #text: string | undefined;
  #inventory: Inventory | undefined;
  /** Of the file before it was last read; none while a change could still go unnoticed. */
  #stamp: string | undefined;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /**
   * The inventory as the file says now; read again only when the file was touched. A wrong file is
   * a fault, and then nothing is in force: no guess, no older version.
   */
  async refresh(): Promise<Inventory> {
    const stamp = stampOf(this.#path);
    if (stamp !== undefined && stamp === this.#stamp && this.#inventory !== undefined) {
      return this.#inventory;
    }
    this.#stamp = undefined;
    const inventory = await this.#read();
    this.#stamp = stamp;
    return inventory;
  }

  async #read(): Promise<Inventory> {
    const bytes = await this.#files.read(this.#path);
    if (bytes === undefined) {
      this.#inventory = undefined;
      throw new Fault(
        'missing',
        'no-inventory',
        `there is no inventory: ${this.#path}. Run holdfast init to write one for this machine`,
      );
    }
    const text = Buffer.from(bytes).toString('utf8');
    if (text !== this.#text || this.#inventory === undefined) {
      this.#inventory = undefined;
      this.#inventory = parseInventory(text, this.#path);
      this.#text = text;
    }
    return this.#inventory;
  }

  async edit(edit: (text: string) => string): Promise<void> {
    await this.refresh();
    const edited = edit(this.#text ?? '');
    // Parsed before it is written: an edit never leaves a file that the next start refuses.
    parseInventory(edited, this.#path);
    await this.#files.replace(this.#path, Buffer.from(edited, 'utf8'), 0o600);
    await this.refresh();
  }
}
