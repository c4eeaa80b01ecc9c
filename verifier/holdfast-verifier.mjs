#!/usr/bin/env node
/**
 * Holdfast's standalone verifier: checks an event log, or the bundle of one change, without Holdfast.
 *
 * A second implementation, written from the public formats only. It is one file, needs Node 20 or
 * later and nothing else, opens no connection and starts no program. It trusts what its caller
 * names on the command line (keys, signers, anchors) and nothing inside what it checks.
 *
 *   1 findings   2 RFC 8785 JSON   3 RFC 6962 tree   4 C2SP notes, checkpoints, cosignatures
 *   5 OpenSSH keys, certificates, SSHSIG, allowed_signers, KRL   6 documents of the host contract
 *   7 RFC 3161 timestamps   8 the log   9 the bundle   10 the command line
 *
 * How to read the answer: README.md beside this file. Formats: docs/log-format.md, docs/bundle.md,
 * docs/host-contract.md.
 */
import * as crypto from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import process from 'node:process';

// 1. Findings -----------------------------------------------------------------------------------

const LISTED = 50;

/** What somebody gave us is not what it must be. `code` is stable, the words are not. */
export class Bad extends Error {
  /** @param {string} code @param {string} says */
  constructor(code, says) {
    super(says);
    this.code = code;
  }
}

/** The command line or a file named there is of no use: exit code 2. */
class Usage extends Error {}

/** @typedef {{ record?: number, file?: string }} Place */

/**
 * What a check found. A finding says that something does not hold; an open question, that an input
 * was missing. A core question leaves the whole without a verdict.
 */
export class Report {
  /** `detail` says more exactly what a code means. @type {({ code: string, detail?: string, says: string } & Place)[]} */
  findings = [];
  /** @type {{ code: string, says: string, core: boolean }[]} */
  undecided = [];
  /** @type {string[]} */
  notes = [];
  /** @type {Record<string, unknown>} */
  facts = {};
  more = 0;
  #families;

  /** @param {Record<string, string>} [families] */
  constructor(families = {}) {
    this.#families = families;
  }

  /** @param {string} code @param {string} says @param {Place} [place] */
  find(code, says, place = {}) {
    const family = this.#families[code];
    const named = family === undefined ? { code } : { code: family, detail: code };
    if (this.findings.length < LISTED) this.findings.push({ ...named, says: clean(says), ...place });
    else this.more += 1;
  }

  /** @param {string} code @param {string} says @param {boolean} core */
  cannotDecide(code, says, core) {
    this.undecided.push({ code, says: clean(says), core });
  }

  /** @param {string} says */
  note(says) {
    if (this.notes.length < LISTED) this.notes.push(clean(says));
  }

  /** Runs one check; what it throws as `Bad` becomes a finding. @template T @param {() => T} check @param {string} [where] @returns {T | undefined} */
  check(check, where = '') {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof Bad)) throw error;
      this.find(error.code, where + error.message);
      return undefined;
    }
  }

  get verdict() {
    if (this.findings.length > 0) return 'does not hold';
    if (this.undecided.some((question) => question.core)) return 'undecided';
    return this.undecided.length > 0 ? 'holds as far as it could be decided' : 'holds';
  }

  get exitCode() {
    if (this.verdict === 'does not hold') return 8;
    return this.verdict === 'undecided' ? 9 : 0;
  }
}

