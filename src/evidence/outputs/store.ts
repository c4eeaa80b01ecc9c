/**
 * Outputs of changes, redacted, sealed and kept apart from the log, which has their hash and length.
 *
 *     <directory>/sealed/<2 hex>/<sha256>.<change>        iv, ciphertext, tag
 *     <directory>/sealed/<2 hex>/<sha256>.<change>.key    label and wrapped key; replaced by the proof when pruned
 *     <directory>/holds                                    what may not be pruned
 *     <directory>/pruned/<id>                              prunings that are not on record in the log yet
 *
 * Pruning destroys the key first. A crash in its middle leaves a record of what was meant to go, and
 * the next pruning carries it out.
 */
import { sha256 } from '#base/digest';
import { invariant } from '#base/fault';
import { newId } from '#base/ids';
import { canonicalJson } from '#base/json';
import type { Files, Random } from '#base/ports';
import { formatInstant, type Instant } from '#base/time';
import { badLabel, outputFault } from './faults.ts';
import { type Holds, readHolds, writeHolds } from './holds.ts';
import { type KeyFile, readKeyFile, writeKeyFile } from './key-file.ts';
import type { PruningRecord } from './pruning.ts';
import { type OutputLabel, seal, unseal } from './seal.ts';

export type OutputStoreOptions = {
  readonly files: Files;
  readonly random: Random;
  readonly directory: string;
  /** The store's key, mode 0600, outside `directory`. */
  readonly keyFile: string;
};

const OUTPUT_BYTES_MOST = 16 * 1024 * 1024;
const STORE_KEY_BYTES = 32;
const CHANGE = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const MEDIA = /^[a-z]+\/[a-z0-9.+-]{1,64}$/;
const SHA256 = /^[0-9a-f]{64}$/;

export async function openOutputStore(options: OutputStoreOptions): Promise<OutputStore> {
  const { files, random, directory, keyFile } = options;
  await files.makeDirectory(`${directory}/sealed`);
  const bytes = await files.read(keyFile);
  const hex = bytes === undefined ? '' : Buffer.from(bytes).toString('latin1').trim();
  if (bytes !== undefined && SHA256.test(hex)) {
    return new OutputStore(options, Buffer.from(hex, 'hex'));
  }
  const shards = (await files.list(`${directory}/sealed`)) ?? [];
  if (bytes !== undefined || shards.length > 0) {
    throw outputFault(
      'output-key-missing',
      `the key of the sealed outputs is ${bytes === undefined ? 'missing' : 'unreadable'}: ${keyFile}. Restore it from a backup`,
      { facts: { file: keyFile } },
    );
  }
  const key = Buffer.from(random.bytes(STORE_KEY_BYTES));
  await files.replace(keyFile, Buffer.from(`${key.toString('hex')}\n`), 0o600);
  return new OutputStore(options, key);
}

/** One process owns the directory. */
export class OutputStore {
  readonly #options: OutputStoreOptions;
  readonly #key: Buffer;
  /** Everything that writes, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: OutputStoreOptions, key: Buffer) {
    this.#options = options;
    this.#key = key;
  }

  /** Durable when it resolves. The same text of the same change is kept once. */
  keep(
    text: string | Uint8Array,
    about: { readonly change: string; readonly media: string; readonly at: Instant },
  ): Promise<{ readonly sha256: string; readonly length: number }> {
    const bytes = Buffer.from(text as Uint8Array);
    return this.#inTurn(() => this.#keep(bytes, about));
  }

