/**
 * What was in force when it was last found signed, part by part. It only tells which file was edited since:
 * what it says counts as far as its digest is the signed one, so nobody gains by writing it.
 */
import { type Json, parseJson } from '#base/json';
import type { Files } from '#base/ports';
import { digestOfParts, type Part } from './declaration-content.ts';

export class SignedParts {
  readonly #files: Files;
  readonly #path: string;
  #known: { readonly digest: string; readonly parts: readonly Part[] } | undefined;
  /** Found signed by this process, and so kept whole. */
  #found: string | undefined;
  readonly #wasStored: (digest: string) => Promise<boolean>;
  #stored: { readonly digest: string; readonly is: boolean } | undefined;

  /** `wasStored`: whether a digest that was signed is that of baselines and waivers alone. */
  constructor(files: Files, path: string, wasStored: (digest: string) => Promise<boolean>) {
    this.#files = files;
    this.#path = path;
    this.#wasStored = wasStored;
  }

  /** Names of what differs; none where it is as signed, and nothing better than `baselines or waivers` where nobody knows. */
  async edited(now: readonly Part[], digest: string, signed: string): Promise<readonly string[]> {
    if (digest === signed) {
      await this.#remember(now, digest);
      return [];
    }
    const was = await this.#of(signed);
    if (was === undefined) return [];
    const before = new Map(was.map((part) => [part.name, part.digest]));
    const after = new Map(now.map((part) => [part.name, part.digest]));
    return [...new Set([...after.keys(), ...before.keys()])].filter(
      (name) => before.get(name) !== after.get(name),
    );
  }

  /** One part as it was signed; `null`: there was none of that name. `undefined`: nobody knows any more. */
  async part(name: string, signed: string): Promise<Part | null | undefined> {
    const was = await this.#of(signed);
    return was === undefined ? undefined : (was.find((part) => part.name === name) ?? null);
  }

  async #remember(parts: readonly Part[], digest: string): Promise<void> {
    if (this.#found === digest) return;
    this.#found = digest;
    this.#known = { digest, parts };
    const text = JSON.stringify({ digest, parts });
    // It is only a help, so a full disk is no reason to refuse anything.
    await this.#files.replace(this.#path, Buffer.from(text), 0o600).catch(() => {});
  }

  async #of(signed: string): Promise<readonly Part[] | undefined> {
    if (this.#known?.digest !== signed) this.#known = (await this.#read()) ?? this.#known;
    const known = this.#known;
    if (known?.digest !== signed) return undefined;
    const [stored] = known.parts;
    if (digestOfParts(known.parts) === signed) return known.parts;
    const isAlone = known.parts.length === 1 && stored?.digest === signed;
    // That there was no file stands in no digest: whoever writes it here would take every file away at once.
    return isAlone && (this.#found === signed || (await this.#isStored(signed)))
      ? known.parts
      : undefined;
  }

  async #isStored(digest: string): Promise<boolean> {
    if (this.#stored?.digest !== digest)
      this.#stored = { digest, is: await this.#wasStored(digest) };
    return this.#stored.is;
  }

  async #read(): Promise<{ readonly digest: string; readonly parts: readonly Part[] } | undefined> {
    try {
      const bytes = await this.#files.read(this.#path);
      if (bytes === undefined) return undefined;
      const read = parseJson(Buffer.from(bytes).toString('utf8'), 'what was signed');
      return isKnown(read) ? read : undefined;
    } catch {
      return undefined;
    }
  }
}

function isKnown(read: Json): read is { readonly digest: string; readonly parts: Part[] } {
  const { digest, parts } = (read ?? {}) as { readonly digest?: Json; readonly parts?: Json };
  return (
    typeof digest === 'string' &&
    Array.isArray(parts) &&
    (parts as readonly Json[]).every((part) => {
      const each = (part ?? {}) as { readonly name?: Json; readonly digest?: Json };
      return typeof each.name === 'string' && typeof each.digest === 'string';
    })
  );
}