/** Text from what is checked, so that it cannot move a cursor or pretend to be another line. @param {string} text */
function clean(text) {
  const cut = text.length > 400 ? `${text.slice(0, 400)}…` : text;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** @param {unknown} value */
const shown = (value) => clean(JSON.stringify(value)?.slice(0, 120) ?? String(value));

/** Canonical base64 only: the text that these bytes encode to. @param {unknown} text @param {string} code @param {string} what */
function base64(text, code, what) {
  if (typeof text === 'string') {
    const bytes = Buffer.from(text, 'base64');
    if (bytes.toString('base64') === text) return bytes;
  }
  throw new Bad(code, `${what} is not base64 in its one form`);
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param {Uint8Array} bytes @returns {string | undefined} */
function utf8(bytes) {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

/** In one call where Node has it (20.12 on); a Hash object for each record costs several times as much. @type {(data: string | Uint8Array, encoding: any) => any} */
const digest =
  typeof crypto.hash === 'function'
    ? (data, encoding) => crypto.hash('sha256', data, encoding)
    : (data, encoding) => crypto.createHash('sha256').update(data).digest(encoding);
/** @param {string | Uint8Array} data @returns {Buffer} */
const sha256 = (data) => digest(data, 'buffer');
/** @param {string | Uint8Array} data @returns {string} */
const sha256hex = (data) => digest(data, 'hex');

const HASH = /^[0-9a-f]{64}$/;
const ZEROS = '0'.repeat(64);

// 2. RFC 8785: the JSON Canonicalization Scheme ---------------------------------------------------

const DEPTH = 128;

/** The canonical form; throws `Bad` for what has none. @param {unknown} value @returns {string} */
export function canonical(value, depth = DEPTH) {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Bad('json-form', 'a lone surrogate has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Bad('json-form', 'a number is not finite');
  if (typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  if (value === null) return 'null';
  if (typeof value !== 'object') throw new Bad('json-form', `JSON has no ${typeof value}`);
  if (depth === 0) throw new Bad('json-form', 'JSON is nested too deeply');
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonical(item, depth - 1)).join(',')}]`;
  }
  const object = /** @type {Record<string, unknown>} */ (value);
  // The default order of sort() is that of UTF-16 code units, as section 3.2.3 wants it.
  const members = Object.keys(object).sort();
  return `{${members.map((key) => `${canonical(key)}:${canonical(object[key], depth - 1)}`).join(',')}}`;
}

/** The value of bytes that are in canonical form; a name given twice cannot be. @param {Uint8Array} bytes @param {string} code @param {string} what @returns {unknown} */
function fromCanonical(bytes, code, what) {
  const text = utf8(bytes);
  if (text === undefined) throw new Bad(code, `${what} is not UTF-8`);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Bad(code, `${what} is not JSON`);
  }
  // The engine's own writer keeps the order it read, so sorted names and the same text mean canonical. What it writes with escapes is looked at again.
  const isSame = JSON.stringify(value) === text && !text.includes('\\ud') && isSorted(value, DEPTH);
  if (!isSame && canonical(value) !== text) throw new Bad(code, `${what} is not in the canonical form of RFC 8785`);
  return value;
}

/** Whether the names of every object stand in order. @param {any} value @param {number} depth @returns {boolean} */
function isSorted(value, depth) {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isSorted(item, depth - 1));
  let before;
  for (const key in value) {
    if (before !== undefined && key <= before) return false;
    before = key;
    if (!isSorted(value[key], depth - 1)) return false;
  }
  return true;
}

/** @param {unknown} value @returns {value is Record<string, any>} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

// 3. RFC 6962 / RFC 9162: the Merkle tree ---------------------------------------------------------

const INTERIOR = Buffer.alloc(65, 1);

/** @param {Buffer} left @param {Buffer} right */
function nodeHash(left, right) {
  left.copy(INTERIOR, 1);
  right.copy(INTERIOR, 33);
  return sha256(INTERIOR);
}

/** @param {Uint8Array} entry */
const leafHash = (entry) => sha256(Buffer.concat([Buffer.of(0), entry]));

/** A tree that grows by leaves and keeps only its right edge. */
export class Tree {
  size = 0;
  /** Perfect subtrees, largest first. @type {{ height: number, hash: Buffer }[]} */
  #edge = [];
  /** Called with each node at a height that is a multiple of 8, as tiles want them. */
  #onNode;

  /** @param {(level: number, hash: Buffer) => void} [onNode] */
  constructor(onNode = () => {}) {
    this.#onNode = onNode;
  }

  /** @param {Buffer} leaf */
  append(leaf) {
    this.size += 1;
    let node = { height: 0, hash: leaf };
    this.#onNode(0, leaf);
    for (let last = this.#edge.at(-1); last?.height === node.height; last = this.#edge.at(-1)) {
      this.#edge.pop();
      node = { height: node.height + 1, hash: nodeHash(last.hash, node.hash) };
      if (node.height % 8 === 0) this.#onNode(node.height / 8, node.hash);
    }
    this.#edge.push(node);
  }

  /** MTH of RFC 6962 section 2.1. */
  root() {
    if (this.size === 0) return sha256('');
    return this.#edge.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  }
}

/** The root that an inclusion proof leads to (RFC 9162, 2.1.3.2); `undefined` when its length is wrong. @param {Buffer} leaf @param {number} index @param {number} size @param {Buffer[]} proof */
export function rootFromInclusion(leaf, index, size, proof) {
  if (index >= size) return undefined;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? hash : undefined;
}

// 4. C2SP signed-note, tlog-checkpoint, tlog-cosignature ------------------------------------------

const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');
/** Signature types of verifier keys: a log's own, and a witness's timestamped cosignature. */
const NOTE_ED25519 = 0x01;
const NOTE_COSIGNATURE = 0x04;

/** @param {Buffer} raw */
function ed25519(raw) {
  if (raw.length !== 32) throw new Bad('key-form', 'an Ed25519 key has 32 bytes');
  return crypto.createPublicKey({ key: Buffer.concat([ED25519_SPKI, raw]), format: 'der', type: 'spki' });
}

/** @typedef {{ name: string, id: string, type: number, key: crypto.KeyObject, vkey: string }} NoteKey */

/** `<name>+<key id>+<base64 of type byte and key>`; throws `Bad`. @param {string} vkey @returns {NoteKey} */
export function parseVerifierKey(vkey) {
  const m = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey);
  if (m === null) throw new Bad('vkey-form', 'not a verifier key: <name>+<hash>+<base64>');
  const [, name = '', id = '', encoded = ''] = m;
  const typed = base64(encoded, 'vkey-form', 'the key');
  const type = typed[0] ?? 0;
  if ((type !== NOTE_ED25519 && type !== NOTE_COSIGNATURE) || typed.length !== 33) {
    throw new Bad('vkey-form', `a key of type ${type} cannot be checked here`);
  }
  const expected = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).toString('hex', 0, 4);
  if (expected !== id) throw new Bad('vkey-form', `the key's hash is ${expected}, not ${id}`);
  return { name, id, type, key: ed25519(typed.subarray(1)), vkey };
}

/** @typedef {{ raw: string, text: string, signatures: { name: string, id: string, encoded: string }[], origin: string, size: number, root: string }} Checkpoint */

/** Exactly one checkpoint as a signed note. Says nothing about its signatures. @param {string} note @returns {Checkpoint} */
export function parseCheckpoint(note) {
  const wrong = (/** @type {string} */ says) => new Bad('checkpoint-form', says);
  const gap = note.lastIndexOf('\n\n');
  if (gap < 0 || !note.endsWith('\n')) throw wrong('a note is text, an empty line, signature lines');
  const text = note.slice(0, gap + 1);
  const signatures = note
    .slice(gap + 2, -1)
    .split('\n')
    .map((line) => {
      const [, name = '', encoded = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
      const bytes = base64(encoded, 'checkpoint-form', 'a signature line');
      if (bytes.length < 5) throw wrong('a signature line is not in form');
      // As text: a small buffer would keep the block of memory that it was cut from.
      return { name, id: bytes.toString('hex', 0, 4), encoded };
    });
  const m = /^([^\n]+)\n(0|[1-9]\d{0,14})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text);
  if (m === null) throw wrong('a checkpoint is origin, size and root');
  const [, origin = '', size = '', root = ''] = m;
  return { raw: note, text, signatures, origin, size: Number(size), root: base64(root, 'checkpoint-form', 'the root').toString('hex') };
}

/** The notes of a file that holds one after the other, and what is left behind the last whole one. @param {string} file */
export function splitNotes(file) {
  const notes = [];
  let rest = file;
  for (;;) {
    const m = /^(?:[^\n]+\n)+\n(?:— [^\n]+\n)+/.exec(rest);
    if (m === null) return { notes, rest };
    notes.push(m[0]);
    rest = rest.slice(m[0].length);
  }
}

/** Whether exactly one signature of the note is this log key's, and holds. @param {Checkpoint} note @param {NoteKey} key */
function isSigned(note, key) {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  return (
    key.type === NOTE_ED25519 &&
    own.length === 1 &&
    own.every(({ encoded }) => crypto.verify(null, Buffer.from(note.text), key.key, Buffer.from(encoded, 'base64').subarray(4)))
  );
}

/** When a witness cosigned, in seconds; `undefined` without its line; `Bad` when the line does not hold. @param {Checkpoint} note @param {NoteKey} key */
function cosignedAt(note, key) {
  const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
  if (own.length === 0) return undefined;
  const bytes = own.length === 1 && own[0] !== undefined ? Buffer.from(own[0].encoded, 'base64').subarray(4) : Buffer.alloc(0);
  if (bytes.length === 72) {
    const time = Number(bytes.readBigUInt64BE(0));
    const message = Buffer.from(`cosignature/v1\ntime ${time}\n${note.text}`);
    if (time > 0 && crypto.verify(null, message, key.key, bytes.subarray(8))) return time;
  }
  throw new Bad('cosignature', `the cosignature of ${key.name} over size ${note.size} does not hold`);
}

/** @param {number} seconds */
function isoTime(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString();
}

// 5. OpenSSH: keys, certificates, SSHSIG, allowed_signers, KRL ------------------------------------

/** Fields of the SSH wire encoding (RFC 4251, section 5). Reading past the end is `Bad`. */
class Wire {
  at = 0;
  /** @param {Buffer} bytes @param {string} code @param {string} what */
  constructor(bytes, code, what) {
    this.bytes = bytes;
    this.code = code;
    this.what = what;
  }

  get left() {
    return this.bytes.length - this.at;
  }

  /** @param {number} count */
  take(count) {
    if (count > this.left) throw new Bad(this.code, `${this.what} is cut short`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  byte() {
    return this.take(1)[0] ?? 0;
  }

  u32() {
    return this.take(4).readUInt32BE();
  }

  u64() {
    return this.take(8).readBigUInt64BE();
  }

  string() {
    return this.take(this.u32());
  }

  text() {
    const text = utf8(this.string());
    if (text === undefined) throw new Bad(this.code, `${this.what} holds text that is not UTF-8`);
    return text;
  }

  /** @param {string} [code] */
  end(code = this.code) {
    if (this.left > 0) throw new Bad(code, `${this.left} bytes stand behind ${this.what}`);
  }
}

/** @param {string | Uint8Array} bytes */
function sshString(bytes) {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

const P256_SPKI = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex');

/**
 * @typedef {{ kind: string, key: crypto.KeyObject, application: string | undefined, blob: Buffer, plain: Buffer, certificate?: Certificate }} SshKey
 * @typedef {{ serial: bigint, keyId: string, principals: string[], after: bigint, before: bigint, authority: SshKey }} Certificate
 */

/** A public key or user certificate: ed25519, ecdsa-p256, and both as security keys. @param {Buffer} blob @returns {SshKey} */
function parseSshKey(blob, mayBeCertificate = true) {
  const wire = new Wire(blob, 'key-form', 'a key');
  const name = wire.text();
  const m = /^(ssh-ed25519|ecdsa-sha2-nistp256|sk-ssh-ed25519|sk-ecdsa-sha2-nistp256)(-cert-v01)?(@openssh\.com)?$/.exec(name);
  const [, kind = '', certified, domain] = m ?? [];
  if (m === null || (domain !== undefined) !== (certified !== undefined || kind.startsWith('sk-'))) {
    throw new Bad('key-form', `keys of type ${shown(name)} are not accepted`);
  }
  if (certified !== undefined && !mayBeCertificate) throw new Bad('key-form', 'a certificate stands where a key is wanted');
  if (certified !== undefined) wire.string();
  const start = wire.at;
  let key;
  if (kind.endsWith('ed25519')) {
    key = ed25519(wire.string());
  } else {
    if (wire.text() !== 'nistp256') throw new Bad('key-form', 'the curve is not nistp256');
    const point = wire.string();
    if (point.length !== 65 || point[0] !== 4) throw new Bad('key-form', 'a P-256 point has 65 bytes');
    try {
      key = crypto.createPublicKey({ key: Buffer.concat([P256_SPKI, point]), format: 'der', type: 'spki' });
    } catch {
      throw new Bad('key-form', 'a point is not on the curve');
    }
  }
  const application = kind.startsWith('sk-') ? wire.text() : undefined;
  const plain = Buffer.concat([sshString(kind.startsWith('sk-') ? `${kind}@openssh.com` : kind), blob.subarray(start, wire.at)]);
  if (certified === undefined) {
    wire.end();
    return { kind, key, application, blob, plain };
  }
  return { kind, key, application, blob, plain, certificate: parseCertificate(wire) };
}

/** The rest of a certificate (PROTOCOL.certkeys), its authority's signature checked. @param {Wire} wire @returns {Certificate} */
function parseCertificate(wire) {
  const serial = wire.u64();
  const type = wire.u32();
  const keyId = wire.text();
  const list = new Wire(wire.string(), 'certificate', 'the list of principals');
  const principals = [];
  while (list.left > 0) principals.push(list.text());
  const after = wire.u64();
  const before = wire.u64();
  const critical = new Wire(wire.string(), 'certificate', 'the critical options');
  wire.string();
  wire.string();
  const authority = parseSshKey(wire.string(), false);
  const signed = wire.bytes.subarray(0, wire.at);
  const signature = wire.string();
  wire.end('trailing-bytes');
  if (type !== 1) throw new Bad('certificate', 'not a certificate of a user');
  // Every security key here must verify its user anyway.
  while (critical.left > 0) {
    if (critical.text() !== 'verify-required' || critical.string().length > 0)
      throw new Bad('certificate', 'it has a critical option that cannot be kept here');
  }
  if (principals.length !== 1) throw new Bad('certificate', 'it does not name exactly one principal');
  verifySsh(authority, signature, signed, 'certificate');
  return { serial, keyId, principals, after, before, authority };
}

/** An `ecdsa_signature`: two mpints. @param {Buffer} bytes @param {string} code */
function ecdsaSignature(bytes, code) {
  const wire = new Wire(bytes, code, 'an ECDSA signature');
  const parts = [wire.string(), wire.string()].map((number) => {
    const from = number.findIndex((byte) => byte !== 0);
    const magnitude = from < 0 ? Buffer.alloc(0) : number.subarray(from);
    const isMinimal = from === 0 ? (number[0] ?? 0) < 0x80 : from === 1 && (number[1] ?? 0) >= 0x80;
    if (!isMinimal || magnitude.length > 32) throw new Bad(code, 'an ECDSA signature is not in its one form');
    return Buffer.concat([Buffer.alloc(32 - magnitude.length), magnitude]);
  });
  wire.end('trailing-bytes');
  return Buffer.concat(parts);
}

/** What stands behind a good signature. @typedef {{ touched: boolean, origin: string | undefined }} Presence */

/** Verifies an SSH signature blob over `data` (PROTOCOL.u2f for security keys and passkeys). @param {SshKey} key @param {Buffer} blob @param {Buffer} data @param {string} code @returns {Presence} */
function verifySsh(key, blob, data, code) {
  const wire = new Wire(blob, code, 'a signature');
  const algorithm = wire.text();
  const isWebauthn = algorithm === 'webauthn-sk-ecdsa-sha2-nistp256@openssh.com' && key.kind === 'sk-ecdsa-sha2-nistp256';
  if (!isWebauthn && algorithm !== (key.application === undefined ? key.kind : `${key.kind}@openssh.com`)) {
    throw new Bad(code, `a ${shown(algorithm)} signature does not go with a ${key.kind} key`);
  }
  const raw = wire.string();
  let message = data;
  /** @type {Presence} */
  const presence = { touched: key.application !== undefined, origin: undefined };
  if (key.application !== undefined) {
    const flags = wire.byte();
    const counter = wire.take(4);
    let extensions = data.subarray(0, 0);
    let signed = data;
    if (isWebauthn) {
      const origin = wire.text();
      signed = wire.string();
      extensions = wire.string();
      checkClientData(signed, data, origin);
      presence.origin = origin;
      if ((flags & 0xc0) !== 0 || extensions.length > 0) throw new Bad(code, 'a passkey signature has no extensions');
    }
    message = Buffer.concat([sha256(key.application), Buffer.of(flags), counter, extensions, sha256(signed)]);
    wire.end('trailing-bytes');
    verifyRaw(key, raw, message, code);
    if ((flags & 0x01) === 0) throw new Bad('no-presence', 'the security key did not feel a touch');
    if ((flags & 0x04) === 0) throw new Bad('no-verification', 'the security key did not verify its user');
    return presence;
  }
  wire.end('trailing-bytes');
  verifyRaw(key, raw, message, code);
  return presence;
}

/** @param {SshKey} key @param {Buffer} raw @param {Buffer} message @param {string} code */
function verifyRaw(key, raw, message, code) {
  const holds = key.kind.endsWith('ed25519')
    ? raw.length === 64 && crypto.verify(null, message, key.key, raw)
    : crypto.verify('sha256', message, { key: key.key, dsaEncoding: 'ieee-p1363' }, ecdsaSignature(raw, code));
  if (!holds) throw new Bad(code, 'a signature does not hold');
}

/** What the browser says that it signed (WebAuthn, CollectedClientData): this challenge, this origin, no frame of another. @param {Buffer} client @param {Buffer} data @param {string} origin */
function checkClientData(client, data, origin) {
  const text = utf8(client) ?? '';
  const start = `{"type":"webauthn.get","challenge":"${data.toString('base64url')}","origin":"${origin}"`;
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  if (!text.startsWith(start) || origin.includes('"') || !isObject(parsed)) {
    throw new Bad('bad-signature', 'the passkey signed something else');
  }
  // As text: a name given twice, or spelled with escapes, would hide its first value.
  const rest = text.slice(start.length).replace(/^,"crossOrigin":false/, '');
  if (/crossOrigin|topOrigin|\\/.test(rest) || !/^[,}]/.test(rest)) {
    throw new Bad('cross-origin', 'the passkey signed inside a page of another origin');
  }
}

/** A page on this machine, whatever its scheme and port. @param {string} origin */
function isLocalOrigin(origin) {
  const host = /^[a-z]+:\/\/([^:/]+)(?::\d+)?$/.exec(origin)?.[1] ?? 'localhost';
  return host === 'localhost' || host.endsWith('.localhost');
}

/** One SSHSIG (PROTOCOL.sshsig) over `message`, strictly in the form that ssh-keygen writes. @param {unknown} armored @param {string} namespace @param {string} message @returns {Presence & { key: SshKey }} */
function verifySshsig(armored, namespace, message) {
  const begin = '-----BEGIN SSH SIGNATURE-----\n';
  const end = '\n-----END SSH SIGNATURE-----\n';
  if (typeof armored !== 'string' || !armored.startsWith(begin)) throw new Bad('bad-signature', 'not an SSHSIG');
  if (armored.indexOf(begin, 1) >= 0) throw new Bad('two-signatures', 'two signatures stand where one belongs');
  if (!armored.endsWith(end)) throw new Bad('trailing-bytes', 'something stands behind the signature, or its end is missing');
  const lines = armored.slice(begin.length, -end.length).split('\n');
  if (lines.some((line, i) => (i < lines.length - 1 ? line.length !== 70 : line.length > 70 || line === ''))) {
    throw new Bad('bad-signature', 'the lines of an SSHSIG have 70 characters');
  }
  const wire = new Wire(base64(lines.join(''), 'bad-signature', 'the SSHSIG'), 'bad-signature', 'the SSHSIG');
  if (wire.take(6).toString('latin1') !== 'SSHSIG' || wire.u32() !== 1) throw new Bad('bad-signature', 'not an SSHSIG of version 1');
  const key = parseSshKey(wire.string());
  const signedFor = wire.text();
  const reserved = wire.string();
  const algorithm = wire.text();
  const signature = wire.string();
  wire.end('trailing-bytes');
  if (signedFor !== namespace) throw new Bad('bad-signature', `signed in the namespace ${shown(signedFor)}, not ${namespace}`);
  if (reserved.length > 0 || !['sha256', 'sha512'].includes(algorithm)) throw new Bad('bad-signature', 'the SSHSIG asks for what is not known here');
  const digest = crypto.createHash(algorithm).update(message).digest();
  const data = Buffer.concat([Buffer.from('SSHSIG'), ...[signedFor, reserved, algorithm, digest].map(sshString)]);
  return { key, ...verifySsh(key, signature, data, 'bad-signature') };
}

/** `<type> <base64> [comment]`. @param {string} line @returns {SshKey} */
export function parsePublicKey(line) {
  const [type = '', encoded = ''] = line.trim().split(/\s+/);
  const blob = base64(encoded, 'key-form', 'the public key');
  const key = parseSshKey(blob);
  if (new Wire(blob, 'key-form', 'a key').text() !== type) throw new Bad('key-form', `the key is not a ${shown(type)}`);
  return key;
}

/** @typedef {{ principals: string[], key: SshKey, isAuthority: boolean, namespaces: string[] | undefined, after: number, before: number }} Signer */

/** An allowed_signers file (ssh-keygen(1)). A line that cannot be read is `Bad`, never skipped. @param {string} text @returns {Signer[]} */
export function parseSigners(text) {
  const signers = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const wrong = (/** @type {string} */ why) => new Bad('signers-form', `line ${i + 1} of the signers: ${why}`);
    const m = /^(\S+)\s+(?:([a-z-]+(?:="[^"]*")?(?:,[a-z-]+(?:="[^"]*")?)*)\s+)?((?:sk-)?(?:ssh|ecdsa)-\S+)\s+([A-Za-z0-9+/]+=*)(?:\s.*)?$/.exec(line);
    if (m === null) throw wrong('not <names> [options] <type> <key>');
    const [, names = '', options = '', type = '', encoded = ''] = m;
    if (/[*?!"]/.test(names)) throw wrong('names are spelled out, without patterns');
    /** @type {Signer} */
    const signer = {
      principals: names.split(','),
      key: parsePublicKey(`${type} ${encoded}`),
      isAuthority: false,
      namespaces: undefined,
      after: 0,
      before: Number.POSITIVE_INFINITY,
    };
    for (const [, name, value] of options.matchAll(/([a-z-]+)(?:="([^"]*)")?(?:,|$)/g)) {
      if (name === 'cert-authority' && value === undefined) signer.isAuthority = true;
      else if (name === 'namespaces' && value !== undefined) signer.namespaces = value.split(',');
      else if (name === 'valid-after' && value !== undefined) signer.after = signersTime(value, wrong);
      else if (name === 'valid-before' && value !== undefined) signer.before = signersTime(value, wrong);
      else throw wrong(`the option ${name} is not known here`);
    }
    if (signer.key.certificate !== undefined) throw wrong('a certificate stands where a key is wanted');
    signers.push(signer);
  }
  return signers;
}

/** @param {string} text @param {(why: string) => Bad} wrong */
function signersTime(text, wrong) {
  const m = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/.exec(text);
  if (m === null) throw wrong('times are YYYYMMDD[HHMM[SS]]Z; without the Z they would depend on where this runs');
  const [, y, mo, d, h = '00', mi = '00', s = '00'] = m;
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) / 1000;
}

/** What a KRL revokes (PROTOCOL.krl). @param {Buffer} bytes @returns {(key: SshKey) => boolean} */
export function parseRevocations(bytes) {
  const wire = new Wire(bytes, 'revocations-broken', 'the revocation list');
  if (bytes.length === 0 || wire.u64() !== 0x5353484b524c0a00n || wire.u32() !== 1) throw new Bad('revocations-broken', 'not an OpenSSH KRL');
  wire.take(24);
  wire.string();
  wire.string();
  /** @type {((key: SshKey) => boolean)[]} */
  const tests = [];
  while (wire.left > 0) {
    const type = wire.byte();
    const section = new Wire(wire.string(), 'revocations-broken', 'a section of the revocation list');
    if (type === 1) {
      tests.push(...certificateSection(section));
    } else if (type === 2 || type === 3 || type === 5) {
      while (section.left > 0) {
        const one = section.string();
        const algorithm = type === 3 ? 'sha1' : 'sha256';
        tests.push(({ plain }) => one.equals(type === 2 ? plain : crypto.createHash(algorithm).update(plain).digest()));
      }
    } else {
      throw new Bad('revocations-broken', `section ${type} of the revocation list is not known here`);
    }
  }
  const isListed = (/** @type {SshKey} */ key) => tests.some((test) => test(key));
  return (key) => isListed(key) || (key.certificate !== undefined && isListed(key.certificate.authority));
}

/** @param {Wire} section @returns {((key: SshKey) => boolean)[]} */
function certificateSection(section) {
  const authority = section.string();
  section.string();
  /** @type {((certificate: Certificate) => boolean)[]} */
  const tests = [];
  while (section.left > 0) {
    const type = section.byte();
    const body = new Wire(section.string(), 'revocations-broken', 'a list of serials');
    if (type === 0x20) {
      while (body.left > 0) {
        const serial = body.u64();
        tests.push((certificate) => certificate.serial === serial);
      }
    } else if (type === 0x21) {
      const [from, to] = [body.u64(), body.u64()];
      tests.push(({ serial }) => from <= serial && serial <= to);
    } else if (type === 0x22) {
      const offset = body.u64();
      const bits = BigInt(`0x0${body.string().toString('hex')}`);
      tests.push(({ serial }) => serial >= offset && ((bits >> (serial - offset)) & 1n) === 1n);
    } else if (type === 0x23) {
      while (body.left > 0) {
        const id = body.text();
        tests.push(({ keyId }) => keyId === id);
      }
    } else {
      throw new Bad('revocations-broken', `a list of type ${type} is not known here`);
    }
  }
  return tests.map(
    (test) =>
      ({ certificate }) =>
        certificate !== undefined && (authority.length === 0 || authority.equals(certificate.authority.plain)) && test(certificate),
  );
}

// 6. Documents of the host contract ---------------------------------------------------------------

const TYPES = {
  number: /^(?:0|[1-9]\d{0,14})$/,
  hash: HASH,
  id32: /^[0-9a-f]{32}$/,
  token: /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/,
  text: /^(?:%|(?:[A-Za-z0-9._~/:@,+=-]|%[0-9A-F]{2})+)$/,
  tier: /^T[123]$/,
  yesno: /^(?:yes|no)$/,
  result: /^(?:exited|signalled|timeout|stopped|too-much|not-started|unknown)$/,
};
/** @typedef {keyof typeof TYPES} Type */

/** @type {[string, ...Type[]][]} */
const ORDER_END = [
  ['issued', 'number'],
  ['not-before', 'number'],
  ['run-by', 'number'],
  ['checkpoint', 'number', 'hash'],
  ['parts', 'number'],
  ['part*', 'hash'],
];
/** The lines of each document: key, then the types of its values. A name with `*` repeats as often as the line before it says. @type {Record<string, [string, ...Type[]][]>} */
const DOCUMENTS = {
  change: [['organisation', 'token'], ['change', 'token'], ['plan', 'hash'], ['tier', 'tier'], ['quorum', 'number'], ...ORDER_END],
  run: [['organisation', 'token'], ['change', 'token'], ['plan', 'hash'], ['tier', 'tier'], ['standing', 'hash'], ...ORDER_END],
  standing: [
    ['organisation', 'token'],
    ['standing', 'token'],
    ['action', 'token'],
    ['issued', 'number'],
    ['expires', 'number'],
    ['window', 'text'],
    ['budget', 'number', 'number'],
    ['cooldown', 'number'],
    ['even-tainted', 'yesno'],
    ['quorum', 'number'],
    ['cores', 'number'],
    ['core*', 'hash'],
  ],
  config: [
    ['organisation', 'token'],
    ['version', 'number'],
    ['previous', 'hash'],
    ['issued', 'number'],
    ['quorum', 'number'],
    ['inventory', 'hash'],
    ['policy', 'hash'],
    ['catalogue', 'hash'],
    ['baselines', 'hash'],
    ['signers', 'number', 'hash'],
    ['revocations', 'number', 'hash'],
    ['host-policy', 'number', 'hash'],
    ['checkpoint', 'number', 'hash'],
  ],
  receipt: [
    ['target', 'id32'],
    ['epoch', 'number'],
    ['number', 'number'],
    ['previous', 'hash'],
    ['order', 'hash'],
    ['part', 'hash'],
    ['nonce', 'id32'],
    ['started', 'number'],
    ['ended', 'number'],
    ['result', 'result'],
    ['status', 'number'],
    ['stdout', 'hash', 'number'],
    ['stderr', 'hash', 'number'],
  ],
};

/** @typedef {{ digest: string, get(key: string, value?: number): string, num(key: string, value?: number): number, list: string[] }} Document */

/** A document in its one form; anything else is `Bad`. @param {unknown} text @param {string} kind @param {string} code @returns {Document} */
function parseDocument(text, kind, code) {
  const wrong = (/** @type {string} */ why) => new Bad(code, `not a ${kind} document: ${why}`);
  if (typeof text !== 'string' || !/^[\x20-\x7e\n]*\n$/.test(text) || text.length > 65_536) throw wrong('not ASCII lines within the limits');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > 2048) throw wrong('too many lines');
  if (lines.shift() !== `holdfast-${kind} 1`) throw wrong('its first line');
  if (lines.pop() !== 'end') throw wrong('its last line');
  /** @type {Map<string, string[]>} */
  const values = new Map();
  /** @type {string[]} */
  const list = [];
  let count = 0;
  const read = (/** @type {string} */ key, /** @type {Type[]} */ types) => {
    const [name, ...given] = (lines.shift() ?? '').split(' ');
    if (name !== key || given.length !== types.length || given.some((value, i) => !TYPES[types[i] ?? 'hash'].test(value))) {
      throw wrong(`the line ${key}`);
    }
    return given;
  };
  for (const [key, ...types] of DOCUMENTS[kind] ?? []) {
    if (key.endsWith('*')) {
      if (count < 1 || count > 512) throw wrong('the number of its lines');
      for (let i = 0; i < count; i += 1) list.push(read(key.slice(0, -1), types)[0] ?? '');
    } else {
      const given = read(key, types);
      values.set(key, given);
      count = Number(given[0]);
    }
  }
  if (lines.length > 0) throw wrong('something follows its last line');
  const get = (/** @type {string} */ key, value = 0) => values.get(key)?.[value] ?? '';
  return { digest: sha256hex(text), get, num: (key, value = 0) => Number(get(key, value)), list };
}

/** Percent-encoding of the host contract. @param {string} text */
function encodeText(text) {
  if (text === '') return '%';
  return [...Buffer.from(text)]
    .map((byte) => {
      const c = String.fromCharCode(byte);
      return /[A-Za-z0-9._~/:@,+=-]/.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

/** A plan may write digests with their algorithm; documents never do. @param {string} digest */
const bare = (digest) => digest.replace(/^sha256:/, '');

/** The part that a step of a plan must have become; only the nonce is free. @param {any} plan @param {any} step @param {string} nonce */
function partOf(plan, step, nonce) {
  const target = plan.targets.find((/** @type {any} */ one) => one.id === step.target);
  return [
    'holdfast-part 1',
    `target ${target?.hostId}`,
    `epoch ${target?.epoch}`,
    `action ${step.action}`,
    `catalogue ${bare(plan.inForce.catalogue)}`,
    `run-as ${step.runAs}`,
    `args ${step.argv.length}`,
    ...step.argv.map((/** @type {any} */ arg) => (typeof arg === 'string' ? `arg ${encodeText(arg)}` : `arg-file ${arg.file}`)),
    `stdin ${step.stdin === null ? '-' : sha256hex(step.stdin)}`,
    `files ${step.files.length}`,
    ...step.files.map((/** @type {any} */ file) => `file ${file.sha256} ${encodeText(file.path)}`),
    `conditions ${step.conditions.length}`,
    ...step.conditions.map((/** @type {any} */ one) =>
      one.kind === 'file-sha256' ? `condition file-sha256 ${one.sha256} ${encodeText(one.path)}` : `condition file-absent ${encodeText(one.path)}`,
    ),
    `step ${step.step}/${step.of}`,
    `direction ${step.direction}`,
    `timeout ${step.timeoutSeconds}`,
    `atomic ${step.atomic ? 'yes' : 'no'}`,
    `nonce ${nonce}`,
    'end',
    '',
  ].join('\n');
}

/** What a standing approval lists: the part up to and including `atomic`. @param {string} part */
const coreOf = (part) => part.slice(0, part.indexOf('\nnonce ') + 1);

// 7. RFC 3161 timestamps (CMS, RFC 5652) ----------------------------------------------------------

/** One DER element: definite, shortest lengths only. @typedef {{ tag: number, body: Buffer, whole: Buffer }} Der */

/** @param {Buffer} bytes @returns {Der[]} */
function derList(bytes) {
  const list = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    let length = bytes[at + 1] ?? 0x80;
    let start = at + 2;
    if (length >= 0x80) {
      const count = length - 0x80;
      if (count < 1 || count > 4 || start + count > bytes.length) throw new Bad('timestamp-form', 'not DER');
      length = bytes.readUIntBE(start, count);
      start += count;
      if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1)))) throw new Bad('timestamp-form', 'not DER: a length is not the shortest');
    }
    if ((tag & 0x1f) === 0x1f || start + length > bytes.length) throw new Bad('timestamp-form', 'not DER');
    list.push({ tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) });
    at = start + length;
  }
  return list;
}

