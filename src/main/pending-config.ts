/** What was prepared to be signed, between the page and the signature. It puts nothing in force by itself. */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import { type JsonObject, parseJson } from '#base/json';
import type { Clock, Files } from '#base/ports';
import type { Texts } from './authority-record.ts';
import { stampOf } from './file-stamp.ts';

const LIFE_MS = 24 * 3_600_000;

export type PendingConfig = Omit<Texts, 'signatures' | 'recoveryTest'>;

/** By the digest of the document, for a day. */
export class PendingConfigs {
  readonly #files: Files;
  readonly #clock: Clock;
  readonly #folder: string;

  constructor(files: Files, clock: Clock, folder: string) {
    this.#files = files;
    this.#clock = clock;
    this.#folder = folder;
  }

  async keep(digest: string, pending: PendingConfig, by: string): Promise<void> {
    await this.#files.makeDirectory(this.#folder);
    await this.#forgetOld();
    const bytes = Buffer.from(JSON.stringify({ ...pending, by }));
    await this.#files.replace(this.#path(digest), bytes, 0o600);
  }

  /** Throws `config-moved` where there is none. */
  async read(digest: string): Promise<PendingConfig> {
    const bytes = await this.#files.read(this.#path(digest));
    if (bytes === undefined) throw moved('no such configuration was prepared here');
    const kept = parseJson(Buffer.from(bytes).toString('utf8'), 'what was prepared') as JsonObject;
    const text = (name: string): string => {
      const found = kept[name];
      if (typeof found === 'string') return found;
      throw moved(`what was prepared has no ${name}`);
    };
    return {
      order: text('order'),
      signers: text('signers'),
      revocations: text('revocations'),
      hostPolicy: text('hostPolicy'),
      operators: text('operators'),
    };
  }

  async forget(digest: string): Promise<void> {
    await this.#files.remove(this.#path(digest));
  }

  #path(digest: string): string {
    return join(this.#folder, `${digest}.json`);
  }

  async #forgetOld(): Promise<void> {
    for (const name of (await this.#files.list(this.#folder)) ?? []) {
      const path = join(this.#folder, name);
      const stamp = stampOf(path)?.split(' ')[3];
      if (stamp !== undefined && Number(stamp) / 1e6 < this.#clock.now() / 1_000 - LIFE_MS)
        await this.#files.remove(path);
    }
  }
}

function moved(why: string): Fault {
  return new Fault('conflict', 'config-moved', `${why}: prepare it again`);
}
