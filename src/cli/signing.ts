/** Between what is shown and a signature: a person who types, or a script that names what it read. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Desk } from './desk.ts';

/** What has to be typed, or given with --words by who is not at a terminal. */
export type Consent = {
  readonly words: string;
  readonly given: unknown;
  /** T3: typed in place of "sign". */
  readonly name: string | null;
};

/** Throws `refused` unless the person said, of exactly this digest, that they mean it. */
export async function consent(desk: Desk, { words, given, name }: Consent): Promise<void> {
  if (typeof given === 'string') {
    if (given.trim().replace(/\s+/g, ' ') === words) return;
    throw new Fault(
      'refused',
      'other-words',
      `nothing was signed: the words are not those of this page: ${given.slice(0, 100)}. Read it again; what is proposed may have changed`,
    );
  }
  mustBeAtATerminal(
    desk,
    'nobody is at a terminal to decide: sign at one, or give the words of the digest with --words',
  );
  const typed = await desk.io.ask(
    name === null
      ? 'Type sign to sign it: '
      : `This cannot be taken back. Type the target's name to sign it (${name}): `,
  );
  if (typed?.trim() === (name ?? 'sign')) return;
  throw new Fault(
    'refused',
    'not-confirmed',
    `nothing was signed: ${name === null ? 'sign' : "the target's name"} was not typed`,
  );
}

export function mustBeAtATerminal(desk: Desk, otherwise: string): void {
  const { stdin, stderr } = desk.io.isTerminal;
  if (!stdin || !stderr) throw new Fault('refused', 'nobody-there', otherwise);
}

/** Where a person's key is when none is named. */
export function usualKey({ env }: Desk['io']): string {
  const named = env['HOLDFAST_KEY'];
  return named === undefined || named === ''
    ? join(env['HOME'] ?? homedir(), '.ssh', 'holdfast_operator')
    : named;
}

/** The key to sign with: named, or the usual one. */
export async function keyFor(desk: Desk, named: unknown): Promise<string> {
  if (typeof named === 'string') return resolve(desk.io.cwd, named);
  const usual = usualKey(desk.io);
  if (await desk.commands.keys.exists(usual)) return usual;
  throw new Fault(
    'missing',
    'no-key',
    `no key to sign with: ${usual} is not there. Name one with --key, or sign in the console with a passkey; the first operator makes a key with holdfast operator add`,
  );
}

const RANK: Readonly<Record<string, number>> = { 'same-user': 0, touch: 1, separate: 2 };

/**
 * Throws `assurance-too-low` before anybody types a passphrase in vain, where the public key tells. The
 * service decides for itself.
 */
export async function mustReach(
  desk: Desk,
  key: string,
  { needed, rule }: { readonly needed: string; readonly rule: string },
): Promise<void> {
  const line = await desk.commands.keys.publicLine(key).catch(() => undefined);
  if (line === undefined) return;
  const has = line.startsWith('sk-') ? 'touch' : 'same-user';
  if ((RANK[has] ?? 0) >= (RANK[needed] ?? 0)) return;
  throw new Fault(
    'refused',
    'assurance-too-low',
    needed === 'separate'
      ? `nothing was signed: ${rule} needs a passkey on another device, and no key of a terminal is one`
      : `nothing was signed: ${rule} needs ${needed}, and ${key} is a key file (same-user). Sign with a security key (--key), or accept key files for ${rule}, once and signed: holdfast config rule ${rule} --least same-user`,
  );
}