/** The children of an element with this tag. @param {Der | undefined} element @param {number} tag */
function inside(element, tag = 0x30) {
  if (element?.tag !== tag) throw new Bad('timestamp-form', 'the token is not built as RFC 3161 says');
  return derList(element.body);
}

/** @param {Der | undefined} element */
function oid(element) {
  if (element?.tag !== 0x06) throw new Bad('timestamp-form', 'an object identifier is missing');
  const arcs = [];
  let value = 0;
  for (const byte of element.body) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(value);
      value = 0;
    }
  }
  const first = arcs.shift() ?? 0;
  return [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40)), ...arcs].join('.');
}

/** @type {Record<string, string>} */
const DIGESTS = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };
/** @type {Record<string, string>} */
const SIGNATURES = {
  '1.2.840.113549.1.1.1': '',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};

/**
 * A TimeStampToken over one of `datas`, by an authority that leads to a pinned certificate.
 * Without pins only its form and what it stamps are checked. Answers the time in seconds.
 * @param {Buffer} token @param {(string | Buffer)[]} datas @param {crypto.X509Certificate[]} pins
 */
export function verifyTimestamp(token, datas, pins) {
  const no = (/** @type {string} */ says) => new Bad('timestamp', says);
  const [content, ...behind] = derList(token);
  const [type, explicit] = inside(content);
  if (behind.length > 0 || oid(type) !== '1.2.840.113549.1.7.2') throw new Bad('timestamp-form', 'not one SignedData');
  const signedData = inside(inside(explicit, 0xa0)[0]);
  const [infoType, infoOuter] = inside(signedData[2]);
  if (oid(infoType) !== '1.2.840.113549.1.9.16.1.4') throw new Bad('timestamp-form', 'it does not hold a TSTInfo');
  const info = derList(infoOuter?.body ?? Buffer.alloc(0))[0]?.body ?? Buffer.alloc(0);
  const tst = inside(derList(info)[0]);
  const [imprintAlgorithm, imprint] = inside(tst[2]);
  const imprintDigest = DIGESTS[oid(inside(imprintAlgorithm)[0])];
  if (imprintDigest === undefined) throw no('it was made with a weak digest');
  if (
    !datas.some((data) =>
      crypto
        .createHash(imprintDigest)
        .update(data)
        .digest()
        .equals(imprint?.body ?? Buffer.alloc(0)),
    )
  ) {
    throw new Bad('timestamp-of', 'the timestamp is of something else');
  }
  const [, y, mo, d, h, mi, s, part = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(tst[4]?.body.toString('latin1') ?? '') ?? [];
  const time = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}${part.slice(0, 4)}Z`) / 1000;
  if (tst[4]?.tag !== 0x18 || Number.isNaN(time)) throw new Bad('timestamp-form', 'its time is not in form');
  if (pins.length === 0) return time;

  const certificates = signedData.find(({ tag }) => tag === 0xa0)?.body ?? Buffer.alloc(0);
  const included = derList(certificates).flatMap(({ tag, whole }) => (tag === 0x30 ? [x509(whole)] : []));
  const signers = inside(signedData.at(-1), 0x31);
  const signer = inside(signers[0]);
  const attributesAt = signer.findIndex(({ tag }) => tag === 0xa0);
  if (signers.length !== 1 || attributesAt < 0) throw no('it must have one signer with signed attributes');
  const attributes = new Map(
    derList(signer[attributesAt]?.body ?? Buffer.alloc(0)).map((one) => {
      const [name, values] = inside(one);
      return [oid(name), inside(values, 0x31)[0]];
    }),
  );
  const digest = DIGESTS[oid(inside(signer[attributesAt - 1])[0])];
  const named = SIGNATURES[oid(inside(signer[attributesAt + 1])[0])];
  if (digest === undefined || named === undefined) throw no('it is signed in a way not known here');
  if (oid(attributes.get('1.2.840.113549.1.9.3')) !== '1.2.840.113549.1.9.16.1.4') throw no('its content type is not signed');
  if (
    !crypto
      .createHash(digest)
      .update(info)
      .digest()
      .equals(attributes.get('1.2.840.113549.1.9.4')?.body ?? Buffer.alloc(0))
  )
    throw no('its content was changed');
  const signed = Buffer.from(signer[attributesAt]?.whole ?? []);
  signed[0] = 0x31;
  const [signatureBytes] = signer.slice(attributesAt + 2);
  const signature = signatureBytes?.tag === 0x04 ? signatureBytes.body : Buffer.alloc(0);
  const certificate = [...included, ...pins].find((one) => isNamed(one, attributes));
  if (certificate === undefined) throw no('the certificate that it names is not there');
  if (!crypto.verify(named || digest, signed, certificate.publicKey, signature)) throw no('its signature does not hold');
  const usage = /** @type {string[] | undefined} */ (/** @type {unknown} */ (certificate.keyUsage));
  if (usage?.length !== 1 || usage[0] !== '1.3.6.1.5.5.7.3.8') throw no('its certificate is not for timestamps only');
  if (!leadsTo(certificate, included, pins, time)) throw no('its certificate does not lead to the one you named, or was not valid then');
  return time;
}

/** @param {Buffer} der */
function x509(der) {
  try {
    return new crypto.X509Certificate(der);
  } catch {
    throw new Bad('timestamp-form', 'a certificate in the token cannot be read');
  }
}

/** Whether ESSCertID or ESSCertIDv2 (RFC 5816) names this certificate. @param {crypto.X509Certificate} certificate @param {Map<string, Der | undefined>} attributes */
function isNamed(certificate, attributes) {
  const v2 = attributes.get('1.2.840.113549.1.9.16.2.47');
  const ess = v2 ?? attributes.get('1.2.840.113549.1.9.16.2.12');
  const id = inside(inside(inside(ess)[0])[0]);
  const algorithm = v2 === undefined ? 'sha1' : id[0]?.tag === 0x30 ? DIGESTS[oid(inside(id[0])[0])] : 'sha256';
  const hash = id.find(({ tag }) => tag === 0x04)?.body;
  return algorithm !== undefined && hash !== undefined && crypto.createHash(algorithm).update(certificate.raw).digest().equals(hash);
}

/** @param {crypto.X509Certificate} certificate @param {crypto.X509Certificate[]} between @param {crypto.X509Certificate[]} pins @param {number} time @returns {boolean} */
function leadsTo(certificate, between, pins, time, depth = 8) {
  const isValid = Date.parse(certificate.validFrom) / 1000 <= time && time <= Date.parse(certificate.validTo) / 1000;
  if (!isValid || depth === 0) return false;
  if (pins.some((pin) => pin.raw.equals(certificate.raw))) return true;
  return [...pins, ...between].some(
    (issuer) => issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey) && leadsTo(issuer, between, pins, time, depth - 1),
  );
}

// 8. The log (docs/log-format.md; C2SP tlog-tiles) ------------------------------------------------

const WIDTH = 256;
const MAC = 16;
const ENTRY_LIMIT = 65_535;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** @typedef {{ value: any, hash: string, leaf: Buffer, why: string }} Entry */
/** Up to 256 records that lie in one file. @typedef {{ number: number, file: string, isJournal: boolean, entries: Entry[], rest: number, isMissing: boolean }} Unit */

/** Names in a directory, sorted; none when it is not there. @param {string} directory */
function listed(directory) {
  if (!isDirectory(directory)) return [];
  return fs
    .readdirSync(directory)
    .filter((name) => !/^\..*\.tmp$/.test(name))
    .sort();
}

/** @param {string} name */
const isDirectory = (name) => fs.lstatSync(name, { throwIfNoEntry: false })?.isDirectory() === true;

let room = Buffer.alloc(0);

/** A regular file of bounded size; `undefined` when it is not there or is anything else. With `isBrief` its bytes are good until the next such call: a million records need no more room than the largest file. @param {string} file @param {number} limit @param {boolean} isBrief */
function contents(file, limit, isBrief = false) {
  const info = fs.lstatSync(file, { throwIfNoEntry: false });
  if (info?.isFile() !== true || info.size > limit) return undefined;
  if (!isBrief) return fs.readFileSync(file);
  if (room.length < info.size) room = Buffer.alloc(info.size * 2);
  const descriptor = fs.openSync(file, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < info.size; length += read) read = fs.readSync(descriptor, room, length, info.size - length, length);
    return room.subarray(0, length);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** The path of a tile by C2SP: `x001/x234/067`. @param {number} number */
function tileName(number) {
  const digits = String(number).padStart(Math.ceil(String(number).length / 3) * 3, '0');
  const groups = digits.match(/\d{3}/g) ?? [];
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

/** Numbers of the tiles in a directory; names that are no tile's go to `strays`. @param {string} directory @param {string[]} strays */
function tileNumbers(directory, strays, above = 0, prefix = '') {
  /** @type {number[]} */
  const numbers = [];
  for (const name of listed(path.join(directory, prefix))) {
    const number = above * 1000 + Number(name.slice(-3));
    const own = path.join(prefix, name);
    if (/^x\d{3}$/.test(name) && isDirectory(path.join(directory, own))) numbers.push(...tileNumbers(directory, strays, number, own));
    else if (/^\d{3}$/.test(name) && tileName(number) === own) numbers.push(number);
    else strays.push(path.join(directory, own));
  }
  return numbers;
}

/** @param {Buffer} bytes @returns {Entry} */
function readEntry(bytes) {
  const entry = { value: undefined, hash: sha256hex(bytes), leaf: leafHash(bytes), why: '' };
  try {
    const value = fromCanonical(bytes, 'record', 'the record');
    const isEvent =
      isObject(value) &&
      value['v'] === 1 &&
      Number.isSafeInteger(value['seq']) &&
      typeof value['prev'] === 'string' &&
      typeof value['kind'] === 'string' &&
      TIME.test(value['time']);
    return isEvent ? { ...entry, value } : { ...entry, why: 'it is not an event' };
  } catch (error) {
    if (!(error instanceof Bad)) throw error;
    return { ...entry, why: error.message };
  }
}

/** Only what the log's own checks ask for, so that little outlives its unit. @param {Entry} entry @returns {Entry} */
function slim({ value, hash, leaf, why }) {
  if (value === undefined) return { value, hash, leaf, why };
  const { seq, prev, kind, more } = value;
  return { value: { seq, prev, kind, more: kind.startsWith('log.') ? more : undefined }, hash, leaf, why };
}

/** Splits a bundle or a journal into its records. @param {Buffer} bytes @param {boolean} isJournal */
function splitEntries(bytes, isJournal) {
  const entries = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < WIDTH) {
    const end = at + 2 + bytes.readUInt16BE(at) + (isJournal ? MAC : 0);
    if (end > bytes.length) break;
    entries.push(slim(readEntry(bytes.subarray(at + 2, isJournal ? end - MAC : end))));
    at = end;
  }
  return { entries, rest: bytes.length - at };
}

class LogCheck {
  total = 0;
  /** From the first fault of a record on, roots say nothing new. */
  damaged = false;
  /** Hash of the record before, when it is known. @type {string | undefined} */
  prev = ZEROS;
  origin = '';
  epoch = '';
  /** The keys in the order in which they took over, each with the record that said so. @type {{ key: NoteKey, from: number }[]} */
  keys = [];
  /** What `log.checkpoint` events say, in order. @type {{ seq: number, size: unknown, root: unknown, note: unknown }[]} */
  recorded = [];
  /** @type {{ seq: number, file: string, sha256: string }[]} */
  cuts = [];
  /** Roots to be met on the way. @type {{ size: number, root: string, differs: () => void, holds: () => void }[]} */
  wanted = [];
  /** Hashes of the tile under way, by level. @type {{ hashes: Buffer[], number: number }[]} */
  tiles = [];
  /** @type {Set<string>} */
  tilesSeen = new Set();
  /** @type {Entry | undefined} */
  last = undefined;
  /** @type {Unit | undefined} */
  unit = undefined;

  /** @param {string} directory @param {LogOptions} options @param {Report} report */
  constructor(directory, options, report) {
    this.directory = directory;
    this.options = options;
    this.report = report;
    this.tree = new Tree((level, hash) => this.#onNode(level, hash));
  }

  /** @param {string} code @param {number} record @param {string} says @param {string} [file] */
  #fault(code, record, says, file) {
    this.damaged = true;
    this.report.find(code, says, { record, file: file ?? this.unit?.file ?? '' });
  }

  /** @param {string} name */
  #path(name) {
    return path.join(this.directory, name);
  }

  run() {
    for (const name of ['tile', 'tile/entries', 'journal', 'recovered', 'timestamps']) {
      if (fs.existsSync(this.#path(name)) && !isDirectory(this.#path(name))) this.report.find('stray-file', 'a directory belongs here', { file: name });
    }
    const notes = this.#readCheckpoints();
    const cosigned = this.#readCosigned();
    const anchors = this.#readAnchors();
    const head = this.#readHead();
    for (const { note, file } of notes) this.#want(note, 'root-differs', `checkpoint over ${note.size} records`, file);
    for (const { note, file } of cosigned) this.#want(note, 'anchor-differs', `cosigned checkpoint over ${note.size} records`, file);
    for (const { note, file } of anchors) this.#want(note, 'anchor-differs', `kept checkpoint over ${note.size} records`, file);
    let headHolds = false;
    if (head !== undefined) {
      this.wanted.push({
        ...head,
        holds: () => (headHolds = true),
        differs: () =>
          this.report.find('root-differs', `the records are not those that were acknowledged: another root at size ${head.size}`, { file: head.file }),
      });
    }
    this.wanted.sort((a, b) => b.size - a.size);

    let before;
    for (const unit of this.#units()) {
      if (before !== undefined) this.#checkUnit(before, unit);
      before = unit;
    }
    if (before !== undefined) this.#checkUnit(before, undefined);
    this.#checkMissing(head, notes, anchors);
    const signed = this.#checkNotes(notes);
    this.#checkLeftovers();
    this.#conclude({ signed, notes, cosigned, anchors, head: headHolds ? head : undefined });
  }

  // Inputs -----------------------------------------------------------------------------------

  /** @typedef {{ note: Checkpoint, file: string, met: boolean }} Kept */

  /** @param {string} file @param {Buffer | undefined} bytes @param {string} code @returns {{ kept: Kept[], rest: string }} */
  #notesOf(file, bytes, code) {
    const text = bytes === undefined ? '' : utf8(bytes);
    if (text === undefined) {
      this.report.find(code, 'not UTF-8', { file });
      return { kept: [], rest: '' };
    }
    const { notes, rest } = splitNotes(text);
    const kept = notes.flatMap((raw, i) => {
      const note = this.report.check(() => parseCheckpoint(raw), `${file}, note ${i}: `);
      return note === undefined ? [] : [{ note, file, met: false }];
    });
    return { kept, rest };
  }

  #readCheckpoints() {
    const { kept, rest } = this.#notesOf('checkpoints', contents(this.#path('checkpoints'), 2 ** 31), 'checkpoint-differs');
    const newest = contents(this.#path('checkpoint'), 65_536)?.toString('utf8');
    if (rest !== '') this.tornNote = rest;
    const last = kept.at(-1)?.note.raw;
    this.newest = newest;
    if (newest !== last && (newest === undefined || newest !== kept.at(-2)?.note.raw)) {
      this.report.find('checkpoint-differs', 'checkpoint is not the newest note of checkpoints', { file: 'checkpoint' });
    }
    for (const [i, { note }] of kept.entries()) {
      const before = kept[i - 1]?.note.size ?? 0;
      if (note.size <= before)
        this.report.find('checkpoint-order', `a checkpoint over ${note.size} records follows one over ${before}`, { file: 'checkpoints' });
    }
    return kept;
  }

  /** Copies of checkpoints that witnesses signed; they come later than the checkpoint itself. */
  #readCosigned() {
    const { kept, rest } = this.#notesOf('cosigned', contents(this.#path('cosigned'), 2 ** 31), 'anchor-form');
    if (rest !== '') this.report.note(`cosigned ends with ${rest.length} characters of no whole note: a crash, or a cut`);
    return kept;
  }

  #readAnchors() {
    return this.options.anchors.flatMap((file) => {
      const { kept, rest } = this.#notesOf(file, readInput(file), 'anchor-form');
      if (kept.length === 0 || rest !== '') throw new Usage(`${file}: not one or more whole checkpoints, one after the other`);
      return kept;
    });
  }

  /** The acknowledged head: the last line that is whole. */
  #readHead() {
    const file = this.options.head;
    if (file === undefined) return undefined;
    for (const line of readInput(file).toString('latin1').split('\n').slice(0, -1).reverse()) {
      const m = /^(([0-9a-f]{32}) (\d{1,15}) ([0-9a-f]{64})) ([0-9a-f]{16})$/.exec(line);
      if (m !== null && sha256hex(m[1] ?? '').startsWith(m[5] ?? '-')) return { file, epoch: m[2] ?? '', size: Number(m[3]), root: m[4] ?? '' };
    }
    throw new Usage(`${file}: no line of the acknowledged head can be read`);
  }

  /** @param {Checkpoint} note @param {string} code @param {string} what @param {string} file */
  #want(note, code, what, file) {
    const wanted = { size: note.size, root: note.root, holds: () => {}, differs: () => {} };
    wanted.holds = () => this.#met.add(note);
    wanted.differs = () => this.report.find(code, `the first ${note.size} records are not those of the ${what}: another root`, { file });
    this.wanted.push(wanted);
  }

  /** Notes whose root is that of the tree. @type {Set<Checkpoint>} */
  #met = new Set();

  // Records ----------------------------------------------------------------------------------

  /** Bundles, then journals, with two of them in memory at most. @returns {Generator<Unit>} */
  *#units() {
    /** @type {string[]} */
    const strays = [];
    const bundles = new Set(tileNumbers(this.#path('tile/entries'), strays));
    const journals = new Set();
    for (const name of listed(this.#path('journal'))) {
      if (/^(?:0|[1-9]\d{0,12})$/.test(name)) journals.add(Number(name));
      else strays.push(this.#path(`journal/${name}`));
    }
    for (const file of strays) this.report.find('stray-file', 'no part of a log has this name', { file: path.relative(this.directory, file) });
    this.bundles = bundles.size === 0 ? 0 : Math.max(...bundles) + 1;
    const end = Math.max(this.bundles, ...[...journals].map((number) => number + 1));
    for (let number = 0; number < end; number += 1) {
      const bundle = bundles.has(number) ? this.#read(number, `tile/entries/${tileName(number)}`, false) : undefined;
      const journal = journals.has(number) ? this.#read(number, `journal/${number}`, true) : undefined;
      if (bundle !== undefined && journal !== undefined) {
        // A crash while folding leaves both, saying the same.
        const isSame = journal.rest === 0 && journal.entries.map(({ hash }) => hash).join() === bundle.entries.map(({ hash }) => hash).join();
        if (isSame) this.report.note(`${journal.file} is folded already and waits for its removal`);
        else this.report.find('stray-file', 'a journal says other than its bundle', { file: journal.file, record: number * WIDTH });
      }
      if (bundle === undefined && number < this.bundles) this.midway = number;
      yield bundle ?? journal ?? { number, file: `journal/${number}`, isJournal: true, entries: [], rest: 0, isMissing: true };
    }
  }

  /** @param {number} number @param {string} file @param {boolean} isJournal @returns {Unit} */
  #read(number, file, isJournal) {
    const bytes = contents(this.#path(file), WIDTH * (2 + ENTRY_LIMIT + MAC), true);
    if (bytes === undefined) return { number, file, isJournal, entries: [], rest: 0, isMissing: true };
    return { number, file, isJournal, ...splitEntries(bytes, isJournal), isMissing: false };
  }

  /** @param {Unit} unit @param {Unit | undefined} after */
  #checkUnit(unit, after) {
    this.unit = unit;
    const start = unit.number * WIDTH;
    const isLast = after === undefined || (after.entries.length === 0 && after.rest === 0 && !after.isMissing);
    if (unit.entries.length === 0 && unit.rest === 0 && !unit.isMissing && after === undefined) {
      if (this.total < start) this.report.note(`${unit.file} is empty: a crash came before its first record`);
      return;
    }
    if (unit.isMissing) {
      this.#fault('bundle-missing', start, `records ${start} to ${start + WIDTH - 1} are gone with their file`);
      this.prev = undefined;
      this.total = start + WIDTH;
      return;
    }
    const tile = this.#tileOf(unit);
    let expected = start;
    let isUnread = false;
    for (const [i, entry] of unit.entries.entries()) {
      const next = unit.entries[i + 1] ?? after?.entries[0];
      const nextButOne = unit.entries[i + 2] ?? (i + 1 < unit.entries.length ? after?.entries[0] : after?.entries[1]);
      if (entry.value === undefined) {
        if (!isUnread) this.#fault('record-unreadable', expected, `record ${expected} cannot be read: ${entry.why}`);
        isUnread = true;
        this.prev = undefined;
        expected += 1;
        continue;
      }
      if (isUnread && entry.value.seq > expected) expected = Math.min(entry.value.seq, start + WIDTH - 1);
      isUnread = false;
      expected = this.#checkPlace(entry, next, expected, unit, i);
      if (expected < 0) {
        expected = -expected;
        continue;
      }
      this.#checkLink(entry, next, nextButOne, expected, tile);
      if (!this.damaged) this.#take(entry, expected);
      this.prev = entry.hash;
      this.last = entry;
      expected += 1;
    }
    if (expected < start + WIDTH && !isLast) this.#fault('record-missing', expected, `record ${expected} is missing`);
    else if (unit.rest > 0 && (!unit.isJournal || !isLast || unit.entries.length === WIDTH))
      this.#fault('record-unreadable', expected, `${unit.rest} bytes at record ${expected} are no record`);
    else if (unit.rest > 0) this.torn = unit.rest;
    else if (!unit.isJournal && expected < start + WIDTH) this.#fault('record-missing', expected, `record ${expected} is missing from a full bundle`);
    this.total = expected;
  }

  /** What the tile of level 0 says these records are. @param {Unit} unit */
  #tileOf(unit) {
    const bytes = contents(this.#path(`tile/0/${tileName(unit.number)}`), WIDTH * 32);
    return bytes?.length === WIDTH * 32 ? bytes : undefined;
  }

  /** Answers where the record stands; negative when it is one too many. @param {Entry} entry @param {Entry | undefined} next @param {number} expected @param {Unit} unit @param {number} i */
  #checkPlace(entry, next, expected, unit, i) {
    const seq = entry.value.seq;
    if (seq === expected) return expected;
    if (next?.value?.seq === expected + 1) {
      this.#fault('record-changed', expected, `record ${expected} was changed: it says that it is ${seq}`);
      return expected;
    }
    if (seq < expected) {
      this.#fault('record-repeated', expected, `record ${seq} stands again where ${expected} belongs`);
      return -expected;
    }
    const isLater = unit.entries.slice(i + 1).some(({ value }) => value?.seq === expected);
    if (isLater) this.#fault('record-out-of-order', expected, `record ${expected} stands behind record ${seq}`);
    else this.#fault('record-missing', expected, `record ${expected} is missing: ${seq} stands in its place`);
    return seq < unit.number * WIDTH + WIDTH ? seq : expected;
  }

  /** Tells whether this record, its tile or the one before was changed, by who vouches for whom. @param {Entry} entry @param {Entry | undefined} next @param {Entry | undefined} nextButOne @param {number} seq @param {Buffer | undefined} tile */
  #checkLink(entry, next, nextButOne, seq, tile) {
    const inTile = (/** @type {Entry} */ one, /** @type {number} */ at) =>
      tile === undefined || Math.floor(at / WIDTH) !== this.unit?.number
        ? undefined
        : tile.subarray((at % WIDTH) * 32, (at % WIDTH) * 32 + 32).equals(one.leaf);
    const follows = (/** @type {Entry | undefined} */ one) => one?.value?.seq === seq + 1;
    const isLinked = this.prev === undefined || entry.value.prev === this.prev;
    const isVouched = follows(next) ? next?.value.prev === entry.hash : undefined;
    const ownTile = inTile(entry, seq);
    if (ownTile === false) {
      if (isVouched !== false && isLinked) {
        this.report.find('tile-differs', `the hash of record ${seq} in its tile is another; the chain says the record is right`, {
          record: seq,
          file: `tile/0/${tileName(Math.floor(seq / WIDTH))}`,
        });
      } else {
        this.#fault('record-changed', seq, `record ${seq} was changed: neither tree nor chain know it so`);
      }
    } else if (isVouched === false && next !== undefined) {
      const nextHolds = inTile(next, seq + 1) !== false && (nextButOne?.value?.seq !== seq + 2 || nextButOne.value.prev === next.hash);
      if (nextHolds) this.#fault('record-changed', seq, `record ${seq} was changed: the one behind it knows another`);
      else if (!isLinked && !this.damaged) this.#fault('record-changed', seq, `record ${seq} was changed: its link does not lead to the one before`);
    } else if (!isLinked && !this.damaged) {
      this.#fault('record-changed', seq, `record ${seq} does not follow the one before: its link was changed`);
    }
  }

  /** Into the tree, and what the log says about itself. @param {Entry} entry @param {number} seq */
  #take(entry, seq) {
    // A restore says which records came from the backup: all before it, under this root.
    const before = entry.value.kind === 'log.restored' ? this.tree.root().toString('hex') : '';
    this.tree.append(entry.leaf);
    for (let next = this.wanted.at(-1); next !== undefined && next.size <= this.tree.size; next = this.wanted.at(-1)) {
      this.wanted.pop();
      if (next.size < this.tree.size || this.tree.root().toString('hex') !== next.root) next.differs();
      else next.holds();
    }
    const { kind, more } = entry.value;
    if ((seq === 0) !== (kind === 'log.opened')) {
      this.report.find('other-log', seq === 0 ? 'the first record does not open a log' : 'a record in the middle opens a log', { record: seq });
    }
    if (!kind.startsWith('log.') || !isObject(more)) return;
    if (seq === 0) {
      this.origin = String(more['origin']);
      this.epoch = String(more['epoch']);
      const key = this.report.check(() => parseVerifierKey(String(more['vkey'])), 'record 0: ');
      if (key !== undefined) this.keys.push({ key, from: 0 });
    } else if (kind === 'log.key' || kind === 'log.restored') {
      this.#checkHandOver(kind, more, seq, before);
    } else if (kind === 'log.checkpoint') {
      this.recorded.push({ seq, size: more['size'], root: more['root'], note: more['note'] });
    }
    for (const cut of Array.isArray(more['cut']) ? more['cut'] : []) {
      if (isObject(cut)) this.cuts.push({ seq, file: String(cut['file']), sha256: String(cut['sha256']) });
    }
  }

  /** A new key takes over by a statement that both keys sign; only a restore gives the log another name and epoch. @param {string} kind @param {Record<string, any>} more @param {number} seq @param {string} before */
  #checkHandOver(kind, more, seq, before) {
    const { from, to, signedFrom, signedTo } = more;
    const old = this.keys.at(-1)?.key;
    const next = this.report.check(() => parseVerifierKey(String(to)), `record ${seq}: `);
    const text = Buffer.from(canonical({ statement: 'holdfast log key v1', epoch: this.epoch, from, to }));
    const holds = (/** @type {NoteKey} */ key, /** @type {unknown} */ signature) =>
      typeof signature === 'string' && crypto.verify(null, text, key.key, Buffer.from(signature, 'base64'));
    if (old === undefined || next === undefined || from !== old.vkey || !holds(old, signedFrom) || !holds(next, signedTo)) {
      this.report.find('key-hand-over', `the record ${seq} that hands the log over to another key is not signed by both`, { record: seq });
    } else if ((kind === 'log.restored') !== (next.name !== old.name)) {
      this.report.find('key-hand-over', `the record ${seq} hands the log over to ${shown(next.name)}, and only a restore does that`, { record: seq });
    } else {
      this.keys.push({ key: next, from: seq + 1 });
      if (kind === 'log.restored') this.#checkRestore(next.name, more, seq, before);
    }
  }

  /** @param {string} name @param {Record<string, any>} more @param {number} seq @param {string} before */
  #checkRestore(name, more, seq, before) {
    const { epoch, origin, size, root, madeAt } = more;
    if (origin !== name || !/^[0-9a-f]{32}$/.test(String(epoch)) || !name.endsWith(`/${epoch}`) || size !== seq || root !== before) {
      this.report.find('root-differs', `the record ${seq} of a restore does not say where the log was cut off`, { record: seq });
      return;
    }
    this.epoch = epoch;
    this.origin = name;
    this.report.note(`restored from a backup of ${shown(madeAt)} at record ${seq}; what was recorded after it elsewhere is not in this log`);
  }

  /** Tiles fill up as the tree grows; each full one must be there and say the same. @param {number} level @param {Buffer} hash */
  #onNode(level, hash) {
    const tile = (this.tiles[level] ??= { hashes: [], number: 0 });
    tile.hashes.push(hash);
    if (tile.hashes.length < WIDTH) return;
    const file = `tile/${level}/${tileName(tile.number)}`;
    this.tilesSeen.add(file);
    const bytes = contents(this.#path(file), WIDTH * 32);
    const first = tile.number * WIDTH ** (level + 1);
    const expected = Buffer.concat(tile.hashes);
    if (bytes?.length !== WIDTH * 32) {
      // Until its journal is gone, a bundle's tiles may not be there yet.
      const isFolding = fs.existsSync(this.#path(`journal/${Math.floor((this.tree.size - 1) / WIDTH)}`));
      if (!isFolding || bytes !== undefined)
        this.report.find(
          bytes === undefined ? 'tile-missing' : 'tile-differs',
          `the hashes from record ${first} on are ${bytes === undefined ? 'gone' : 'cut or too many'}`,
          { record: first, file },
        );
    } else if (level > 0 && !bytes.equals(expected)) {
      const at = tile.hashes.findIndex((one, i) => !bytes.subarray(i * 32, i * 32 + 32).equals(one));
      this.report.find('tile-differs', `hash ${at} of this tile is not that of the records`, { record: first + at * WIDTH ** level, file });
    }
    tile.hashes = [];
    tile.number += 1;
  }

  // What is left -----------------------------------------------------------------------------

  /** Roots that were not reached. @param {{ size: number, file: string, epoch: string } | undefined} head @param {Kept[]} notes @param {Kept[]} anchors */
  #checkMissing(head, notes, anchors) {
    if (head !== undefined && this.epoch !== '' && head.epoch !== this.epoch)
      this.report.find('other-log', `the head is of log ${head.epoch}, this is ${this.epoch}`, { file: head.file });
    const cut = (/** @type {number} */ size, /** @type {string} */ who, /** @type {string} */ file) => {
      if (size > this.total)
        this.report.find('records-cut', `${who} ${size} records, there are ${this.total}: record ${this.total} is gone`, { record: this.total, file });
    };
    if (head !== undefined) cut(head.size, 'acknowledged were', head.file);
    const newest = notes.reduce((most, { note }) => Math.max(most, note.size), 0);
    cut(newest, 'a checkpoint was signed over', 'checkpoints');
    for (const { note, file } of anchors) cut(note.size, 'a checkpoint was kept over', file);
    if (this.damaged) this.report.note('roots behind the first record at fault were not compared: they would say nothing new');
    if (this.total === 0 && this.report.findings.length === 0) this.report.find('records-cut', 'there is no record at all', { record: 0, file: 'journal' });
  }

  /** Signatures, and one `log.checkpoint` record for each note but perhaps the last. @param {Kept[]} notes */
  #checkNotes(notes) {
    let signed = 0;
    for (const [i, { note }] of notes.entries()) {
      const at = { file: 'checkpoints' };
      if (this.keys.length === 0 || (this.damaged && !this.#met.has(note))) continue;
      const key = this.keys.findLast(({ from }) => from <= note.size - 1) ?? this.keys[0];
      if (key !== undefined && note.origin !== key.key.name)
        this.report.find('other-log', `checkpoint ${i} is of ${shown(note.origin)}, this log is ${shown(key.key.name)}`, at);
      if (key === undefined || !isSigned(note, key.key))
        this.report.find('checkpoint-signature', `checkpoint ${i} over ${note.size} records is not signed by the log's key of that time`, at);
      else if (this.#met.has(note)) signed = Math.max(signed, note.size);
    }
    if (!this.damaged) this.#checkRecorded(notes);
    return signed;
  }

  /** @param {Kept[]} notes */
  #checkRecorded(notes) {
    const digests = notes.map(({ note }) => sha256hex(note.raw));
    let at = 0;
    for (const { seq, size, root, note } of this.recorded) {
      const found = digests.indexOf(String(note), at);
      const own = notes[found]?.note;
      if (own === undefined) {
        this.report.find(
          'checkpoint-missing',
          `record ${seq} speaks of a checkpoint over ${shown(size)} records that is not in checkpoints, or not in this order`,
          { record: seq, file: 'checkpoints' },
        );
        continue;
      }
      if (found > at) this.report.find('checkpoint-differs', `checkpoint ${at} over ${notes[at]?.note.size} records has no record`, { file: 'checkpoints' });
      if (own.size !== size || own.root !== root || seq < own.size)
        this.report.find('checkpoint-differs', `record ${seq} says other than its checkpoint`, { record: seq, file: 'checkpoints' });
      at = found + 1;
    }
    if (at < notes.length - 1)
      this.report.find('checkpoint-differs', `checkpoint ${at} over ${notes[at]?.note.size} records has no record`, { file: 'checkpoints' });
    else if (at < notes.length) this.report.note('the newest checkpoint waits for its record: a crash came between');
    if (this.newest !== undefined && this.newest === notes.at(-2)?.note.raw && at === notes.length)
      this.report.find('checkpoint-differs', 'checkpoint lags behind one that is on record', { file: 'checkpoint' });
    if (this.tornNote !== undefined) {
      if (/^[^\n]+\n/.test(this.tornNote) && !this.tornNote.startsWith(`${this.origin}\n`))
        this.report.find('checkpoint-differs', 'what ends checkpoints is no checkpoint of this log', { file: 'checkpoints' });
      else this.report.cannotDecide('torn-checkpoint', `checkpoints ends with ${this.tornNote.length} characters of no whole note: a crash, or a cut`, true);
    }
  }

  /** Files that no record explains. */
  #checkLeftovers() {
    for (const name of listed(this.directory)) {
      if (!['tile', 'journal', 'recovered', 'checkpoint', 'checkpoints', 'cosigned', 'timestamps'].includes(name))
        this.report.find('stray-file', 'no part of a log has this name', { file: name });
    }
    const full = Math.floor(this.total / WIDTH);
    for (const level of listed(this.#path('tile'))) {
      if (level === 'entries') continue;
      if (!/^(?:0|[1-9]\d?)$/.test(level) || !isDirectory(this.#path(`tile/${level}`))) {
        this.report.find('stray-file', 'no part of a log has this name', { file: `tile/${level}` });
        continue;
      }
      /** @type {string[]} */
      const strays = [];
      const beyond = tileNumbers(this.#path(`tile/${level}`), strays).filter((number) => number >= Math.floor(full / WIDTH ** Number(level)));
      const files = [...strays.map((file) => path.relative(this.directory, file)), ...beyond.map((number) => `tile/${level}/${tileName(number)}`)];
      for (const file of files) this.report.find('stray-file', 'this tile stands beyond the log', { file });
    }
    if (this.damaged) return;
    for (const { seq, file, sha256: expected } of this.cuts) {
      const bytes = /^recovered\/[^/]+$/.test(file) ? contents(this.#path(file), 2 ** 31) : undefined;
      if (bytes === undefined || sha256hex(bytes) !== expected)
        this.report.find('recovered-differs', `the bytes that record ${seq} says were set aside are ${bytes === undefined ? 'gone' : 'other ones'}`, {
          record: seq,
          file,
        });
    }
    const known = new Set(this.cuts.map(({ file }) => file));
    for (const name of listed(this.#path('recovered'))) {
      if (known.has(`recovered/${name}`)) continue;
      if (name.startsWith(`${this.total}.`)) this.report.note(`recovered/${name} waits for its record`);
      else this.report.find('stray-file', 'no record speaks of these bytes', { file: `recovered/${name}` });
    }
  }

  // How far it reaches -----------------------------------------------------------------------

  /** @param {{ signed: number, notes: Kept[], cosigned: Kept[], anchors: Kept[], head: { size: number } | undefined }} found */
  #conclude({ signed, notes, cosigned, anchors, head }) {
    const { report, options } = this;
    const chain = this.keys.map(({ key }) => key);
    if (options.keys.length === 0) {
      report.cannotDecide('log-key', 'no --key was given: the signatures were checked by the key that the log itself names', true);
    } else if (!this.damaged && !options.keys.some((key) => chain.some(({ vkey }) => vkey === key.vkey))) {
      report.find('wrong-key', `this log is signed by ${chain.map(({ vkey }) => vkey).join(', ') || 'no key'}, which you did not name`, { record: 0 });
    }
    let kept = 0;
    for (const { note, file } of anchors) {
      if (!this.#met.has(note)) continue;
      if (!chain.some(({ name }) => name === note.origin)) report.find('other-log', `the kept checkpoint is of ${shown(note.origin)}`, { file });
      if (!chain.some((key) => isSigned(note, key))) report.find('anchor-differs', 'the kept checkpoint is not signed by a key of this log', { file });
      else kept = Math.max(kept, note.size);
    }
    for (const { note, file } of cosigned) {
      const isKnown = notes.some((one) => one.note.text === note.text) && chain.some((key) => isSigned(note, key));
      if (!isKnown && !this.damaged) report.find('anchor-differs', `the cosigned checkpoint over ${note.size} records is not one of this log's`, { file });
    }
    const witnessed = this.#witnesses([...notes, ...cosigned, ...anchors]);
    if (options.witnesses.length === 0 && cosigned.length > 0)
      report.cannotDecide('witness', 'no --witness was given: the cosignatures here were not checked', false);
    const stamped = this.#timestamps(notes, anchors);
    const covered = Math.max(signed, kept, head?.size ?? 0);
    this.#tail(covered, notes, head !== undefined);
    const outside = Math.max(kept, witnessed.size, stamped?.size ?? 0);
    report.facts = {
      origin: this.origin,
      epoch: this.epoch,
      records: this.total,
      checkpoints: notes.length,
      keys: chain.map(({ vkey }) => vkey),
      root: this.damaged ? null : this.tree.root().toString('hex'),
      anchored: {
        signed,
        acknowledged: head?.size ?? null,
        kept: options.anchors.length > 0 ? kept : null,
        witnessed: options.witnesses.length > 0 ? witnessed : null,
        timestamped: stamped ?? null,
        outside,
        beyond: this.total - outside,
      },
    };
  }

  /** The size up to which every named witness has cosigned. @param {Kept[]} kept */
  #witnesses(kept) {
    let size = Number.POSITIVE_INFINITY;
    /** @type {Record<string, { size: number, at: string }>} */
    const by = {};
    for (const witness of this.options.witnesses) {
      let own = 0;
      for (const { note, file } of kept) {
        const at = this.report.check(() => cosignedAt(note, witness), `${file}: `);
        if (at === undefined) continue;
        if (!this.#met.has(note)) this.report.find('witness-contradicts', `${witness.name} cosigned another history of ${note.size} records`, { file });
        else if (note.size >= own) {
          own = note.size;
          by[witness.name] = { size: own, at: isoTime(at) };
        }
      }
      if (own === 0) this.report.find('not-witnessed', `no checkpoint of this log carries the cosignature of ${witness.name}`);
      size = Math.min(size, own);
    }
    return { size: Number.isFinite(size) ? size : 0, by };
  }

  /** Tokens in `timestamps/<size>.<hash of the note's text>`, and beside each anchor in `<anchor>.tsr`. @param {Kept[]} notes @param {Kept[]} anchors */
  #timestamps(notes, anchors) {
    /** @type {{ file: string, bytes: Buffer, note: Checkpoint, datas: (string | Buffer)[] }[]} */
    const tokens = [];
    for (const name of listed(this.#path('timestamps'))) {
      const file = `timestamps/${name}`;
      const note = notes.find((one) => `${one.note.size}.${sha256hex(one.note.text)}` === name)?.note;
      const bytes = contents(this.#path(file), 2 ** 20);
      if (note === undefined || bytes === undefined) this.report.find('stray-file', 'this timestamp is of no checkpoint of this log', { file });
      else tokens.push({ file, bytes, note, datas: [note.text] });
    }
    for (const anchor of this.options.anchors) {
      const note = anchors.filter(({ file }) => file === anchor).at(-1)?.note;
      const file = `${anchor}.tsr`;
      if (note !== undefined && fs.existsSync(file)) tokens.push({ file, bytes: readInput(file), note, datas: [note.text, readInput(anchor)] });
    }
    /** @type {{ size: number, at: string } | undefined} */
    let best;
    for (const { file, bytes, note, datas } of tokens) {
      const time = this.report.check(() => verifyTimestamp(tokenOf(bytes), datas, this.options.tsa), `${file}: `);
      if (time !== undefined && this.options.tsa.length > 0 && this.#met.has(note) && note.size > (best?.size ?? 0))
        best = { size: note.size, at: isoTime(time) };
    }
    const isPinned = this.options.tsa.length > 0;
    if (!isPinned && tokens.length > 0) this.report.cannotDecide('timestamp-authority', 'no --tsa was given: who made the timestamps was not checked', false);
    if (isPinned && tokens.length === 0) this.report.find('not-timestamped', 'no checkpoint has a timestamp');
    return best;
  }

  /** Records that neither a signature nor the head holds. @param {number} covered @param {Kept[]} notes @param {boolean} hasHead */
  #tail(covered, notes, hasHead) {
    const tail = this.total - covered;
    if (this.torn !== undefined) {
      const says = `the log ends with ${this.torn} bytes of no whole record`;
      if (hasHead) this.report.note(`${says}, beyond what was acknowledged: a crash`);
      else this.report.cannotDecide('torn-record', `${says}: a crash or a cut, which only the acknowledged head (--head) can tell`, true);
    }
    if (tail <= 0 || this.damaged) return;
    const own = this.recorded.at(-1);
    const isOwn = tail === 1 && own?.seq === this.total - 1 && own.note === (notes.at(-1) === undefined ? '' : sha256hex(notes.at(-1)?.note.raw ?? ''));
    if (isOwn && this.torn === undefined)
      this.report.note(`record ${own.seq} is that of the newest checkpoint; nothing signs it, and nothing in it but its time is free`);
    else
      this.report.cannotDecide(
        'tail',
        `records ${covered} to ${this.total - 1} lie beyond the last signature${hasHead ? ' and the acknowledged head' : ', and no --head was given'}: whoever can write files could have written, changed or cut them`,
        true,
      );
  }
}

/** A token, or the TimeStampResp around it. @param {Buffer} bytes */
function tokenOf(bytes) {
  const [status, token] = inside(derList(bytes)[0]);
  if (status?.tag !== 0x30) return bytes;
  const granted = inside(status)[0]?.body;
  if (granted?.length !== 1 || (granted[0] ?? 9) > 1 || token === undefined) throw new Bad('timestamp', 'the authority did not grant a timestamp');
  return token.whole;
}

/** @typedef {{ keys: NoteKey[], witnesses: NoteKey[], anchors: string[], head: string | undefined, tsa: crypto.X509Certificate[] }} LogOptions */

/** @param {string} directory @param {Partial<LogOptions>} options */
export function checkLog(directory, options = {}) {
  const report = new Report();
  new LogCheck(directory, { keys: [], witnesses: [], anchors: [], head: undefined, tsa: [], ...options }, report).run();
  return report;
}

// 9. The bundle of one change (docs/bundle.md; DSSE v1, in-toto Statement v1) ---------------------

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** Clocks of hosts and of the control plane may differ by this many seconds. */
const SKEW = 120;
/** From a host's last look at its clock to the start of the program. */
const START_DELAY = 10;
const NEVER_RAN = ['proposed', 'previewed', 'approved', 'refused', 'expired', 'cancelled'];
const RAN = ['executing', 'confirmed', 'failed', 'ambiguous', 'closed', 'rolled-back'];

/** Codes that both verifiers use for what is told more exactly here (docs/bundle.md). */
const FAMILIES = Object.fromEntries(
  Object.entries({
    'not-a-bundle': ['envelope-form', 'statement-form', 'plan-form', 'json-form', 'unknown-member'],
    'bundle-signature': ['dsse-signature'],
    'plan-digest': ['subject-differs'],
    'order-unreadable': ['order-form'],
    'order-differs': ['order-organisation', 'order-change', 'order-plan', 'order-tier'],
    'signature-wrong': [
      'bad-signature',
      'two-signatures',
      'trailing-bytes',
      'no-presence',
      'no-verification',
      'cross-origin',
      'key-form',
      'key-differs',
      'certificate',
    ],
    'signer-unknown': ['unknown-signer', 'signer-revoked', 'signer-expired'],
    'standing-differs': ['standing-form', 'standing-expired', 'standing-tainted', 'core-not-listed'],
    'receipt-unreadable': ['receipt-form'],
    'receipt-signature': ['receipt-key', 'receipt-wrong'],
    'receipt-differs': ['receipt-target', 'receipt-order', 'receipt-part', 'receipt-nonce', 'receipt-repeated'],
    'event-proof': ['event-form'],
    'event-missing': ['intent-missing', 'outcome-missing', 'event-foreign', 'event-plan'],
    'event-order': ['events-order'],
    'state-differs': ['event-state'],
    'config-differs': ['config-form', 'signers-differ', 'signers-form'],
    'checkpoint-unreadable': ['checkpoint-form'],
    'cosignature-wrong': ['cosignature'],
    'timestamp-wrong': ['timestamp', 'timestamp-form', 'timestamp-of'],
  }).flatMap(([family, details]) => details.map((detail) => [detail, family])),
);

const SIGNATURE = { operator: 'string', assurance: 'string', at: 'string', armored: 'string', key: 'string' };
const SIGNED = { text: 'string', signatures: [SIGNATURE] };
const STEP = {
  target: 'string',
  step: 'number',
  of: 'number',
  direction: 'string',
  action: 'string',
  argv: ['any'],
  runAs: 'string',
  stdin: 'string?',
  files: [{ path: 'string', sha256: 'string' }],
  conditions: [{ kind: 'string', path: 'string', sha256: 'any?' }],
  timeoutSeconds: 'number',
  atomic: 'boolean',
  effect: 'string',
};
const PLAN = {
  v: 'number',
  change: 'string',
  organisation: 'string',
  action: { id: 'string', version: 'number', digest: 'string' },
  arguments: 'any',
  reason: 'string',
  requestedBy: { principal: 'string', onBehalfOf: 'string?' },
  tier: 'string',
  inForce: { inventory: 'string', policy: 'string', catalogue: 'string', baselines: 'string' },
  targets: [{ id: 'string', scope: 'any', hostId: 'string', epoch: 'number', profile: 'string', carrier: 'any?' }],
  rollout: 'any?',
  steps: [STEP],
  preconditions: ['any'],
  verification: ['any'],
  stabiliseSeconds: 'number',
  irreversible: 'string?',
  undoes: 'string?',
  tainted: 'boolean',
  madeAt: 'number',
  decideBy: 'number',
};
/** @param {any} rollout @param {string[]} targets */
function isRollout(rollout, targets) {
  if (!isObject(rollout)) return false;
  /** @type {any} */
  const { batches, waitSeconds, maxFailures, ...more } = rollout;
  const isList = Array.isArray(batches) && batches.every((batch) => Array.isArray(batch) && batch.length > 0);
  if (!isList || Object.keys(more).length > 0 || !Number.isSafeInteger(waitSeconds) || !Number.isSafeInteger(maxFailures)) return false;
  const ids = batches.flat();
  return ids.length === targets.length && new Set(ids).size === ids.length && ids.every((id) => targets.includes(id));
}

const PREDICATE = {
  plan: PLAN,
  state: 'string',
  orders: [{ ...SIGNED, parts: ['string'], standing: 'any?' }],
  receipts: [{ target: 'string', text: 'string', armored: 'string', key: 'string' }],
  verification: [{ says: 'string', held: 'boolean' }],
  config: [SIGNED],
  signers: 'string',
  outputs: [{ sha256: 'string', length: 'number', media: 'string', sealed: 'boolean' }],
  events: [{ record: 'string', seq: 'number', proof: ['string'] }],
  checkpoint: 'string',
  timestamps: [{ of: 'string', token: 'string' }],
};
const STATEMENT = { _type: 'string', subject: [{ name: 'string', digest: { sha256: 'string' } }], predicateType: 'string', predicate: PREDICATE };

/** @typedef {{ operator: string, assurance: string, at: string, armored: string, key: string }} Signature */
/** @typedef {{ text: string, signatures: Signature[] }} SignedText */
/** @typedef {{ kind: string, doc: Document, parts: string[] }} Order */

/** @typedef {{ signers: Signer[], logKeys: NoteKey[], witnesses: NoteKey[], tsa: crypto.X509Certificate[], hostKeys: { target: string | undefined, key: SshKey }[], isRevoked: ((key: SshKey) => boolean) | undefined }} BundleOptions */

class BundleCheck {
  /** @param {BundleOptions} options @param {Report} report */
  constructor(options, report) {
    this.options = options;
    this.report = report;
  }

  /** @param {Buffer} bytes */
  run(bytes) {
    const { report } = this;
    const payload = report.check(() => this.#open(bytes));
    if (payload === undefined) return;
    const statement = report.check(() => {
      const value = /** @type {any} */ (fromCanonical(payload, 'statement-form', 'the payload'));
      this.#shape(value, STATEMENT, 'statement');
      return value;
    });
    if (statement === undefined) return;
    this.plan = statement.predicate.plan;
    this.predicate = statement.predicate;
    this.digest = sha256hex(canonical(this.plan));
    report.check(() => this.#statement(statement));
    const isForm = report.check(() => this.#planForm()) !== undefined;
    this.checkpoint = report.check(() => parseCheckpoint(this.predicate.checkpoint));
    /** @type {Order[]} */
    this.orders = isForm ? this.#orders() : [];
    this.#config();
    this.#receipts();
    const events = this.#events();
    this.#state(events);
    this.#anchors(events);
    this.#outputs();
    report.facts = {
      change: this.plan.change,
      plan: this.digest,
      state: this.predicate.state,
      tier: this.plan.tier,
      operators: [...this.operators].sort(),
      orders: this.orders.length,
      receipts: this.predicate.receipts.length,
    };
  }

  /** Operators whose signatures over an order or standing approval hold. @type {Set<string>} */
  operators = new Set();

  // Envelope and statement -------------------------------------------------------------------

  /** The payload of the DSSE envelope, its signature checked. @param {Buffer} bytes */
  #open(bytes) {
    const text = utf8(bytes) ?? '';
    let envelope;
    try {
      envelope = JSON.parse(text);
    } catch {
      throw new Bad('envelope-form', 'not JSON in UTF-8');
    }
    // No string in an envelope holds white space, so this also finds names that stand twice.
    if (JSON.stringify(envelope) !== text.replace(/[ \t\r\n]+/g, ''))
      throw new Bad('envelope-form', 'a name stands twice, or something is spelled in an odd way');
    const isForm =
      isObject(envelope) &&
      Object.keys(envelope).sort().join() === 'payload,payloadType,signatures' &&
      Array.isArray(envelope['signatures']) &&
      envelope['signatures'].length > 0 &&
      envelope['signatures'].every((one) => isObject(one) && Object.keys(one).sort().join() === 'keyid,sig' && typeof one['keyid'] === 'string');
    if (!isForm) throw new Bad('envelope-form', 'an envelope is payloadType, payload and signatures of keyid and sig');
    if (envelope['payloadType'] !== PAYLOAD_TYPE) throw new Bad('envelope-form', `the payload is of type ${shown(envelope['payloadType'])}`);
    const payload = base64(envelope['payload'], 'envelope-form', 'the payload');
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]);
    const { logKeys } = this.options;
    if (logKeys.length === 0) {
      this.report.cannotDecide('log-key', 'no --log-key was given: neither the envelope nor the checkpoint can be checked for who signed it', false);
      return payload;
    }
    let held = 0;
    for (const { keyid, sig } of envelope['signatures']) {
      const key = logKeys.find(({ name, id }) => keyid === `${name}+${id}`);
      if (key === undefined) this.report.cannotDecide('dsse-signature', `a signature by ${shown(keyid)}, which you did not name`, false);
      else if (!crypto.verify(null, pae, key.key, base64(sig, 'envelope-form', 'a signature')))
        throw new Bad('dsse-signature', 'the signature over the envelope does not hold');
      else held += 1;
    }
    if (held === 0) throw new Bad('dsse-signature', 'no signature over the envelope is by the log key that you named');
    return payload;
  }

  /** Members and their types; nothing else may stand there. @param {any} value @param {any} shape @param {string} where */
  #shape(value, shape, where) {
    const wrong = () => new Bad('statement-form', `${where} is not in form`);
    if (typeof shape === 'string') {
      const isOptional = shape.endsWith('?');
      if (isOptional && (value === null || value === undefined)) return;
      const type = shape.replace('?', '');
      if (value === undefined || (type !== 'any' && typeof value !== type)) throw wrong();
      if (type === 'number' && (!Number.isSafeInteger(value) || value < 0)) throw wrong();
    } else if (Array.isArray(shape)) {
      if (!Array.isArray(value)) throw wrong();
      for (const [i, item] of value.entries()) this.#shape(item, shape[0], `${where}[${i}]`);
    } else {
      if (!isObject(value)) throw wrong();
      for (const [key, inner] of Object.entries(shape)) this.#shape(value[key], inner, `${where}.${key}`);
      for (const key of Object.keys(value)) {
        if (!Object.hasOwn(shape, key))
          throw new Bad('unknown-member', `${where}.${shown(key)} is not known to this verifier, so nothing here can be relied on`);
      }
    }
  }

  /** @param {any} statement */
  #statement(statement) {
    if (statement._type !== 'https://in-toto.io/Statement/v1') throw new Bad('statement-form', 'not an in-toto Statement v1');
    if (statement.predicateType !== 'urn:holdfast:change:1') throw new Bad('statement-form', 'the statement is not about a change');
    const [subject, ...more] = statement.subject;
    if (subject === undefined || more.length > 0) throw new Bad('statement-form', 'a statement is about exactly one change');
    if (subject.name !== this.plan.change)
      throw new Bad('subject-differs', `the statement is about ${shown(subject.name)}, the plan is of ${shown(this.plan.change)}`);
    if (subject.digest.sha256 !== this.digest)
      throw new Bad('plan-digest', `the plan hashes to ${this.digest}, the statement says ${shown(subject.digest.sha256)}`);
  }

  /** What building parts from the plan relies on. */
  #planForm() {
    const { plan } = this;
    const ids = plan.targets.map((/** @type {any} */ one) => one.id);
    // Who carries something for others stands with each of them.
    const hosts = plan.targets.filter((/** @type {any} */ one) => one.carrier === undefined).map((/** @type {any} */ one) => one.hostId);
    const isStep = (/** @type {any} */ step) =>
      ids.includes(step.target) &&
      ['forward', 'inverse'].includes(step.direction) &&
      step.step >= 1 &&
      step.step <= step.of &&
      step.argv.length > 0 &&
      step.argv.every(
        (/** @type {any} */ arg) => typeof arg === 'string' || (isObject(arg) && Object.keys(arg).join() === 'file' && Number.isSafeInteger(arg['file'])),
      ) &&
      step.conditions.every((/** @type {any} */ one) =>
        one.kind === 'file-sha256' ? HASH.test(one.sha256) : one.kind === 'file-absent' && one.sha256 === undefined,
      );
    if (plan.v !== 1 || new Set(ids).size < ids.length || new Set(hosts).size < hosts.length || !plan.steps.every(isStep))
      throw new Bad('plan-form', 'the plan contradicts itself');
    if (plan.rollout !== undefined && !isRollout(plan.rollout, ids)) throw new Bad('plan-form', 'its batches are not its targets, each once');
    if (plan.tier === 'T3' && plan.targets.length !== 1) throw new Bad('plan-form', 'a T3 change has exactly one target');
    return true;
  }

  // Orders: what was signed, and by whom -----------------------------------------------------

  #orders() {
    /** @type {Order[]} */
    const orders = [];
    for (const [i, order] of this.predicate.orders.entries()) {
      const one = this.report.check(() => this.#order(order, `order ${i}: `));
      if (one !== undefined) orders.push(one);
    }
    if (this.predicate.orders.length === 0) {
      if (RAN.includes(this.predicate.state)) this.report.find('order-missing', 'the change ran, and there is nothing that anybody signed');
      else this.report.cannotDecide('no-order', 'nobody has signed this change, so there is no authority to check', true);
    }
    const nonces = orders.flatMap(({ parts }) => parts.map((part) => /^nonce (.*)$/m.exec(part)?.[1]));
    if (new Set(nonces).size < nonces.length) this.report.find('nonce-repeated', 'two parts carry one nonce');
    for (const step of orders.length > 0 ? this.plan.steps : []) {
      const isOrdered = orders.some(({ parts }) => parts.some((part) => part === partOf(this.plan, step, /^nonce (.*)$/m.exec(part)?.[1] ?? '')));
      if (!isOrdered)
        this.report.find(
          'step-without-part',
          `step ${step.step}/${step.of} ${step.direction} on ${shown(step.target)} stands in the plan, and nobody signed it`,
        );
    }
    return orders;
  }

  /** @param {SignedText & { parts: string[], standing: any }} order @param {string} where @returns {Order} */
  #order(order, where) {
    const { plan, report } = this;
    const kind = order.text.startsWith('holdfast-run 1\n') ? 'run' : 'change';
    const doc = parseDocument(order.text, kind, 'order-form');
    const differs = (/** @type {string} */ code, /** @type {boolean} */ holds, /** @type {string} */ says) => {
      if (!holds) report.find(code, where + says);
    };
    differs('order-organisation', doc.get('organisation') === plan.organisation, 'it is of another organisation');
    differs('order-change', doc.get('change') === plan.change, 'it is of another change');
    differs('order-plan', doc.get('plan') === this.digest, 'it is of another plan');
    differs('order-tier', doc.get('tier') === plan.tier, 'it is of another tier');
    const [issued, notBefore, runBy] = [doc.num('issued'), doc.num('not-before'), doc.num('run-by')];
    differs('order-times', issued <= runBy && notBefore <= runBy, 'its times contradict each other');
    differs('order-times', issued >= Math.floor(plan.madeAt / 1e6), 'it was issued before its plan was made');
    const size = doc.num('checkpoint');
    if (this.checkpoint !== undefined) {
      const isOlder = size < this.checkpoint.size || (size === this.checkpoint.size && doc.get('checkpoint', 1) === this.checkpoint.root);
      differs(
        'order-checkpoint',
        isOlder && (size > 0 || doc.get('checkpoint', 1) === ZEROS),
        'the checkpoint that it names is none of this log before the one here',
      );
    }
    const listedParts = order.parts.map(sha256hex);
    differs('part-not-listed', listedParts.join() === doc.list.join(), 'the parts here are not those that it lists, in order');
    for (const [i, part] of order.parts.entries()) report.check(() => this.#part(part), `${where}part ${i}: `);
    differs('step-repeated', new Set(order.parts.map((part) => part.replace(/^nonce .*$/m, ''))).size === order.parts.length, 'two parts are of one step');

    const window = { from: issued, to: Math.min(runBy, plan.decideBy / 1e6) };
    if (kind === 'change') {
      differs('order-form', order.standing === null || order.standing === undefined, 'a change document does not rest on a standing approval');
      differs('order-form', doc.num('quorum') >= 1, 'its quorum is 0');
      const operators = this.#signatures(order, 'holdfast-change@1', window, where);
      differs('quorum-not-met', operators.size >= doc.num('quorum'), `${operators.size} of ${doc.num('quorum')} operators signed`);
    } else if (this.options.signers.some(({ principals }) => principals.includes('control-plane'))) {
      const signed = this.#signatures(order, 'holdfast-run@1', window, where, ['control-plane']);
      differs('quorum-not-met', signed.has('control-plane') && order.signatures.length === 1, 'it does not have the one signature of the control plane');
    } else {
      report.cannotDecide('control-plane-key', `${where}the signers you named have no line for control-plane, who signs runs under a standing approval`, true);
    }
    if (kind === 'run') report.check(() => this.#standing(order, doc), where);
    return { kind, doc, parts: order.parts };
  }

  /** Each part is what the plan's step says, and nothing else. @param {string} part */
  #part(part) {
    const value = (/** @type {string} */ key) => new RegExp(`^${key} (.*)$`, 'm').exec(part)?.[1] ?? '';
    if (!TYPES.id32.test(value('nonce'))) throw new Bad('part-differs', 'it has no nonce in form');
    const [number] = value('step').split('/');
    const steps = this.plan.steps.filter((/** @type {any} */ step) => String(step.step) === number && step.direction === value('direction'));
    const host = this.plan.targets.find((/** @type {any} */ one) => one.hostId === value('target'));
    const step = steps.find((/** @type {any} */ one) => one.target === host?.id);
    if (step === undefined) throw new Bad('part-differs', 'the plan has no such step on that target');
    const expected = partOf(this.plan, step, value('nonce'));
    if (expected === part) return;
    const lines = part.split('\n');
    const at = expected.split('\n').findIndex((line, i) => line !== lines[i]);
    throw new Bad(
      'part-differs',
      at < 0 ? 'something follows its end' : `the plan says ${shown(expected.split('\n')[at])}, the part ${shown(lines[at] ?? '')}`,
    );
  }

  /** Consent in advance: signed by operators, for these cores, at this time. @param {{ standing: any, parts: string[] }} order @param {Document} run */
  #standing(order, run) {
    const { plan } = this;
    this.#shape(order.standing, SIGNED, 'standing');
    const doc = parseDocument(order.standing.text, 'standing', 'standing-form');
    const no = (/** @type {boolean} */ holds, /** @type {string} */ code, /** @type {string} */ says) => {
      if (!holds) this.report.find(code, `standing approval: ${says}`);
    };
    no(doc.digest === run.get('standing'), 'standing-differs', 'it is not the one that the run names');
    no(doc.get('organisation') === plan.organisation, 'standing-differs', 'it is of another organisation');
    const actions = plan.steps.filter((/** @type {any} */ step) => step.direction === 'forward').map((/** @type {any} */ step) => step.action);
    no(
      actions.every((/** @type {string} */ action) => action === doc.get('action')),
      'standing-differs',
      'it is for another action',
    );
    const [issued, expires] = [doc.num('issued'), doc.num('expires')];
    no(issued < expires && expires - issued <= 90 * 86_400, 'standing-expired', 'it lasts longer than 90 days');
    no(issued <= run.num('issued') && run.num('run-by') <= expires, 'standing-expired', 'the run is not within its time');
    no(!plan.tainted || doc.get('even-tainted') === 'yes', 'standing-tainted', 'it is not for tainted plans');
    no(plan.tier !== 'T3', 'standing-differs', 'T3 is never standing');
    no(
      order.parts.every((part) => doc.list.includes(sha256hex(coreOf(part)))),
      'core-not-listed',
      'it does not list every part',
    );
    this.window = doc.get('window');
    const operators = this.#signatures(order.standing, 'holdfast-standing@1', { from: issued, to: expires }, 'standing approval: ');
    no(doc.num('quorum') >= 1 && operators.size >= doc.num('quorum'), 'quorum-not-met', `${operators.size} of ${doc.num('quorum')} operators signed`);
  }

  /** The distinct operators whose signature over the text holds in every respect. @param {SignedText} signed @param {string} namespace @param {{ from: number, to: number }} window @param {string} where @param {string[]} [only] */
  #signatures(signed, namespace, window, where, only) {
    const good = new Set();
    for (const [i, one] of signed.signatures.entries()) {
      const holds = this.report.check(
        () => {
          if (only !== undefined && !only.includes(one.operator)) throw new Bad('unknown-signer', `${shown(one.operator)} cannot sign this`);
          this.#signature(one, signed.text, namespace, window);
          return true;
        },
        `${where}signature ${i} by ${shown(one.operator)}: `,
      );
      if (holds === true) good.add(one.operator);
      if (holds === true && only === undefined && namespace !== 'holdfast-config@1') this.operators.add(one.operator);
    }
    return good;
  }

  /** Keys that signed, to be compared with the signers that were in force. @type {{ operator: string, key: SshKey }[]} */
  used = [];

  /** @param {Signature} one @param {string} text @param {string} namespace @param {{ from: number, to: number }} window */
  #signature(one, text, namespace, window) {
    const { key, touched, origin } = verifySshsig(one.armored, namespace, text);
    if (!parsePublicKey(one.key).blob.equals(key.blob)) throw new Bad('key-differs', 'the key beside the signature is not the one in it');
    const at = TIME.test(one.at) ? Date.parse(one.at) / 1000 : Number.NaN;
    if (!(window.from <= at && at <= window.to))
      throw new Bad('signed-outside-times', `signed at ${shown(one.at)}, not between ${isoTime(window.from)} and ${isoTime(window.to)}`);
    checkSigner(this.options.signers, one.operator, key, namespace, at);
    if (this.options.isRevoked?.(key) === true) throw new Bad('signer-revoked', 'the key is revoked');
    const separate = origin !== undefined && !isLocalOrigin(origin);
    const possible = !touched ? ['same-user'] : separate ? ['touch', 'separate'] : ['touch'];
    if (!possible.includes(one.assurance)) throw new Bad('assurance-differs', `it says ${shown(one.assurance)}, the signature shows ${possible.join(' or ')}`);
    if (namespace !== 'holdfast-run@1') this.used.push({ operator: one.operator, key });
  }

  // What was in force ------------------------------------------------------------------------

  #config() {
    const { plan, predicate, report } = this;
    const configs = predicate.config.flatMap((/** @type {SignedText} */ signed, /** @type {number} */ i) => {
      const where = `config ${i}: `;
      const doc = report.check(() => parseDocument(signed.text, 'config', 'config-form'), where);
      if (doc === undefined) return [];
      if (doc.get('organisation') !== plan.organisation) report.find('config-differs', `${where}it is of another organisation`);
      const keys = this.used.length;
      const operators = this.#signatures(signed, 'holdfast-config@1', { from: doc.num('issued'), to: Number.POSITIVE_INFINITY }, where);
      this.used.length = keys;
      if (operators.size < Math.max(1, doc.num('quorum')) && !operators.has('recovery'))
        report.find('quorum-not-met', `${where}${operators.size} of ${doc.num('quorum')} operators signed`);
      return [doc];
    });
    if (configs.length === 0)
      report.cannotDecide('config', 'no config document is here: what inventory, policy and catalogue were in force rests on the plan alone', false);
    else if (
      !configs.some((/** @type {Document} */ doc) =>
        ['inventory', 'policy', 'catalogue', 'baselines'].every((name) => doc.get(name) === bare(plan.inForce[name])),
      )
    ) {
      report.find('config-differs', 'the plan was made under an inventory, policy, catalogue or baselines that no config here names');
    }
    if (predicate.signers === '') {
      report.cannotDecide('signers', 'the signers that were in force are not here', false);
      return;
    }
    if (configs.length > 0 && !configs.some((/** @type {Document} */ doc) => doc.get('signers', 1) === sha256hex(predicate.signers)))
      report.find('signers-differ', 'the signers here are not those that the config names');
    const inside = report.check(() => parseSigners(predicate.signers));
    for (const { operator, key } of inside === undefined ? [] : this.used) {
      const plain = key.certificate?.authority.plain ?? key.plain;
      if (!inside?.some((line) => line.key.plain.equals(plain) && line.principals.includes(operator))) {
        report.find('signers-differ', `the key of ${shown(operator)} that you named is not among the signers that were in force`);
      }
    }
  }

  // Receipts: the hosts' own word ------------------------------------------------------------

  /** @type {{ doc: Document, target: string, direction: string, step: string, order: Order }[]} */
  ran = [];

  #receipts() {
    const { report } = this;
    for (const [i, receipt] of this.predicate.receipts.entries()) {
      const where = `receipt ${i} of ${shown(receipt.target)}: `;
      report.check(() => this.#receipt(receipt, where), where);
    }
    const parts = this.ran.map(({ doc }) => doc.get('part'));
    if (new Set(parts).size < parts.length) report.find('receipt-repeated', 'one part has two receipts');
    const targets = new Set(this.ran.map(({ target }) => target));
    for (const target of targets)
      this.#chain(
        this.ran.filter((one) => one.target === target).map(({ doc }) => doc),
        target,
      );
    for (const one of this.ran.filter(({ direction }) => direction === 'inverse')) {
      const forward = this.ran.find(
        ({ target, step, direction, order }) => target === one.target && step === one.step && direction === 'forward' && order === one.order,
      );
      const isAfter =
        forward !== undefined &&
        forward.doc.get('result') === 'exited' &&
        forward.doc.num('number') < one.doc.num('number') &&
        forward.doc.num('ended') <= one.doc.num('started');
      if (!isAfter) report.find('forward-not-run', `${shown(one.target)}: step ${one.step} was undone without having been done before`);
    }
  }

  /** @param {{ target: string, text: string, armored: string, key: string }} receipt @param {string} where */
  #receipt(receipt, where) {
    const { plan, report } = this;
    const doc = parseDocument(receipt.text, 'receipt', 'receipt-form');
    const key = receiptKey(receipt);
    const named = this.options.hostKeys.filter(({ target }) => target === undefined || target === receipt.target);
    if (named.length === 0) report.cannotDecide('host-keys', `${where}no --host-key was given for it, so who signed it is unknown`, true);
    else if (!named.some((one) => one.key.plain.equals(key.plain)))
      throw new Bad('receipt-key', 'it is signed by a key that is not the one you named for the host');
    const target = plan.targets.find((/** @type {any} */ one) => one.id === receipt.target);
    if (target === undefined || doc.get('target') !== target.hostId || doc.num('epoch') !== target.epoch)
      throw new Bad('receipt-target', 'it is of another host, or of another enrolment');
    const order = this.orders?.find((one) => one.doc.digest === doc.get('order'));
    if (order === undefined) throw new Bad('receipt-order', 'it is for an order that is not here');
    const part = order.parts.find((text) => sha256hex(text) === doc.get('part'));
    if (part === undefined) throw new Bad('receipt-part', 'it is for a part that is not in its order');
    const value = (/** @type {string} */ name) => new RegExp(`^${name} (.*)$`, 'm').exec(part)?.[1] ?? '';
    if (value('target') !== doc.get('target')) throw new Bad('receipt-part', 'its part is for another host');
    if (value('nonce') !== doc.get('nonce')) throw new Bad('receipt-nonce', 'its nonce is not that of its part');
    const [started, ended] = [doc.num('started'), doc.num('ended')];
    if (started > ended) throw new Bad('receipt-times', 'it ended before it started');
    if (started < order.doc.num('not-before') || started > order.doc.num('run-by') + START_DELAY)
      throw new Bad('ran-outside-times', `it started at ${isoTime(started)}, outside the signed window`);
    if (order.kind === 'run' && !isInWindow(this.window ?? '', started))
      throw new Bad('ran-outside-times', 'it started outside the window of the standing approval');
    if (doc.num('number') < 1 || (doc.num('number') === 1) !== (doc.get('previous') === ZEROS))
      throw new Bad('receipt-chain', 'only the first receipt of a host has none before it');
    for (const stream of ['stdout', 'stderr']) {
      if ((doc.num(stream, 1) === 0) !== (doc.get(stream) === sha256hex('')))
        throw new Bad('receipt-form', `the length and the hash of ${stream} contradict each other`);
    }
    this.ran.push({ doc, target: receipt.target, direction: value('direction'), step: value('step'), order });
  }

  /** @param {Document[]} docs @param {string} target */
  #chain(docs, target) {
    docs.sort((a, b) => a.num('number') - b.num('number'));
    for (const [i, doc] of docs.entries()) {
      const before = docs[i - 1];
      if (before === undefined) continue;
      const step = doc.num('number') - before.num('number');
      if (step === 0 || (step === 1 && doc.get('previous') !== before.digest))
        this.report.find('receipt-chain', `${shown(target)}: receipt ${doc.num('number')} does not follow the one before it`);
      if (step > 1)
        this.report.note(
          `${target}: receipts ${before.num('number') + 1} to ${doc.num('number') - 1} are of other changes; the chain across them is not in this bundle`,
        );
    }
  }

  // Events, state, anchors -------------------------------------------------------------------

  /** @returns {any[]} */
  #events() {
    const { checkpoint, report } = this;
    /** @type {any[]} */
    const events = [];
    for (const [i, one] of this.predicate.events.entries()) {
      const where = `event ${i}: `;
      report.check(() => {
        const bytes = Buffer.from(one.record);
        const entry = readEntry(bytes);
        if (entry.value === undefined) throw new Bad('event-form', entry.why);
        if (entry.value.seq !== one.seq) throw new Bad('event-form', `the record says that it is ${entry.value.seq}, the bundle ${one.seq}`);
        const proof = one.proof.map((/** @type {string} */ hash) => base64(hash, 'event-proof', 'a hash of the proof'));
        if (proof.some((/** @type {Buffer} */ hash) => hash.length !== 32)) throw new Bad('event-proof', 'a hash of the proof has not 32 bytes');
        const root = checkpoint === undefined ? undefined : rootFromInclusion(entry.leaf, one.seq, checkpoint.size, proof);
        if (checkpoint !== undefined && root?.toString('hex') !== checkpoint.root)
          throw new Bad('event-proof', `record ${one.seq} is not proved to be in the checkpoint`);
        const { kind, more } = entry.value;
        if (kind.startsWith('change.')) {
          if (more?.change !== this.plan.change) throw new Bad('event-foreign', `it is of the change ${shown(more?.change)}`);
          if (more?.plan !== this.digest) throw new Bad('event-plan', 'it is of another plan');
        }
        events.push({ ...entry.value, hash: entry.hash });
      }, where);
    }
    events.sort((a, b) => a.seq - b.seq);
    for (const [i, event] of events.entries()) {
      const before = events[i - 1];
      if (before?.seq === event.seq) report.find('event-form', `record ${event.seq} is here twice`);
      else if (before?.seq === event.seq - 1 && before.hash !== event.prev)
        report.find('event-form', `record ${event.seq} does not follow record ${before.seq}`);
    }
    return events;
  }

  /** What state, receipts, checks and events say must be one story. @param {any[]} events */
  #state(events) {
    const { plan, predicate, report } = this;
    const { state } = predicate;
    if (![...NEVER_RAN, ...RAN].includes(state)) {
      report.find('statement-form', `there is no state ${shown(state)}`);
      return;
    }
    if (NEVER_RAN.includes(state)) {
      if (predicate.receipts.length > 0) report.find('state-contradicted', `a change that is ${state} has receipts`);
      return;
    }
    const receiptOf = (/** @type {any} */ step) =>
      this.ran.find((one) => one.target === step.target && one.step === `${step.step}/${step.of}` && one.direction === step.direction)?.doc;
    const forward = plan.steps.filter((/** @type {any} */ step) => step.direction === 'forward');
    if (state === 'confirmed') {
      for (const step of forward) {
        const doc = receiptOf(step);
        if (doc === undefined) report.find('receipt-missing', `confirmed, and no receipt that holds for step ${step.step}/${step.of} on ${shown(step.target)}`);
        else if (doc.get('result') !== 'exited')
          report.find('state-contradicted', `confirmed, and step ${step.step} on ${shown(step.target)} says ${doc.get('result')}`);
        else if (doc.num('status') !== 0) report.note(`step ${step.step} on ${step.target} ended with status ${doc.num('status')}`);
      }
      if (predicate.verification.some((/** @type {any} */ one) => !one.held)) report.find('state-contradicted', 'confirmed, and a check did not hold');
      if (predicate.verification.length < plan.verification.length)
        report.find('verification-missing', 'confirmed, and not every check of the plan has an answer');
      if (this.ran.some(({ direction }) => direction === 'inverse')) report.find('state-contradicted', 'confirmed, and a step was undone');
    }
    if (state === 'rolled-back' && !this.ran.some(({ direction }) => direction === 'inverse'))
      report.find('receipt-missing', 'rolled back, and no receipt of an undone step');
    if (predicate.receipts.length === 0 && state !== 'confirmed') report.cannotDecide('no-receipt', 'no host has said what it ran', true);

    const own = events.filter(({ kind }) => kind === 'change.intent' || kind === 'change.outcome');
    const kinds = own.map(({ kind }) => kind);
    if (kinds[0] !== 'change.intent') report.find('intent-missing', 'no change.intent stands before everything else');
    if (state !== 'executing' && kinds.at(-1) !== 'change.outcome') report.find('outcome-missing', 'no change.outcome stands at the end');
    // Of a rollout each batch has an intent of its own.
    const mayRepeat = plan.rollout !== undefined;
    if (kinds.some((kind, i) => kind === (kinds[i - 1] ?? 'change.outcome') && !(mayRepeat && kind === 'change.intent')))
      report.find('events-order', 'intents and outcomes do not take turns');
    const outcome = own.findLast(({ kind }) => kind === 'change.outcome');
    if (outcome !== undefined && outcome.more?.state !== state)
      report.find('event-state', `the log says that it was ${shown(outcome.more?.state)}, the bundle says ${state}`);
    const first = Date.parse(own[0]?.time) / 1000;
    const last = Date.parse(outcome?.time) / 1000;
    for (const { doc, target } of this.ran) {
      if (doc.num('started') < Math.floor(first) - SKEW) report.find('intent-after-run', `${shown(target)} ran before the log knew of it`);
      if (doc.num('ended') > last + SKEW) report.find('outcome-before-run', `${shown(target)} ended after the log said what came of it`);
    }
  }

  /** @param {any[]} events */
  #anchors(events) {
    const { checkpoint, options, report } = this;
    if (checkpoint === undefined) return;
    const newest = Date.parse(events.at(-1)?.time) / 1000;
    if (options.logKeys.length > 0 && !options.logKeys.some((key) => isSigned(checkpoint, key) && key.name === checkpoint.origin)) {
      report.find('checkpoint-signature', 'the checkpoint is not signed by the log key that you named');
    }
    for (const witness of options.witnesses) {
      const at = report.check(() => cosignedAt(checkpoint, witness));
      const isFound = report.findings.some(({ detail }) => detail === 'cosignature');
      if (at === undefined && !isFound) report.find('not-witnessed', `the checkpoint does not carry the cosignature of ${witness.name}`);
      if (at !== undefined && at < newest - SKEW) report.find('cosignature', `${witness.name} cosigned before the newest event here happened`);
    }
    if (options.witnesses.length === 0)
      report.cannotDecide('witness', 'no --witness was given: whoever holds the log key could show others another history', false);
    const text = sha256hex(checkpoint.text);
    for (const [i, { of, token }] of this.predicate.timestamps.entries()) {
      report.check(() => {
        if (of !== text) throw new Bad('timestamp-of', 'it is of another checkpoint');
        const time = verifyTimestamp(base64(token, 'timestamp-form', 'the token'), [checkpoint.text], options.tsa);
        if (time < newest - SKEW) throw new Bad('timestamp', `it is of ${isoTime(time)}, before the newest event here happened`);
        if (options.tsa.length > 0) report.note(`the checkpoint was there at ${isoTime(time)}, says the timestamp authority`);
      }, `timestamp ${i}: `);
    }
    if (options.tsa.length === 0) report.cannotDecide('timestamp-authority', 'no --tsa was given: times rest on the clocks of those who wrote them', false);
    else if (this.predicate.timestamps.length === 0) report.find('not-timestamped', 'the bundle has no timestamp');
    if (options.isRevoked === undefined) report.cannotDecide('revocations', 'no --revocations was given: a key that was revoked since counts as good', false);
  }

  #outputs() {
    for (const { sha256: hash, media } of this.predicate.outputs) {
      if (!HASH.test(hash) || !/^[\w.+-]+\/[\w.+-]+(?:; ?[\w=-]+)*$/.test(media)) this.report.find('statement-form', 'an output is not in form');
    }
    if (this.predicate.outputs.length > 0) this.report.note('outputs are named by hash; they are not in the bundle');
  }
}

