/**
 * Makes checkpoints known outside this machine: to witnesses, to a time-stamping authority, to a file
 * elsewhere. The log never waits for any of it.
 *
 *     log/timestamps/<size>.<sha256 of the note's text>   DER of the token
 *     log/cosigned            each note with a witness's cosignature, one after the other
 *     <anchor>                every checkpoint, where the operator says
 */
import { invariant } from '#base/fault';
import type { Clock, Files, Poster, Random } from '#base/ports';
import { parseCheckpoint, parseNote } from '../note.ts';
import type { EvidenceSettings } from '../settings.ts';
import { cosignedAt, parseWitnessKey } from '../witness/cosignature.ts';
import { Courier, type Delivery, type Health } from './courier.ts';
import { NotesFile, newestNote } from './notes-file.ts';

/** What is needed of the open log; `Log` has it. */
export type AnchoredLog = {
  /** Hands over each checkpoint once it is on record, from now on. */
  follow(listener: (note: string) => void): void;
  consistencyProof(earlier: number, size: number): Promise<readonly string[]>;
};

export type AnchoringOptions = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly poster: Poster;
  /** The log's. */
  readonly directory: string;
  readonly log: AnchoredLog;
  readonly settings: EvidenceSettings;
  /** What stands in the file that `settings.timestamp.certificate` names. */
  readonly timestampCertificate: string | null;
};

export class Anchoring implements AsyncDisposable {
  readonly #couriers: readonly Courier[];
  readonly #notesFiles: readonly NotesFile[];

  private constructor(couriers: readonly Courier[], notesFiles: readonly NotesFile[]) {
    this.#couriers = couriers;
    this.#notesFiles = notesFiles;
  }

  /** Begins with the newest checkpoint there is. Close it after the log, so that the last one goes too. */
  static async start(options: AnchoringOptions): Promise<Anchoring> {
    const { files, directory, log } = options;
    const newest = await files.read(`${directory}/checkpoint`);
    const first = newest === undefined ? undefined : delivery(Buffer.from(newest).toString('utf8'));
    const notesFiles: NotesFile[] = [];
    const origin = first?.origin ?? '';
    const couriers = [
      ...(await timestampCourier(options)),
      ...(await witnessCouriers(options, origin, notesFiles)),
      ...anchorCourier(options, origin, notesFiles),
    ];
    const anchoring = new Anchoring(couriers, notesFiles);
    if (first !== undefined) anchoring.#offer(first);
    log.follow((note) => {
      const next = delivery(note);
      if (next !== undefined) anchoring.#offer(next);
    });
    return anchoring;
  }

  #offer(next: Delivery): void {
    for (const courier of this.#couriers) courier.offer(next);
  }

  health(): readonly Health[] {
    return this.#couriers.map((courier) => courier.health());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#couriers.map((courier) => courier[Symbol.asyncDispose]()));
    await Promise.all(this.#notesFiles.map((file) => file[Symbol.asyncDispose]()));
  }
}

function delivery(note: string): (Delivery & { readonly origin: string }) | undefined {
  const parsed = parseNote(note);
  const checkpoint = parsed === undefined ? undefined : parseCheckpoint(parsed.text);
  if (checkpoint === undefined) return undefined;
  return { note, size: checkpoint.size, origin: checkpoint.origin };
}

async function timestampCourier(options: AnchoringOptions): Promise<Courier[]> {
  const { files, clock, poster, random, directory, settings, timestampCertificate } = options;
  const { timestamp } = settings;
  if (timestamp === null) return [];
  const { imprintOf, stamp } = await import('../timestamp/client.ts');
  const place = { ...timestamp, certificate: timestampCertificate ?? '' };
  const deliver = async (one: Delivery): Promise<void> => {
    const path = `${directory}/timestamps/${one.size}.${imprintOf(one.note).toString('hex')}`;
    if ((await files.info(path)) !== undefined) return;
    const token = await stamp(poster, random, place, one);
    await files.makeDirectory(`${directory}/timestamps`);
    await files.replace(path, token, 0o600);
  };
  const restMs = timestamp.everySeconds * 1_000;
  const name = new URL(timestamp.url).host;
  return [new Courier({ by: 'timestamp', name, clock, restMs, arrived: null, deliver })];
}

async function witnessCouriers(
  options: AnchoringOptions,
  origin: string,
  notesFiles: NotesFile[],
): Promise<Courier[]> {
  const { files, clock, poster, directory, log, settings } = options;
  if (settings.witnesses.length === 0) return [];
  const { WitnessClient } = await import('../witness/client.ts');
  const path = `${directory}/cosigned`;
  const shared = new NotesFile(files, path, origin);
  const couriers: Courier[] = [];
  for (const { name, url, key: vkey } of settings.witnesses) {
    const key = parseWitnessKey(vkey);
    invariant(key, 'settings hold only keys that were parsed');
    const last = await newestNote(files, path, (note) => {
      const parsed = parseNote(note);
      // Under a name that a restore ended it says nothing of what the witness knows by this one.
      const isOurs = delivery(note)?.origin === origin;
      return isOurs && parsed !== undefined && cosignedAt(parsed, key) !== undefined;
    });
    const arrived = last === undefined ? null : (delivery(last)?.size ?? null);
    const client = new WitnessClient(
      poster,
      { name, url, key },
      (earlier, size) => log.consistencyProof(earlier, size),
      arrived ?? 0,
    );
    const deliver = async (one: Delivery): Promise<void> =>
      shared.append(await client.cosigned(one));
    couriers.push(new Courier({ by: 'witness', name, clock, restMs: 0, arrived, deliver }));
  }
  notesFiles.push(shared);
  return couriers;
}

function anchorCourier(
  { files, clock, settings }: AnchoringOptions,
  origin: string,
  notesFiles: NotesFile[],
): Courier[] {
  const path = settings.anchor;
  if (path === null) return [];
  const file = new NotesFile(files, path, origin);
  notesFiles.push(file);
  const deliver = async ({ note }: Delivery): Promise<void> => {
    // A restart begins with the newest one, which may be there already.
    const last = await newestNote(files, path, () => true);
    if (last !== note) await file.append(note);
  };
  return [new Courier({ by: 'anchor file', name: path, clock, restMs: 0, arrived: null, deliver })];
}
