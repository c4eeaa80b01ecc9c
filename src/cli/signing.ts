/** Between what is shown and a signature: a person who types, or a script that names what it read. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Desk } from './desk.ts';

/** What has to be typed, or given with --words by who is not at a terminal. */
export type Consent = {
  readonly words: string;
  readonly given: string | undefined;
  /** T3: typed in place of "sign". */
  readonly name: string | null;
};

/** Throws `refused` unless the person said, of exactly this digest, that they mean it. */
export async function consent(desk: Desk, { words, given, name }: Consent): Promise<void> {
  if (given !== undefined) {
    if (given.trim().replace(/\s+/g, ' ') === words) return;
    throw new Fault(
      'refused',
      'other-words',
      `the words are not those of this plan: ${given.slice(0, 100)}. Read the page again; what is proposed may have changed`,
    );
  }
  const { stdin, stderr } = desk.io.isTerminal;
  if (!stdin || !stderr) {
    throw new Fault(
      'refused',
      'nobody-there',
      'nobody is at a terminal to decide: sign at one, or give the words of the digest with --words',
    );
  }
  const wanted = name ?? 'sign';
  const typed = await desk.io.ask(
    name === null ? 'Type sign to sign it: ' : `Type the target's name to sign it (${name}): `,
  );
  if (typed?.trim() === wanted) return;
  throw new Fault('refused', 'not-confirmed', 'nothing was signed: that was not typed');
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
    `no key to sign with: ${usual} is not there. Name one with --key, or make one with holdfast operator add`,
  );
}