/** The key that signed a receipt. @param {{ text: string, armored: string, key: string }} receipt */
function receiptKey({ text, armored, key: beside }) {
  try {
    const { key } = verifySshsig(armored, 'holdfast-receipt@1', text);
    if (!parsePublicKey(beside).blob.equals(key.blob)) throw new Bad('receipt-wrong', 'the key beside the signature is not the one in it');
    return key;
  } catch (error) {
    throw error instanceof Bad ? new Bad('receipt-wrong', error.message) : error;
  }
}

/** Whether the auditor's file says that this key is that operator's, for this namespace, then. @param {Signer[]} signers @param {string} operator @param {SshKey} key @param {string} namespace @param {number} at */
function checkSigner(signers, operator, key, namespace, at) {
  const { certificate } = key;
  const lines = signers.filter(
    (line) =>
      line.principals.includes(operator) &&
      line.isAuthority === (certificate !== undefined) &&
      line.key.plain.equals(certificate?.authority.plain ?? key.plain),
  );
  if (lines.length === 0) throw new Bad('unknown-signer', 'the signers you named do not have this key under that name');
  const allowed = lines.filter(({ namespaces }) => namespaces === undefined || namespaces.includes(namespace));
  if (allowed.length === 0) throw new Bad('unknown-signer', `the key is not for ${namespace}`);
  if (!allowed.some(({ after, before }) => after <= at && at < before)) throw new Bad('signer-expired', 'the key was not valid then');
  if (certificate === undefined) return;
  if (!certificate.principals.includes(operator)) throw new Bad('certificate', 'the certificate is not for that operator');
  if (at < Number(certificate.after) || at >= Number(certificate.before)) throw new Bad('signer-expired', 'the certificate was not valid then');
}

