/**
 * Keys that a person gave to this browser: an auditor's own, from people and not from the service. Where there are some,
 * they count in place of what was seen first, and nothing else is learnt in their place.
 */
import { type Bytes, fromBase64, sha256 } from './bytes.ts';
import type { Kept } from './memory.ts';
import { COSIGNATURE, parseVerifierKey } from './note.ts';
import { isSignerLine, keyOfLine } from './signer-line.ts';

const NAME = 'holdfast.given';
const MOST_CHARS = 200_000;

export type Given = {
  /** Lines of an allowed_signers file. */
  readonly signers: readonly string[];
  /** Verifier keys (C2SP signed-note): of the log, and of witnesses. */
  readonly logKeys: readonly string[];
  readonly witnesses: readonly string[];
  /** An OpenSSH KRL, in base64; empty: none. */
  readonly revocations: string;
  /** Certificates of time-stamping authorities or of their roots: DER, in base64. */
  readonly tsa: readonly string[];
};

export const NOTHING_GIVEN: Given = {
  signers: [],
  logKeys: [],
  witnesses: [],
  revocations: '',
  tsa: [],
};

export type ReadGiven = { readonly given: Given } | { readonly wrong: string };

/** What was pasted, added to what was given before. Every line is of a kind that is known, or nothing is taken. */
export async function readGiven(text: string, before: Given): Promise<ReadGiven> {
  if (text.length > MOST_CHARS) return { wrong: 'that is more than a list of keys' };
  const given = { ...before };
  let taken = 0;
  const lines = text.replaceAll(PEM, (block, body: string) => {
    const der = body.replaceAll(/\s/g, '');
    given.tsa = given.tsa.includes(der) ? given.tsa : [...given.tsa, der];
    taken += 1;
    return block.replaceAll(/[^\n]/g, '');
  });
  for (const [at, raw] of lines.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    taken += 1;
    const kind = await kindOf(line);
    if (kind === undefined)
      return {
        wrong: `line ${at + 1} is neither a line of allowed signers, nor a verifier key whose id is its own, nor of a certificate`,
      };
    given[kind] = given[kind].includes(line) ? given[kind] : [...given[kind], line];
  }
  return taken === 0 ? { wrong: 'there is no key in it' } : { given };
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

async function kindOf(line: string): Promise<'signers' | 'logKeys' | 'witnesses' | undefined> {
  if ((await parseVerifierKey(line)) !== undefined) return 'logKeys';
  if ((await parseVerifierKey(line, COSIGNATURE)) !== undefined) return 'witnesses';
  return isSignerLine(line) && blobOf(line) !== undefined ? 'signers' : undefined;
}

function blobOf(line: string): Bytes | undefined {
  const [, base64] = keyOfLine(line)?.split(' ') ?? [];
  return base64 === undefined ? undefined : fromBase64(base64);
}

/** Of a line that holds a public key: as `ssh-keygen -lf` says it. */
export async function fingerprintOf(line: string): Promise<string> {
  const bytes = blobOf(line);
  return bytes === undefined ? 'not a key' : named(await sha256(bytes));
}

/** Of a verifier key: of its type and its bytes. */
export async function vkeyFingerprint(vkey: string): Promise<string> {
  const bytes = fromBase64(vkey.split('+').slice(2).join('+'));
  return bytes === undefined ? 'not a key' : named(await sha256(bytes));
}

export async function certificateFingerprint(base64: string): Promise<string> {
  const bytes = fromBase64(base64);
  return bytes === undefined ? 'not a certificate' : named(await sha256(bytes));
}

const named = (hash: Uint8Array): string =>
  `SHA256:${btoa(String.fromCharCode(...hash)).replace(/=+$/, '')}`;

export function given(storage: Kept): Given {
  try {
    const kept = JSON.parse(storage.getItem(NAME) ?? 'null') as Partial<Given> | null;
    return {
      signers: textsOf(kept?.signers),
      logKeys: textsOf(kept?.logKeys),
      witnesses: textsOf(kept?.witnesses),
      tsa: textsOf(kept?.tsa),
      revocations: typeof kept?.revocations === 'string' ? kept.revocations : '',
    };
  } catch {
    return NOTHING_GIVEN;
  }
}

/** Throws where this browser keeps nothing: keys that would count only until the next visit are not taken. */
export function keepGiven(storage: Kept, what: Given): void {
  storage.setItem(NAME, JSON.stringify(what));
}

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
