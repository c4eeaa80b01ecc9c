/** Declarations that were made before, as long as nothing they were made from changed; bounded. */
import type { About } from '#declarations';
import type { Declaration } from '#model';

const MOST_EXPECTATIONS = 100_000;

export class Made {
  /** By content, then by everything of a target that its declaration depends on. */
  #of = new WeakMap<object, Map<string, Declaration>>();
  #parsed = new WeakMap<object, Map<string, unknown>>();
  #expectations = 0;

  /** For makers that look at no fact and at no clock. */
  ofTarget(
    content: object,
    id: string,
    make: (about: About) => Declaration,
  ): (about: About) => Declaration {
    return (about) => {
      const { scope, hostType, environment, transport, tags } = about.target;
      const key = JSON.stringify([
        id,
        about.target.id,
        scope,
        hostType,
        environment,
        transport,
        tags,
      ]);
      const known = this.#of.get(content)?.get(key);
      if (known !== undefined) return known;
      const made = make(about);
      if (this.#expectations + made.expectations.length > MOST_EXPECTATIONS) {
        this.#of = new WeakMap();
        this.#expectations = 0;
      }
      this.#expectations += made.expectations.length;
      const kept = this.#of.get(content) ?? new Map<string, Declaration>();
      kept.set(key, made);
      this.#of.set(content, kept);
      return made;
    };
  }

  /** `read` once for each content. */
  parsed<Parsed>(content: object, name: string, read: () => Parsed): Parsed {
    const kept = this.#parsed.get(content) ?? new Map<string, unknown>();
    this.#parsed.set(content, kept);
    if (!kept.has(name)) kept.set(name, read());
    return kept.get(name) as Parsed;
  }
}