/** `always`, or `HH:MM-HH:MM` UTC, over midnight too. @param {string} window @param {number} seconds */
function isInWindow(window, seconds) {
  if (window === 'always') return true;
  const m = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/.exec(window);
  if (m === null) return false;
  const [from, to] = [Number(m[1]) * 60 + Number(m[2]), Number(m[3]) * 60 + Number(m[4])];
  const minute = Math.floor(seconds / 60) % 1440;
  return from <= to ? from <= minute && minute < to : minute >= from || minute < to;
}

/** @param {Buffer} bytes @param {Partial<BundleOptions>} options */
export function checkBundle(bytes, options = {}) {
  const report = new Report(FAMILIES);
  new BundleCheck({ signers: [], logKeys: [], witnesses: [], tsa: [], hostKeys: [], isRevoked: undefined, ...options }, report).run(bytes);
  return report;
}

// 10. The command line ----------------------------------------------------------------------------

const HELP = `holdfast-verifier log <directory> [--key <vkey>]... [--witness <vkey>]... [--anchor <file>]...
                  [--head <file>] [--tsa <pem>] [--json]
holdfast-verifier bundle <file> --operators <allowed_signers> [--log-key <vkey>]... [--witness <vkey>]...
                  [--tsa <pem>] [--host-key [<target>=]<openssh public key>]... [--revocations <krl>] [--json]

Exit codes: 0 it holds; 1 this program failed; 2 wrong use; 8 something does not hold;
9 undecided: an input is missing without which there is no verdict.
`;
const BUNDLE_LIMIT = 256 * 1024 * 1024;

