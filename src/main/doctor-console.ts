/** Whether what passkeys sign at the console is taken by hosts, and whether they still are the keys they were. */
import type { ConsoleShown } from '#operations';
import type { Check } from './doctor-changes.ts';

/** Nothing is wrong with a console that nobody has a passkey for. */
export function consoleChecks({
  origin,
  rpId,
  isAccepted,
  accepted,
  passkeys,
  pending,
  stranded,
}: ConsoleShown): readonly Check[] {
  const checks: Check[] = [];
  if (passkeys > 0 && !isAccepted) {
    checks.push({
      name: 'address of the console',
      ok: false,
      says: `hosts take passkeys of ${accepted.join(', ') || 'no page'}, and the console is opened at ${origin}: nothing that is signed there counts`,
      mend: `holdfast config origins ${[...accepted, origin].join(',')}, or put url in server.yaml back`,
    });
  }
  if (stranded > 0) {
    checks.push({
      name: 'passkeys of another address',
      ok: false,
      says: `${stranded} in force were made for another name than ${rpId}, so nobody signs in with them`,
      mend: 'put url in server.yaml back, or invite these people anew with holdfast console invite <id> and revoke the old keys with holdfast operator revoke-key',
    });
  }
  if (checks.length === 0 && passkeys + pending > 0) {
    checks.push({
      name: 'console',
      ok: true,
      says: `${origin}: ${passkeys} passkeys in force`,
      ...(pending === 0
        ? {}
        : { next: `${pending} wait for a signature: holdfast console passkeys` }),
    });
  }
  return checks;
}
