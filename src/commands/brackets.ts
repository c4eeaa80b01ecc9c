/**
 * Whether a `[` of a pattern is open. Programs differ: in some a backslash quotes inside brackets,
 * in others (POSIX) it stands for itself. Open by either reading is open.
 */
export class Brackets {
  readonly #quoting = new Reading();
  readonly #literal = new Reading();

  get isOpen(): boolean {
    return this.#quoting.isOpen || this.#literal.isOpen;
  }

  plain(c: string): void {
    this.#quoting.take(c);
    this.#literal.take(c);
  }

  /** A backslash and what follows it. */
  escaped(next: string): void {
    if (this.#quoting.isOpen) this.#quoting.skip();
    if (this.#literal.isOpen) {
      this.#literal.take('\\');
      this.#literal.take(next);
    }
  }
}

class Reading {
  /** Characters the bracket holds so far; -1 outside. */
  #held = -1;
  #last = '';
  /** `:`, `.` or `=` while inside `[: … :]`. */
  #kind = '';

  get isOpen(): boolean {
    return this.#held >= 0;
  }

  skip(): void {
    this.#held += 1;
    this.#last = '';
  }

  take(c: string): void {
    const last = this.#last;
    this.#last = c;
    if (this.#held < 0) {
      if (c === '[') {
        this.#held = 0;
        this.#last = '';
      }
    } else if (this.#kind !== '') {
      if (c === ']' && last === this.#kind) {
        this.#kind = '';
        this.#last = '';
      }
    } else if (last === '[' && ':.='.includes(c)) {
      this.#kind = c;
      this.#last = '';
    } else if (c === ']' && this.#held > 0) this.#held = -1;
    // A "^" at the beginning does not count: the "]" behind it is still the first.
    else if (c !== '^' || this.#held > 0) this.#held += 1;
  }
}