/** @param {string} file */
function readInput(file) {
  try {
    if (fs.statSync(file).size > BUNDLE_LIMIT) throw new Usage(`${file}: too large`);
    return fs.readFileSync(file);
  } catch (error) {
    if (error instanceof Usage) throw error;
    throw new Usage(`${file}: ${/** @type {Error} */ (error).message}`);
  }
}

/** @param {string[]} argv @param {string[]} known */
function parseArguments(argv, known) {
  /** @type {Map<string, string[]>} */
  const options = new Map(known.map((name) => [name, []]));
  /** @type {string[]} */
  const operands = [];
  let json = false;
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (word === '--json') json = true;
    else if (!word.startsWith('-')) operands.push(word);
    else if (!options.has(word)) throw new Usage(`no such option here: ${word}`);
    else if (argv[i + 1] === undefined) throw new Usage(`${word} wants a value`);
    else options.get(word)?.push(argv[(i += 1)] ?? '');
  }
  const [operand] = operands;
  if (operand === undefined || operands.length > 1) throw new Usage('name exactly one thing to check');
  const all = (/** @type {string} */ name) => options.get(name) ?? [];
  const one = (/** @type {string} */ name) => {
    if (all(name).length > 1) throw new Usage(`${name} is given twice`);
    return all(name)[0];
  };
  return { operand, json, all, one };
}

