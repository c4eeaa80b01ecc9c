/** Keeps `fleet.yaml` as it is in force: read anew whenever the file changed, refused whole when it is wrong. */
import { Fault } from '#base/fault';
import type { Files } from '#base/ports';
import { type Inventory, parseInventory } from '#inventory';

export class InventoryKeeper {
  readonly #files: Files;
  readonly #path: string;
  #text: string | undefined;
  #inventory: Inventory | undefined;

  constructor(files: Files, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Reads the file. A wrong file is a fault, and then nothing is in force: no guess, no older version. */
  async refresh(): Promise<Inventory> {
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

  /** The inventory of the last refresh. */
  current(): Inventory {
    if (this.#inventory !== undefined) return this.#inventory;
    throw new Fault(
      'unavailable',
      'inventory-unreadable',
      `the inventory is not in force: ${this.#path} could not be read or is wrong. Mend it, then ask again`,
    );
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
