/**
 * Notices that wait to be taken: each in a file of its own before anybody is told, gone when it was taken. Tried again
 * more and more rarely; one that nobody takes for days is given up, and that is on record.
 */
import { join } from 'node:path';
import { canonicalJson, type Json, parseJson } from '#base/json';
import type { Files } from '#base/ports';
import { type Instant, shift } from '#base/time';
import type { Notice } from './compose.ts';

export type Waiting = {
  readonly notice: Notice;
  readonly tries: number;
  readonly nextAt: Instant;
};

const FIRST_WAIT_MICROS = 5_000_000;
const LONGEST_WAIT_MICROS = 3_600_000_000;
const GIVEN_UP_AFTER_MICROS = 3 * 86_400_000_000;
const MOST_WAITING = 1_000;
const NAME = /^notice_[0-9a-f]{24}\.json$/;

export class Outbox {
  readonly #files: Files;
  readonly #directory: string;

  constructor(files: Files, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  /** Durable when it returns; one that waits already stays as it is. Answers those there was no room for. */
  async put(notices: readonly Notice[]): Promise<readonly Notice[]> {
    if (notices.length === 0) return [];
    await this.#files.makeDirectory(this.#directory);
    const names = new Set(await this.#files.list(this.#directory));
    const over: Notice[] = [];
    for (const notice of notices) {
      if (names.has(`${notice.id}.json`)) continue;
      if (names.size >= MOST_WAITING) over.push(notice);
      else {
        await this.#write({ notice, tries: 0, nextAt: notice.at });
        names.add(`${notice.id}.json`);
      }
    }
    return over;
  }

  /** Those whose time has come, oldest first. What cannot be read is left out, and named. */
  async due(now: Instant): Promise<{
    readonly due: readonly Waiting[];
    readonly waiting: number;
    readonly unreadable: readonly string[];
  }> {
    const names = ((await this.#files.list(this.#directory)) ?? []).filter((name) =>
      NAME.test(name),
    );
    const due: Waiting[] = [];
    const unreadable: string[] = [];
    for (const name of names) {
      const bytes = await this.#files.read(join(this.#directory, name));
      if (bytes === undefined) continue;
      try {
        const waiting = parseJson(Buffer.from(bytes).toString(), name) as unknown as Waiting;
        if (typeof waiting.nextAt !== 'number' || typeof waiting.notice.id !== 'string')
          throw new Error();
        if (waiting.nextAt <= now || waiting.notice.at > now) due.push(waiting);
      } catch {
        unreadable.push(name);
      }
    }
    due.sort((a, b) => a.notice.at - b.notice.at || (a.notice.id < b.notice.id ? -1 : 1));
    return { due, waiting: names.length, unreadable };
  }

  async taken({ notice }: Waiting): Promise<void> {
    await this.#files.remove(this.#path(notice.id));
  }

  /** Whether it is given up. */
  async failed({ notice, tries }: Waiting, now: Instant): Promise<boolean> {
    if (now - notice.at > GIVEN_UP_AFTER_MICROS) {
      await this.#files.remove(this.#path(notice.id));
      return true;
    }
    const wait = Math.min(LONGEST_WAIT_MICROS, FIRST_WAIT_MICROS * 2 ** Math.min(tries, 20));
    await this.#write({ notice, tries: tries + 1, nextAt: shift(now, wait) });
    return false;
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`);
  }

  #write(waiting: Waiting): Promise<void> {
    const text = canonicalJson(waiting as unknown as Json);
    return this.#files.replace(this.#path(waiting.notice.id), Buffer.from(text));
  }
}
