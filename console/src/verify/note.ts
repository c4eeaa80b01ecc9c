/**
 * C2SP signed notes and checkpoints, read and verified with WebCrypto.
 *
 * A verifier key is `<name>+<key id>+<base64 of 0x01 || Ed25519 key>`; the key id is the first four bytes of
 * SHA-256(name || 0x0A || 0x01 || key).
 */
import { type Bytes, concat, fromBase64, sha256, toHex, utf8 } from './bytes.ts';

const ED25519 = 1;
/** Of a witness: a signature with its time, C2SP tlog-cosignature v1. */
export const COSIGNATURE = 4;

export type VerifierKey = {
  readonly name: string;
  /** Eight hex digits. */
  readonly id: string;
  readonly key: Bytes;
  readonly vkey: string;
};

/** `undefined` when it is malformed, of another kind, or its id is not its own. */
export async function parseVerifierKey(
  vkey: string,
  type: number = ED25519,
): Promise<VerifierKey | undefined> {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey);
  const [, name = '', id = '', text = ''] = found ?? [];
  const typed = fromBase64(text);
  if (found === null || typed?.length !== 33 || typed[0] !== type) return undefined;
  const hash = await sha256(utf8(`${name}\n`), typed);
  return toHex(hash.slice(0, 4)) === id ? { name, id, key: typed.slice(1), vkey } : undefined;
}

export type Note = {
  /** What the signatures are over. */
  readonly text: string;
  readonly signatures: readonly {
    readonly name: string;
    readonly id: string;
    readonly signature: Bytes;
  }[];
};

/** `undefined` when it is not exactly one note. Says nothing about its signatures. */
export function parseNote(note: string): Note | undefined {
  const cut = note.lastIndexOf('\n\n');
  if (cut < 0 || !note.endsWith('\n')) return undefined;
  const signatures: Note['signatures'][number][] = [];
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const [, name, text] = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
    const bytes = fromBase64(text ?? '');
    if (name === undefined || bytes === undefined || bytes.length < 5) return undefined;
    signatures.push({ name, id: toHex(bytes.slice(0, 4)), signature: bytes.slice(4) });
  }
  return { text: note.slice(0, cut + 1), signatures };
}

/** Whether exactly one of the note's signatures is this key's, and holds. */
export async function isSignedBy(note: Note, key: VerifierKey): Promise<boolean> {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  const [only] = own;
  return own.length === 1 && only !== undefined && isSignature(key, note.text, only.signature);
}

/** When a witness cosigned, in seconds; `undefined` when it did not, or its line does not hold. */
export async function cosignedAt(note: Note, key: VerifierKey): Promise<number | undefined> {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  const [only] = own;
  if (own.length !== 1 || only?.signature.length !== 72) return undefined;
  const { buffer, byteOffset } = only.signature;
  const time = Number(new DataView(buffer, byteOffset).getBigUint64(0));
  const text = `cosignature/v1\ntime ${time}\n${note.text}`;
  return time > 0 && (await isSignature(key, text, only.signature.slice(8))) ? time : undefined;
}

/** RFC 8032. */
export async function isSignature(
  { key }: VerifierKey,
  text: string,
  signature: Bytes,
): Promise<boolean> {
  if (signature.length !== 64) return false;
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, utf8(text));
}

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly root: string;
};

/** A checkpoint without extension lines; `undefined` when it is anything else. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const found = /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  const [, origin = '', digits = '', base64 = ''] = found ?? [];
  const root = fromBase64(base64);
  const size = Number(digits);
  if (found === null || root?.length !== 32 || !Number.isSafeInteger(size)) return undefined;
  return { origin, size, root: toHex(root) };
}

/** Whether this browser can check Ed25519 at all, and does not take just anything for a signature. */
export async function canVerify(): Promise<boolean> {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle === undefined) return false;
  try {
    const pair = (await subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
    const said = utf8('said');
    const signature = await subtle.sign('Ed25519', pair.privateKey, said);
    const holds = await subtle.verify('Ed25519', pair.publicKey, signature, said);
    const fails = await subtle.verify('Ed25519', pair.publicKey, signature, concat(said, said));
    return holds && !fails;
  } catch {
    return false;
  }
}