/** What the caller gave must be in form; otherwise nothing was checked. @template T @param {() => T} parse @param {string} what @returns {T} */
function given(parse, what) {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Bad) throw new Usage(`${what}: ${error.message}`);
    throw error;
  }
}

/** @param {string} name @param {number} type @param {string[]} vkeys */
function noteKeys(name, type, vkeys) {
  return vkeys.map((vkey) => {
    const key = given(() => parseVerifierKey(vkey.trim()), name);
    // A witness signs with a time; a log without. A key of one cannot stand for the other.
    if (key.type !== type) throw new Usage(`${name}: a key of type ${key.type}, not ${type}`);
    return key;
  });
}

/** @param {string | undefined} file */
function authorities(file) {
  if (file === undefined) return [];
  const pems =
    readInput(file)
      .toString('latin1')
      .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (pems.length === 0) throw new Usage(`${file}: no certificate in PEM`);
  return given(() => pems.map((pem) => x509(Buffer.from(pem))), file);
}

/** @param {string[]} argv @returns {{ report: Report, json: boolean }} */
function run([command, ...argv]) {
  if (command === 'log') {
    const { operand, json, all, one } = parseArguments(argv, ['--key', '--witness', '--anchor', '--head', '--tsa']);
    if (fs.statSync(operand, { throwIfNoEntry: false })?.isDirectory() !== true) throw new Usage(`${operand}: not a directory`);
    const report = checkLog(operand, {
      keys: noteKeys('--key', NOTE_ED25519, all('--key')),
      witnesses: noteKeys('--witness', NOTE_COSIGNATURE, all('--witness')),
      anchors: all('--anchor'),
      head: one('--head'),
      tsa: authorities(one('--tsa')),
    });
    return { report, json };
  }
  if (command === 'bundle') {
    const { operand, json, all, one } = parseArguments(argv, ['--operators', '--log-key', '--witness', '--tsa', '--host-key', '--revocations']);
    const operators = one('--operators');
    if (operators === undefined) throw new Usage('--operators is missing: a file that you got from somebody you trust, not from the bundle');
    const revocations = one('--revocations');
    const report = checkBundle(readInput(operand), {
      signers: given(() => parseSigners(readInput(operators).toString('utf8')), operators),
      logKeys: noteKeys('--log-key', NOTE_ED25519, all('--log-key')),
      witnesses: noteKeys('--witness', NOTE_COSIGNATURE, all('--witness')),
      tsa: authorities(one('--tsa')),
      hostKeys: all('--host-key').map((text) => {
        const [, target, line = ''] = /^(?:([^\s=]+)=)?(.*)$/s.exec(text) ?? [];
        return { target, key: given(() => parsePublicKey(line), '--host-key') };
      }),
      isRevoked: revocations === undefined ? undefined : given(() => parseRevocations(readInput(revocations)), revocations),
    });
    return { report, json };
  }
  throw new Usage(command === undefined ? 'say what to check: log or bundle' : `no such command: ${command}`);
}

