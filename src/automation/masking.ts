/**
 * Values that a tool tells, without their secrets. What the configuration marks as sensitive becomes a keyed digest,
 * and so does every other text that holds the same value: the mark does not follow a value everywhere (the
 * `output` of a `terraform_data` does not inherit it from its `input`).
 *
 * The key never leaves this machine, so nobody finds a short secret by trying.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import { isSecretName } from '#redaction';

/** Shorter texts are hidden only where they are the whole value: as a part they are everywhere. */
const PART_CHARS = 8;
const WHOLE_CHARS = 3;
const MOST_SECRETS = 2_000;

export class Masking {
  readonly #key: string;
  readonly #isSecret: (name: string) => boolean;
  readonly #whole = new Set<string>();
  readonly #parts: string[] = [];

  /** What stands under a name that `isSecret` is hidden whole, marked or not. */
  constructor(key: string, isSecret: (name: string) => boolean = isSecretName) {
    this.#key = key;
    this.#isSecret = isSecret;
  }

  /** Learns the texts of `value` that `marks` says are sensitive. */
  learn(value: Json | undefined, marks: Json | undefined): void {
    if (value === undefined || value === null || marks === undefined || marks === false) return;
    if (marks === true) return this.#keep(value);
    if (typeof value !== 'object' || typeof marks !== 'object' || marks === null) return;
    for (const [name, mark] of Object.entries(marks)) this.learn((value as JsonObject)[name], mark);
  }

  #keep(value: Json): void {
    if (typeof value === 'string') {
      if (value.length < WHOLE_CHARS || this.#whole.has(value)) return;
      this.#whole.add(value);
      if (value.length >= PART_CHARS && this.#parts.length < MOST_SECRETS) this.#parts.push(value);
    } else if (value !== null && typeof value === 'object')
      Object.values(value).forEach((each) => this.#keep(each));
  }

  mask(value: Json, marks: Json | undefined): Json {
    if (marks === true) return this.#sealed(value);
    if (typeof value === 'string') return this.#holds(value) ? this.#sealed(value) : value;
    if (value === null || typeof value !== 'object') return value;
    const inner = typeof marks === 'object' && marks !== null ? (marks as JsonObject) : {};
    if (Array.isArray(value))
      return value.map((each: Json, i) => this.mask(each, inner[String(i)]));
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([name, each]) => [
        name,
        this.#isSecret(name) && each !== null && typeof each !== 'boolean'
          ? this.#sealed(each)
          : this.mask(each, inner[name]),
      ]),
    );
  }

  #holds(text: string): boolean {
    return this.#whole.has(text) || this.#parts.some((part) => text.includes(part));
  }

  #sealed(value: Json): Json {
    return value === null
      ? null
      : { sensitive: `sha256:${sha256(`${this.#key}\n${canonicalJson(value)}`)}` };
  }
}
