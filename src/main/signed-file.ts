/**
 * One file of settings beside what operators signed of it. Until somebody signs an edit, the two stand beside each other:
 * whoever asks narrows the one by the other, and nothing is given by what nobody signed.
 */
import { basename } from 'node:path';
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import { stampOf } from './file-stamp.ts';
import { Kept } from './kept.ts';

/**
 * A file as operators signed it; `null`: signed as not being there, `undefined`: nobody knows any more. `unsigned`: nobody
 * may sign yet.
 */
export type SignedText = (
  name: string,
) => Promise<{ readonly digest: string; readonly text?: string } | null | undefined | 'unsigned'>;

type There<Value> = {
  /** `undefined`: there is none. */
  readonly text: string | undefined;
  readonly digest: string | undefined;
  readonly written: Value;
};

export type SignedReading<Value> = There<Value> &
  (
    | { readonly is: 'as-signed' }
    /** `signed` is the value that was signed. */
    | { readonly is: 'edited'; readonly signed: Value }
    /** Nobody knows any more what was signed. */
    | { readonly is: 'unknown' }
    /** Nobody may sign yet. */
    | { readonly is: 'never' }
  );

export type SignedFileNeeds<Value> = {
  readonly files: Pick<Files, 'read'>;
  readonly path: string;
  /** Throws where it does not hold. `isWritten`: as it lies there, and not as it was signed once. */
  readonly read: (text: string, name: string, isWritten: boolean) => Value | Promise<Value>;
  /** What holds without the file. */
  readonly absent: Value;
  readonly signed: SignedText;
};

export class SignedFile<Value> {
  readonly #needs: SignedFileNeeds<Value>;
  readonly #name: string;
  readonly #there: Kept<There<Value>>;
  #before: { readonly digest: string; readonly value: Value } | undefined;

  constructor(needs: SignedFileNeeds<Value>) {
    this.#needs = needs;
    this.#name = basename(needs.path);
    this.#there = new Kept(
      () => stampOf(needs.path),
      () => this.#read(),
    );
  }

  /** As it lies there, whoever signed it. */
  async written(): Promise<Value> {
    return (await this.#there.get()).written;
  }

  async get(): Promise<SignedReading<Value>> {
    const there = await this.#there.get();
    const was = await this.#needs.signed(this.#name);
    if (was === 'unsigned') return { ...there, is: 'never' };
    if (was !== undefined && was?.digest === there.digest) return { ...there, is: 'as-signed' };
    if (was === null) return { ...there, is: 'edited', signed: this.#needs.absent };
    if (was?.text === undefined || sha256(was.text) !== was.digest)
      return { ...there, is: 'unknown' };
    if (this.#before?.digest !== was.digest) {
      const value = await this.#needs.read(was.text, this.#name, false);
      this.#before = { digest: was.digest, value };
    }
    return { ...there, is: 'edited', signed: this.#before.value };
  }

  async #read(): Promise<There<Value>> {
    const { files, path, read, absent } = this.#needs;
    const bytes = await files.read(path);
    if (bytes === undefined) return { text: undefined, digest: undefined, written: absent };
    const text = Buffer.from(bytes).toString('utf8');
    return { text, digest: sha256(bytes), written: await read(text, this.#name, true) };
  }
}
