/**
 * Emergency stops: one JSON file each in `<home>/stops/`, and the sentinel `<home>/STOP`, whose mere
 * presence stops everything. Neither needs the store or the event log.
 *
 * Whatever cannot be read counts as stopped. A stop is in force in this process from the moment it
 * is asked for, before its file is written; it ends only through `lifted`.
 */
import { asFault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import type { Files } from '#base/ports';
import type { ChangeRow } from '#store';
import type { StopSubject, StopView } from './protocol.ts';
import { refuse } from './refuse.ts';

export const SENTINEL = 'sentinel';

/** What is about to be done, or is being done. */
export type StopQuestion = {
  readonly targets: ChangeRow['targets'];
  /** What was asked for and, once there is a plan, each action in it; with or without versions. */
  readonly actions: readonly string[];
  readonly session: string;
  readonly rule: string | null;
};

const ID = /^stop_[0-9a-f]{24}$/;
const KINDS = ['scope', 'target', 'action', 'rule', 'session'] as const;

export class Stops {
  readonly #files: Files;
  readonly #home: string;
  readonly #known = new Map<string, StopView>();
  /** Lifted in this process: a file that came back, or could not be removed, does not count. */
  readonly #lifted = new Set<string>();
  #unreadable: string | null = 'the stops were not read yet';
  #sentinel = false;

  constructor(files: Files, home: string) {
    this.#files = files;
    this.#home = home;
  }

  list(): readonly StopView[] {
    const all = [...this.#known.values()];
    if (!this.#sentinel) return all;
    const by = `the file ${this.#home}/STOP`;
    return [
      { id: SENTINEL, subject: { kind: 'fleet' }, by, reason: 'see the file', at: '' },
      ...all,
    ];
  }

  get unreadable(): string | null {
    return this.#unreadable;
  }

  /** Reads what is on disk. Never throws: trouble is a reason to stop. */
  async refresh(): Promise<void> {
    try {
      this.#sentinel = (await this.#files.info(`${this.#home}/STOP`)) !== undefined;
      const directory = `${this.#home}/stops`;
      const names = await this.#files.list(directory);
      // What is there and holds no files would pass for a directory without stops.
      if (names === undefined && (await this.#files.info(directory)) !== undefined) {
        throw new Error(`not a directory: ${directory}`);
      }
      for (const name of names ?? []) {
        const id = name.endsWith('.json') ? name.slice(0, -'.json'.length) : '';
        // What `replace` leaves behind when the machine dies is no stop, and hides none.
        if (name.startsWith('.') || name.endsWith('.tmp')) continue;
        if (this.#known.has(id) || this.#lifted.has(id)) continue;
        const bytes = await this.#files.read(`${directory}/${name}`);
        if (bytes === undefined) continue;
        this.#known.set(id, readStop(id, bytes));
      }
      this.#unreadable = null;
    } catch (thrown) {
      this.#unreadable = `the stops cannot be read: ${asFault(thrown).message}`;
    }
  }

  /** From the next statement on nothing that it covers begins. */
  trip(stop: StopView): void {
    this.#known.set(stop.id, stop);
  }

  async keep(stop: StopView): Promise<void> {
    await this.#files.makeDirectory(`${this.#home}/stops`);
    const text = canonicalJson({ v: 1, ...stop } as unknown as Json);
    await this.#files.replace(`${this.#home}/stops/${stop.id}.json`, Buffer.from(text));
  }

  find(id: string): StopView | undefined {
    return this.list().find((stop) => stop.id === id);
  }

  /** A stop of the same that is in force already. */
  same(subject: StopSubject): StopView | undefined {
    const name = (of: StopSubject): string => ('name' in of ? of.name : '');
    return [...this.#known.values()].find(
      (stop) => stop.subject.kind === subject.kind && name(stop.subject) === name(subject),
    );
  }

  /** The only way a stop ends. */
  async lifted(id: string): Promise<void> {
    if (id === SENTINEL) {
      await this.#files.remove(`${this.#home}/STOP`);
      this.#sentinel = false;
      return;
    }
    await this.#files.remove(`${this.#home}/stops/${id}.json`);
    this.#lifted.add(id);
    this.#known.delete(id);
  }

  /** Why this may not go on, or `undefined`. Answers at once from what was read last. */
  covering(question: StopQuestion): string | undefined {
    if (this.#unreadable !== null) return this.#unreadable;
    if (this.#sentinel) return `everything is stopped by the file ${this.#home}/STOP`;
    for (const { id, subject, by, reason } of this.#known.values()) {
      if (covers(subject, question)) {
        const name = 'name' in subject ? ` ${subject.name}` : '';
        return `${subject.kind}${name} is stopped by ${by} (${id}): ${reason}`;
      }
    }
    return undefined;
  }

  refuseCovered(question: StopQuestion): void {
    const why = this.covering(question);
    if (why !== undefined) {
      refuse(
        'stopped',
        `stopped: ${why}. An operator lifts it with a signature (holdfast stop lift)`,
      );
    }
  }
}

export function covers(subject: StopSubject, question: StopQuestion): boolean {
  switch (subject.kind) {
    case 'fleet':
      return true;
    case 'scope':
      return question.targets.some(({ scope }) => scope === subject.name);
    case 'target':
      return question.targets.some(({ id }) => id === subject.name);
    case 'action':
      return question.actions.some(
        (action) => action === subject.name || action.split('@')[0] === subject.name,
      );
    case 'session':
      return question.session === subject.name;
    case 'rule':
      return question.rule === subject.name;
  }
}

function readStop(id: string, bytes: Uint8Array): StopView {
  const value = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> | null;
  const subject = value?.['subject'] as Record<string, unknown> | undefined;
  const isText = (each: unknown): each is string => typeof each === 'string';
  const isSubject =
    subject?.['kind'] === 'fleet' ||
    ((KINDS as readonly unknown[]).includes(subject?.['kind']) && isText(subject?.['name']));
  if (value?.['v'] !== 1 || value['id'] !== id || !ID.test(id) || !isSubject) {
    throw new Error(`not a stop: ${JSON.stringify(id.slice(0, 80))}`);
  }
  return {
    id,
    subject: subject as unknown as StopSubject,
    by: isText(value['by']) ? value['by'] : 'unknown',
    reason: isText(value['reason']) ? value['reason'] : '',
    at: isText(value['at']) ? value['at'] : '',
  };
}
