/** The least that durable appending has to do: bytes at the end of a file, and fdatasync. */
import { closeSync, fdatasync, fdatasyncSync, openSync, write, writeSync } from 'node:fs';

const RECORD = Buffer.alloc(300, 'x');

export class DurableFile {
  readonly #fd: number;
  #queue: (() => void)[] = [];
  #busy = false;

  constructor(path: string) {
    this.#fd = openSync(path, 'a', 0o600);
  }

  /** One record, one sync, nothing else meanwhile. */
  appendAlone(): void {
    writeSync(this.#fd, RECORD);
    fdatasyncSync(this.#fd);
  }

  /** Group commit: one flush under way, the next takes all that came meanwhile. */
  append(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#flush();
    });
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flush(): void {
    if (this.#busy || this.#queue.length === 0) return;
    this.#busy = true;
    const waiting = this.#queue.splice(0);
    write(this.#fd, Buffer.concat(waiting.map(() => RECORD)), () => {
      fdatasync(this.#fd, () => {
        this.#busy = false;
        for (const resolve of waiting) resolve();
        this.#flush();
      });
    });
  }
}