/** @param {Report} report */
function print(report) {
  const { findings, undecided, notes, facts, more } = report;
  const lines = [report.verdict.toUpperCase() + (undecided.length > 0 ? ` (${undecided.length} open question${undecided.length > 1 ? 's' : ''})` : '')];
  for (const { code, detail, says, record, file } of findings)
    lines.push(`  ${code}${detail === undefined ? '' : ` (${detail})`}: ${says}${file ? ` [${file}${record === undefined ? '' : `, record ${record}`}]` : ''}`);
  if (more > 0) lines.push(`  and ${more} more`);
  for (const { code, says, core } of undecided) lines.push(`  cannot decide${core ? ' (decisive)' : ''}: ${code}: ${says}`);
  for (const note of notes) lines.push(`  note: ${note}`);
  for (const [name, value] of Object.entries(facts)) lines.push(`${name}: ${typeof value === 'string' ? clean(value) : clean(JSON.stringify(value))}`);
  return `${lines.join('\n')}\n`;
}

function main() {
  const argv = process.argv.slice(2);
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(HELP);
    return 0;
  }
  try {
    const { report, json } = run(argv);
    const { verdict, exitCode, findings, more, undecided, notes, facts } = report;
    process.stdout.write(json ? `${JSON.stringify({ verdict, findings, more, undecided, notes, facts })}\n` : print(report));
    return exitCode;
  } catch (error) {
    if (error instanceof Usage) {
      process.stderr.write(`holdfast-verifier: ${clean(error.message)}\n${HELP}`);
      return 2;
    }
    process.stderr.write(`holdfast-verifier: failed, nothing was decided: ${clean(String(/** @type {Error} */ (error).stack))}\n`);
    return 1;
  }
}

const started = process.argv[1];
if (started !== undefined && fs.existsSync(started) && fs.realpathSync(started) === fs.realpathSync(decodeURIComponent(new URL(import.meta.url).pathname))) {
  process.exitCode = main();
}
