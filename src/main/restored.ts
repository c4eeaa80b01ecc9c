/**
 * What a restore leaves for people to do. Until an operator signs, the log itself says that nobody has: taking
 * the note beside it away lifts nothing. Whoever signs is told who may sign again, revoked since or not.
 */
import { fingerprint, RECOVERY } from '#authority';
import type { Files } from '#base/ports';
import type { EventRecord, Log } from '#evidence';
import { type AuthorityRecord, readRecords } from './authority-record.ts';

type KeptEvents = Pick<Log, 'read' | 'isRestored'>;

export async function lastRestore(events: KeptEvents): Promise<EventRecord | undefined> {
  if (!events.isRestored) return undefined;
  return (await events.read({ operation: 'log.restored' }, 1))[0];
}

/** The restore since which nobody has signed, in words. */
export async function unsignedRestore(events: KeptEvents): Promise<string | null> {
  const restored = await lastRestore(events);
  if (restored === undefined) return null;
  const [signed] = await events.read({ operation: 'config.signed' }, 1);
  if (signed !== undefined && signed.seq > restored.seq) return null;
  return inWords(restored.more?.['restoredAt'], restored.more?.['madeAt']);
}

export function inWords(restoredAt: unknown, madeAt: unknown): string {
  return `${JSON.stringify(restoredAt)}, from a backup of ${JSON.stringify(madeAt)}`.replaceAll(
    '"',
    '',
  );
}

/** One line for each key that is in force. */
export function keysInForce(current: AuthorityRecord | undefined): readonly string[] {
  return (current?.signers.lines ?? []).map(({ operators, isAuthority, key }) => {
    const who = operators.join(', ');
    const name = isAuthority
      ? `the root that certifies ${who}`
      : who === RECOVERY
        ? 'recovery'
        : who;
    return `${name}: ${key.type} ${fingerprint(key.blob)}`;
  });
}

/** Also of those who were revoked after the backup was made. */
export async function inForceAgain(files: Files, directory: string): Promise<readonly string[]> {
  const records = await readRecords(files, directory);
  const current = records.at(-1);
  if (current === undefined) return ['nobody may sign yet'];
  return [
    `in force again: version ${current.config.version}. Whoever was revoked after it may sign again, until you revoke them anew:`,
    ...keysInForce(current).map((line) => `  ${line}`),
  ];
}
