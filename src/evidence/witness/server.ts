/**
 * A witness: it cosigns what the logs it knows show it, as long as each only ever grows.
 *
 * C2SP tlog-witness, "add-checkpoint". What it promises hangs on one thing: the size and root that it
 * cosigned last are durable before the cosignature leaves. So requests are taken one at a time, and
 * after a write that failed the files are asked again what is true.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { Fault } from '#base/fault';
import type { Clock, Files, Random } from '#base/ports';
import { MICROS_PER_SECOND } from '#base/time';
import { isSignedBy, type VerifierKey } from '../note.ts';
import { verifyConsistency } from '../tree.ts';
import { parseAddCheckpoint } from './add-checkpoint.ts';
import { cosign, witnessKey } from './cosignature.ts';
import { makeWitnessKey, readWitnessKey } from './witness-key.ts';
import { readWitnessState, type Seen, writeWitnessState } from './witness-state.ts';

export type WitnessOptions = {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Key and state; only this witness writes here. */
  readonly directory: string;
  /** The name in the cosignatures, without spaces and plus signs, like `witness.example/holdfast`. */
  readonly name: string;
  /** The logs it cosigns for: from `parseKnownLogs`. */
  readonly logs: readonly VerifierKey[];
};

export type WitnessAnswer = {
  readonly status: 200 | 400 | 403 | 404 | 405 | 409 | 422 | 500;
  readonly type: 'text/plain' | 'text/x.tlog.size';
  readonly body: string;
};

/** One process owns the directory. */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #key: KeyObject;
  #seen: Map<string, Seen> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: WitnessOptions, key: KeyObject, seen: Map<string, Seen>) {
    this.#options = options;
    this.#key = key;
    this.#seen = seen;
  }

  static async open(options: WitnessOptions): Promise<Witness> {
    const { files, random, directory, name } = options;
    if (!/^[^\s+]{1,128}$/.test(name)) {
      throw new Fault(
        'invalid',
        'witness-name',
        `not a name for a witness: ${JSON.stringify(name.slice(0, 64))}. Give one without spaces and plus signs`,
      );
    }
    const pem = await readWitnessKey(files, directory);
    if (pem === undefined) {
      // Empty state before the key: a key without state is then always a loss, never a beginning.
      await files.makeDirectory(directory);
      const state = await readWitnessState(files, directory, undefined);
      if (state === undefined) await writeWitnessState(files, directory, new Map());
      else if (state.size > 0) throw keyMissing(directory);
      await makeWitnessKey(files, random, directory);
      return Witness.open(options);
    }
    const key = createPrivateKey(pem);
    const seen = await readWitnessState(files, directory, witnessKey(name, key));
    if (seen === undefined) throw stateMissing(directory);
    return new Witness(options, key, seen);
  }

  /** To pin where its cosignatures are checked. */
  get vkey(): string {
    return witnessKey(this.#options.name, this.#key).vkey;
  }

  /** What it cosigned last of a log, as a note with its cosignature; to hold against the log later. */
  latest(origin: string): string | undefined {
    return this.#seen?.get(origin)?.note;
  }

  /** Any request; never rejects. */
  handle(method: string, path: string, body: Uint8Array): Promise<WitnessAnswer> {
    if (path !== '/add-checkpoint') return Promise.resolve(answer(404, 'no such place\n'));
    if (method !== 'POST') return Promise.resolve(answer(405, 'only POST\n'));
    const turn = this.#turn.then(() => this.#add(body));
    this.#turn = turn;
    return turn;
  }

  /** In the order of tlog-witness: log, signature, sizes, proof; then state, then cosignature. */
  async #add(body: Uint8Array): Promise<WitnessAnswer> {
    const asked = parseAddCheckpoint(body);
    if (asked === undefined) return answer(400, 'not an add-checkpoint request\n');
    const { checkpoint, note, old, proof } = asked;
    const keys = this.#options.logs.filter(({ name }) => name === checkpoint.origin);
    if (keys.length === 0) return answer(404, 'not a log this witness knows\n');
    const signers = keys.filter((key) => isSignedBy(note, key));
    if (signers.length === 0) return answer(403, 'not signed by a key of that log\n');
    if (old > checkpoint.size) return answer(400, 'the old size is bigger than the checkpoint\n');
    const seen = await this.#state();
    if (seen === undefined) return answer(500, 'the state cannot be read\n');
    const last = seen.get(checkpoint.origin);
    const size = last?.size ?? 0;
    const conflict = { status: 409, type: 'text/x.tlog.size', body: `${size}\n` } as const;
    if (old !== size) return conflict;
    if (last?.size === checkpoint.size && last.root !== checkpoint.root) return conflict;
    if (!holds(last, proof, checkpoint)) return answer(422, 'the proof does not hold\n');
    const seconds = Math.floor(this.#options.clock.now() / MICROS_PER_SECOND);
    const line = cosign(note.text, this.#options.name, this.#key, seconds);
    const own = note.signatures.filter((s) =>
      signers.some((k) => k.name === s.name && k.id === s.id),
    );
    const lines = own.map((s) => signatureLine(s.name, s.id, s.signature));
    const kept = `${note.text}\n${lines.join('')}${line}`;
    const next = new Map(seen).set(checkpoint.origin, { ...checkpoint, note: kept });
    try {
      await writeWitnessState(this.#options.files, this.#options.directory, next);
    } catch {
      // It may be there or not: the next request looks.
      this.#seen = undefined;
      return answer(500, 'the state cannot be written\n');
    }
    this.#seen = next;
    return answer(200, line);
  }

  async #state(): Promise<Map<string, Seen> | undefined> {
    const { files, directory, name } = this.#options;
    try {
      this.#seen ??= await readWitnessState(files, directory, witnessKey(name, this.#key));
    } catch {
      return undefined;
    }
    return this.#seen;
  }
}

/** From nothing, or from the same size, no proof is needed and none may be given. */
function holds(
  last: Seen | undefined,
  proof: readonly string[],
  checkpoint: { readonly size: number; readonly root: string },
): boolean {
  if (last === undefined || last.size === 0) return proof.length === 0;
  const { size, root } = checkpoint;
  return verifyConsistency({ earlier: last.size, earlierRoot: last.root, size, root, proof });
}

function signatureLine(name: string, id: string, signature: Buffer): string {
  const bytes = Buffer.concat([Buffer.from(id, 'hex'), signature]);
  return `— ${name} ${bytes.toString('base64')}\n`;
}

function answer(status: WitnessAnswer['status'], body: string): WitnessAnswer {
  return { status, type: 'text/plain', body };
}

function stateMissing(directory: string): Fault {
  return new Fault(
    'broken',
    'witness-state-missing',
    `the witness has a key and no record of what it cosigned: ${directory}. Restore its files, or begin with a new key under a new name`,
  );
}

function keyMissing(directory: string): Fault {
  return new Fault(
    'broken',
    'witness-key-missing',
    `the witness has a record of what it cosigned and no key: ${directory}. Restore its files`,
  );
}
