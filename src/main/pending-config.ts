/** What was prepared to be signed, between the page and the signature. It puts nothing in force by itself. */
import { join } from 'node:path';
import { Fault } from '#base/fault';
import { type JsonObject, parseJson } from '#base/json';
import type { Clock, Files } from '#base/ports';
import type { Texts } from './authority-record.ts';
import { stampOf } from './file-stamp.ts';

const LIFE_MS = 24 * 3_600_000;
const WAITING = '.waiting';

export type PendingConfig = Omit<Texts, 'signatures' | 'recoveryTest'>;

/** What a person at a terminal left for a passkey to sign. */
export type WaitingConfig = {
  readonly digest: string;
  readonly order: string;
  readonly says: readonly string[];
  readonly by: string;
  /** Of the recovery key that it names, which is not here any more. */
  readonly recoverySignature: string | null;
};

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

  /** Keeps a prepared one in view until it is signed, or its day is over. Throws `config-moved` where there is none. */
  async wait(waiting: WaitingConfig): Promise<void> {
    await this.read(waiting.digest);
    const bytes = Buffer.from(JSON.stringify(waiting));
    await this.#files.replace(this.#waitingPath(waiting.digest), bytes, 0o600);
  }

  async waiting(): Promise<readonly WaitingConfig[]> {
    await this.#forgetOld();
    const found: WaitingConfig[] = [];
    for (const name of (await this.#files.list(this.#folder)) ?? []) {
      if (!name.endsWith(WAITING)) continue;
      const one = await this.#readWaiting(name.slice(0, -WAITING.length));
      if (one !== undefined) found.push(one);
    }
    return found.toSorted((a, b) => a.digest.localeCompare(b.digest));
  }

  async recoverySignature(digest: string): Promise<string | null> {
    return (await this.#readWaiting(digest))?.recoverySignature ?? null;
  }

  async forget(digest: string): Promise<void> {
    await this.#files.remove(this.#path(digest));
    await this.#files.remove(this.#waitingPath(digest));
  }

  async #readWaiting(digest: string): Promise<WaitingConfig | undefined> {
    const bytes = await this.#files.read(this.#waitingPath(digest));
    if (bytes === undefined) return undefined;
    return parseJson(Buffer.from(bytes).toString('utf8'), 'what waits') as unknown as WaitingConfig;
  }

  #waitingPath(digest: string): string {
    return join(this.#folder, `${digest}${WAITING}`);
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
