/**
 * C2SP signed notes and checkpoints, with Ed25519 signatures.
 *
 * A verifier key is `<name>+<key id in hex>+<base64 of 0x01 || public key>`; the key id is the first
 * four bytes of SHA-256(name || 0x0A || 0x01 || public key). A cosignature's has 0x04 there. A note is text that ends in a newline,
 * an empty line, and signature lines.
 */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/** The signature types that are known: plain Ed25519, and a witness's timestamped cosignature. */
export const ED25519 = 1;
export const COSIGNATURE = 4;
/** The DER that goes before a raw Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export type VerifierKey = {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  readonly key: KeyObject;
  readonly vkey: string;
};

/** The verifier key of a private or public Ed25519 key. */
export function verifierKey(name: string, key: KeyObject, type: number = ED25519): VerifierKey {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
  const typed = Buffer.concat([Buffer.of(type), raw]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), typed]), 'hex').slice(0, 8);
  return { name, id, key: publicKey, vkey: `${name}+${id}+${typed.toString('base64')}` };
}

/** Reads a verifier key; `undefined` when it is malformed, of another kind, or its id is wrong. */
export function parseVerifierKey(vkey: string, type: number = ED25519): VerifierKey | undefined {
  const m = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey);
  if (m === null) return undefined;
  const typed = Buffer.from(m[3] as string, 'base64');
  if (typed.length !== 33 || typed[0] !== type) return undefined;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, typed.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const made = verifierKey(m[1] as string, key, type);
  return made.vkey === vkey ? made : undefined;
}

export function signNote(text: string, name: string, key: KeyObject): string {
  const { id } = verifierKey(name, key);
  const signature = Buffer.concat([
    Buffer.from(id, 'hex'),
    sign(undefined, Buffer.from(text), key),
  ]).toString('base64');
  return `${text}\n— ${name} ${signature}\n`;
}

export type Note = {
  readonly text: string;
  readonly signatures: readonly {
    readonly name: string;
    readonly id: string;
    readonly signature: Buffer;
  }[];
};

/** Reads a note; `undefined` when it is not exactly one. Says nothing about its signatures. */
export function parseNote(note: string): Note | undefined {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) return undefined;
  const signatures: Note['signatures'][number][] = [];
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const m = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    if (m === null) return undefined;
    const bytes = Buffer.from(m[2] as string, 'base64');
    if (bytes.length < 5 || bytes.toString('base64') !== m[2]) return undefined;
    signatures.push({
      name: m[1] as string,
      id: bytes.toString('hex', 0, 4),
      signature: bytes.subarray(4),
    });
  }
  return { text: note.slice(0, cut + 1), signatures };
}

/** Whether one of the note's signatures is this key's, and holds. */
export function isSignedBy(note: Note, key: VerifierKey): boolean {
  const own = note.signatures.filter((s) => s.name === key.name && s.id === key.id);
  return own.length === 1 && verify(undefined, Buffer.from(note.text), key.key, own[0]!.signature);
}

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly root: string;
};

export function checkpointText(checkpoint: Checkpoint): string {
  const root = Buffer.from(checkpoint.root, 'hex').toString('base64');
  return `${checkpoint.origin}\n${checkpoint.size}\n${root}\n`;
}

/** Reads the text of a checkpoint without extension lines; `undefined` when it is anything else. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const m = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  if (m === null) return undefined;
  const [, origin, size, root] = m as unknown as [string, string, string, string];
  const checkpoint = {
    origin,
    size: Number(size),
    root: Buffer.from(root, 'base64').toString('hex'),
  };
  return checkpointText(checkpoint) === text ? checkpoint : undefined;
}

/** The notes of a file that holds one after the other, and where the last whole one ends. */
export function splitNotes(text: string): {
  readonly notes: readonly string[];
  readonly end: number;
} {
  const notes: string[] = [];
  let from = 0;
  for (;;) {
    const gap = text.indexOf('\n\n', from);
    if (gap < 0) break;
    let at = gap + 2;
    // Signature lines start with the dash; the next note's origin never does.
    while (text.startsWith('— ', at)) {
      const end = text.indexOf('\n', at);
      if (end < 0) return { notes, end: from };
      at = end + 1;
    }
    if (at === gap + 2) break;
    notes.push(text.slice(from, at));
    from = at;
  }
  return { notes, end: from };
}

/** The text that a note's signatures are over. */
export function textOfNote(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}
