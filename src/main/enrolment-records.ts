/**
 * What of enrolments lies in files: records that operators signed, one file each and held to what the event log
 * says was signed; what waits for a signature; and signatures that wait for those of others.
 */
import { join } from 'node:path';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import { type JsonObject, parseJson } from '#base/json';
import type { Files } from '#base/ports';
import { type HostPins, mustFit, parsePins } from '#enrolment';
import type { Log } from '#evidence';
import { stampOfFolder } from './file-stamp.ts';

export type EnrolmentRecord = {
  readonly order: string;
  readonly signatures: readonly string[];
  readonly hosts: readonly HostPins[];
};
/** By target. With `none`: was a host, and is none any more. */
export type Known = ReadonlyMap<string, HostPins>;

/** Kind of event of each record. */
export const SIGNED = 'enrolment.signed';

export class EnrolmentRecords {
  readonly #files: Files;
  readonly #directory: string;
  readonly #events: Pick<Log, 'read'>;

  constructor(files: Files, directory: string, events: Pick<Log, 'read'>) {
    this.#files = files;
    this.#directory = directory;
    this.#events = events;
  }

  /** Moves with every record. */
  stamp(): string | undefined {
    return stampOfFolder(this.#folder('records'));
  }

  /** Throws `enrolment-broken` where the files are not what the log says was signed. */
  async read(): Promise<Known> {
    const told = await this.#told();
    const records = [...(await this.#records())];
    const last = told.at(-1);
    if (last !== undefined && last.number === records.length + 1) {
      // Signed and told to the log right before a death.
      const staged = await this.#stagedRecord(last.record);
      if (staged !== undefined) {
        await this.finish(staged, last.number);
        records.push(staged);
      }
    }
    const fits =
      records.length === told.length &&
      records.every(({ order }, i) => told[i]?.record === sha256(order));
    if (!fits) {
      throw new Fault(
        'broken',
        'enrolment-broken',
        `the enrolment records are not those that the event log says were signed: ${this.#folder('records')}. Put back the files of a backup; until then no host is used`,
      );
    }
    const known = new Map<string, HostPins>();
    for (const { order, hosts } of records) {
      mustFit(order, hosts);
      for (const pins of hosts) known.set(pins.target, pins);
    }
    return known;
  }

  /** Before the log is told of it. Answers its number. */
  async begin(record: EnrolmentRecord): Promise<number> {
    const number = (await this.#records()).length + 1;
    await this.#files.makeDirectory(this.#folder('records'));
    await this.#files.replace(this.#staged, bytesOf(record), 0o600);
    return number;
  }

  async finish(record: EnrolmentRecord, number: number): Promise<void> {
    await this.#files.replace(this.#recordFile(number), bytesOf(record), 0o600);
    await this.#files.remove(this.#staged);
  }

  async keepPending(pins: HostPins, by: string): Promise<void> {
    await this.#files.makeDirectory(this.#folder('pending'));
    await this.#files.replace(
      this.#pendingFile(pins.target),
      Buffer.from(`${JSON.stringify({ ...pins, by })}\n`),
      0o600,
    );
  }

  forgetPending(target: string): Promise<void> {
    return this.#files.remove(this.#pendingFile(target));
  }

  async pending(): Promise<Known> {
    const pins: HostPins[] = [];
    for (const name of (await this.#files.list(this.#folder('pending'))) ?? []) {
      if (/^[0-9a-f]{32}\.json$/.test(name))
        pins.push(parsePins(await this.#json(join(this.#folder('pending'), name))));
    }
    return new Map(pins.map((each) => [each.target, each]));
  }

  /** The record that was shown last, and who signed it so far. */
  async prepared(): Promise<Pick<EnrolmentRecord, 'order' | 'signatures'> | undefined> {
    if ((await this.#files.info(this.#prepared)) === undefined) return undefined;
    const { order, signatures } = await this.#json(this.#prepared);
    if (typeof order !== 'string' || !Array.isArray(signatures)) return undefined;
    return { order, signatures: signatures.map(String) };
  }

  async prepare(prepared: Pick<EnrolmentRecord, 'order' | 'signatures'>): Promise<void> {
    await this.#files.makeDirectory(this.#directory);
    await this.#files.replace(this.#prepared, Buffer.from(`${JSON.stringify(prepared)}\n`), 0o600);
  }

  forgetPrepared(): Promise<void> {
    return this.#files.remove(this.#prepared);
  }

  #folder(name: 'records' | 'pending'): string {
    return join(this.#directory, name);
  }
  get #staged(): string {
    return join(this.#directory, 'signed.staged');
  }
  get #prepared(): string {
    return join(this.#directory, 'prepared.json');
  }
  #recordFile(number: number): string {
    return join(this.#folder('records'), `${String(number).padStart(6, '0')}.json`);
  }
  #pendingFile(target: string): string {
    return join(this.#folder('pending'), `${sha256(target).slice(0, 32)}.json`);
  }

  async #json(path: string): Promise<JsonObject> {
    const bytes = await this.#files.read(path);
    return parseJson(Buffer.from(bytes ?? []).toString('utf8'), 'an enrolment') as JsonObject;
  }

  async #records(): Promise<readonly EnrolmentRecord[]> {
    const names = ((await this.#files.list(this.#folder('records'))) ?? [])
      .filter((name) => /^\d{6}\.json$/.test(name))
      .toSorted();
    const records: EnrolmentRecord[] = [];
    for (const name of names)
      records.push(recordOf(await this.#json(join(this.#folder('records'), name))));
    return records;
  }

  async #stagedRecord(digest: string): Promise<EnrolmentRecord | undefined> {
    if ((await this.#files.info(this.#staged)) === undefined) return undefined;
    const record = recordOf(await this.#json(this.#staged));
    return sha256(record.order) === digest ? record : undefined;
  }

  /** In the order they were signed. */
  async #told(): Promise<readonly { readonly number: number; readonly record: string }[]> {
    const told: { number: number; record: string }[] = [];
    let before: number | undefined;
    for (;;) {
      const found = await this.#events.read({ operation: SIGNED }, 500, before);
      for (const { more } of found) {
        const { number, record } = more ?? {};
        told.push({ number: Number(number), record: typeof record === 'string' ? record : '' });
      }
      before = found.at(-1)?.seq;
      if (found.length < 500) return told.toReversed();
    }
  }
}

function recordOf(value: JsonObject): EnrolmentRecord {
  const { order, signatures, hosts } = value;
  if (typeof order !== 'string' || !Array.isArray(signatures) || !Array.isArray(hosts))
    throw new Fault(
      'broken',
      'enrolment-broken',
      'a record of enrolments is not whole. Put back the files of a backup; until then no host is used',
    );
  return { order, signatures: signatures.map(String), hosts: hosts.map(parsePins) };
}

function bytesOf(record: EnrolmentRecord): Uint8Array {
  return Buffer.from(`${JSON.stringify(record)}\n`);
}