  async #keep(
    bytes: Buffer,
    {
      change,
      media,
      at,
    }: { readonly change: string; readonly media: string; readonly at: Instant },
  ): Promise<{ readonly sha256: string; readonly length: number }> {
    const { files, random } = this.#options;
    if (!CHANGE.test(change) || !MEDIA.test(media)) throw badLabel();
    if (bytes.length > OUTPUT_BYTES_MOST) {
      throw outputFault(
        'output-too-big',
        `an output is bigger than the store takes: ${bytes.length} of ${OUTPUT_BYTES_MOST} bytes. Bound it first`,
      );
    }
    const hash = sha256(bytes);
    const label: OutputLabel = {
      change,
      sha256: hash,
      length: bytes.length,
      media,
      at: formatInstant(at),
    };
    const path = this.#path(hash, change);
    const known = await readKeyFile(files, `${path}.key`);
    if (known?.kind !== 'kept') {
      await files.makeDirectory(path.slice(0, path.lastIndexOf('/')));
      const { sealed, wrapped } = seal(bytes, label, this.#key, random);
      // Without its key it is noise, so it goes first.
      await files.replace(path, sealed, 0o600);
      await writeKeyFile(files, `${path}.key`, { kind: 'kept', label, wrapped });
    }
    return { sha256: hash, length: bytes.length };
  }

  /** Of any change that has it. Throws `output-pruned` saying when and why, or `output-unknown`. */
  async read(hash: string): Promise<{ readonly text: Uint8Array; readonly label: OutputLabel }> {
    if (!SHA256.test(hash)) throw badLabel();
    const { files } = this.#options;
    let pruned: (KeyFile & { readonly kind: 'pruned' }) | undefined;
    let damaged = false;
    for (const { path } of await this.#entries(hash.slice(0, 2), hash)) {
      const entry = await readKeyFile(files, `${path}.key`);
      if (entry?.kind === 'pruned') pruned = entry;
      if (entry?.kind === 'unreadable') damaged = true;
      if (entry?.kind !== 'kept') continue;
      const sealed = await files.read(path);
      const { label, wrapped } = entry;
      const isItself = label.sha256 === hash && path === this.#path(hash, label.change);
      const text =
        sealed === undefined || !isItself
          ? undefined
          : unseal({ sealed: Buffer.from(sealed), wrapped }, label, this.#key);
      if (text !== undefined) return { text, label };
      damaged = true;
    }
    if (damaged) {
      throw outputFault(
        'output-damaged',
        `a sealed output is not what was sealed: ${hash}. Restore it from a backup`,
        { facts: { sha256: hash } },
      );
    }
    if (pruned !== undefined) {
      const { at, policy, id } = pruned;
      throw outputFault(
        'output-pruned',
        `the output was pruned on ${at} by the policy ${JSON.stringify(policy)}: ${hash}. Its hash stays on record`,
        { facts: { sha256: hash, at, policy, pruning: id } },
      );
    }
    throw outputFault(
      'output-unknown',
      `no such output is kept: ${hash}. Look at the event it is named in`,
      {
        facts: { sha256: hash },
      },
    );
  }

  // Retention --------------------------------------------------------------------------------

  async holds(): Promise<Holds> {
    return readHolds(this.#options.files, this.#holdsPath());
  }

  /** `subject`: a change, or `all`. */
  hold(subject: string, why: string, at: Instant): Promise<void> {
    if (!CHANGE.test(subject)) throw badLabel();
    return this.#inTurn(async () => {
      const holds = new Map(await this.holds()).set(subject, { why, at: formatInstant(at) });
      await writeHolds(this.#options.files, this.#holdsPath(), holds);
    });
  }

  /** Whether there was such a hold. */
  release(subject: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const holds = new Map(await this.holds());
      if (!holds.delete(subject)) return false;
      await writeHolds(this.#options.files, this.#holdsPath(), holds);
      return true;
    });
  }

  /**
   * Destroys what was kept before a moment and is not on hold. The record that it returns must be put on
   * record in the log and then confirmed by `recorded`; until then `unrecorded` gives it again.
   */
  prune(of: {
    readonly before: Instant;
    readonly at: Instant;
    readonly policy: string;
  }): Promise<PruningRecord> {
    return this.#inTurn(() => this.#prune(of));
  }

  async #prune({
    before,
    at,
    policy,
  }: {
    readonly before: Instant;
    readonly at: Instant;
    readonly policy: string;
  }): Promise<PruningRecord> {
    const { files, random, directory } = this.#options;
    const holds = await this.holds();
    const limit = formatInstant(before);
    const pruned: PruningRecord['pruned'][number][] = [];
    const held: PruningRecord['held'][number][] = [];
    const shards = (await files.list(`${directory}/sealed`)) ?? [];
    for (const shard of shards) {
      for (const { path } of await this.#entries(shard)) {
        const entry = await readKeyFile(files, `${path}.key`);
        // What cannot be read is for a person to look at, not to be swept away.
        if (entry?.kind !== 'kept' || entry.label.at >= limit) continue;
        const { sha256: hash, change } = entry.label;
        const hold = holds.get('all') ?? holds.get(change);
        if (hold === undefined) pruned.push({ sha256: hash, change });
        else held.push({ sha256: hash, change, why: hold.why });
      }
    }
    const id = newId('pruning', random);
    const record: PruningRecord = {
      id,
      at: formatInstant(at),
      before: limit,
      policy,
      pruned,
      held,
    };
    await files.makeDirectory(`${directory}/pruned`);
    await files.replace(
      `${directory}/pruned/${id}`,
      Buffer.from(canonicalJson({ ...record } as never)),
      0o600,
    );
    await this.#carryOut(record);
    return record;
  }

  async #carryOut({ id, at, before, policy, pruned }: PruningRecord): Promise<void> {
    const { files } = this.#options;
    for (const { sha256: hash, change } of pruned) {
      const path = this.#path(hash, change);
      const entry = await readKeyFile(files, `${path}.key`);
      // It may have been kept again since.
      if (entry?.kind === 'kept' && entry.label.at >= before) continue;
      await writeKeyFile(files, `${path}.key`, { kind: 'pruned', id, at, policy });
      await files.remove(path);
    }
  }

  /** Prunings that are not on record yet; what a crash left undone of them is done first. */
  unrecorded(): Promise<readonly PruningRecord[]> {
    return this.#inTurn(async () => {
      const { files, directory } = this.#options;
      const records: PruningRecord[] = [];
      for (const name of (await files.list(`${directory}/pruned`)) ?? []) {
        if (name.startsWith('.')) continue;
        const bytes = await files.read(`${directory}/pruned/${name}`);
        invariant(bytes, 'a pruning that is listed can be read');
        const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as PruningRecord;
        await this.#carryOut(record);
        records.push(record);
      }
      return records;
    });
  }

  /** The record is durable in the log. */
  recorded(id: string): Promise<void> {
    if (!CHANGE.test(id)) throw badLabel();
    return this.#inTurn(() =>
      this.#options.files.remove(`${this.#options.directory}/pruned/${id}`),
    );
  }

  // Paths ------------------------------------------------------------------------------------

  #path(hash: string, change: string): string {
    return `${this.#options.directory}/sealed/${hash.slice(0, 2)}/${hash}.${change}`;
  }

  #holdsPath(): string {
    return `${this.#options.directory}/holds`;
  }

  async #entries(shard: string, hash = ''): Promise<readonly { readonly path: string }[]> {
    const directory = `${this.#options.directory}/sealed/${shard}`;
    const names = (await this.#options.files.list(directory)) ?? [];
    return names
      .filter((name) => name.endsWith('.key') && name.startsWith(hash) && !name.startsWith('.'))
      .map((name) => ({ path: `${directory}/${name.slice(0, -'.key'.length)}` }));
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}
