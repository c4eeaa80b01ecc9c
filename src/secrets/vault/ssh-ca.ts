/** Certificates of Vault's SSH engine for keys that we make: each key lives as long as its certificate, and never leaves. */
import { readUserCertificate } from '#authority';
import type { Clock } from '#base/ports';
import { type Instant, MICROS_PER_SECOND, shift } from '#base/time';
import { keyFault } from '../faults.ts';
import type { Lender, Lent } from '../kept-key.ts';
import type { KeyRoom } from '../key-room.ts';
import { fieldOf, fieldsOf } from './api.ts';
import type { VaultSession } from './login.ts';

export type SshSecret = {
  readonly kind: 'ssh';
  readonly mount: string;
  readonly role: string;
  readonly principals: readonly string[];
  readonly ttlSeconds: number;
  /** `<type> <base64>` of the only authority that is believed; `null`: the host decides alone. */
  readonly authority: string | null;
};

/** Clocks differ by so much; one that lives longer than asked, and this, is refused. */
const SKEW_SECONDS = 60;
/** Less is over before it was used. */
const LEAST_SECONDS = 5;

export function sshLender(
  secret: SshSecret,
  session: VaultSession,
  room: KeyRoom,
  clock: Clock,
): Lender {
  const { mount, role, principals, ttlSeconds } = secret;
  const path = `${mount}/sign/${role}`;
  const source = `${session.name}, ssh ${path}`;
  return {
    source,
    async lend(): Promise<Lent> {
      const keyFile = await room.fresh();
      try {
        const publicKey = await room.makeKey(keyFile);
        const answer = await session.ask({
          method: 'POST',
          path,
          body: {
            public_key: publicKey,
            valid_principals: principals.join(','),
            ttl: `${ttlSeconds}s`,
            cert_type: 'user',
          },
        });
        if (!answer.isFound) throw keyFault('broker-missing', source);
        const line = fieldOf(fieldsOf(answer.fields, 'data'), 'signed_key');
        if (typeof line !== 'string') throw keyFault('broker-answer', source);
        const now = clock.now();
        const expires = checkedEnd(line, publicKey, secret, source, now);
        await room.put(`${keyFile}-cert.pub`, Buffer.from(`${line.trimEnd()}\n`));
        const renewAt = shift(now, ((expires - now) * 2) / 3);
        return { keyFile, renewAt, expires, discard: () => room.remove(keyFile) };
      } catch (thrown) {
        await room.remove(keyFile);
        throw thrown;
      }
    },
    end: () => session.end(),
  };
}

/** When it ends, if it is exactly what was asked for. */
export function checkedEnd(
  line: string,
  publicKey: string,
  { principals, ttlSeconds, authority }: Pick<SshSecret, 'principals' | 'ttlSeconds' | 'authority'>,
  source: string,
  now: Instant,
): Instant {
  const refuse = (because: string): never => {
    throw keyFault('certificate-refused', source, { because });
  };
  const certificate = readUserCertificate(line, (says) =>
    // What a reader says may quote the line.
    refuse(
      says.startsWith('keys of the kind ')
        ? 'its authority has no ed25519 or P-256 key'
        : 'it cannot be read, or its authority did not sign it',
    ),
  );
  const seconds = BigInt(Math.floor(now / MICROS_PER_SECOND));
  if (certificate.key !== publicKey) refuse('it is for another key');
  if (!certificate.isUser) refuse('it is not for a user');
  if (authority !== null && certificate.authority !== authority)
    refuse('another authority signed it');
  // None at all would mean everybody.
  if (
    principals.length === 0 ||
    [...certificate.principals].sort().join() !== [...principals].sort().join()
  )
    refuse('its principals are others');
  if (certificate.options.length > 0) refuse('it has critical options');
  if (certificate.validAfter > seconds + BigInt(SKEW_SECONDS)) refuse('it is not valid yet');
  if (certificate.validBefore > seconds + BigInt(ttlSeconds + SKEW_SECONDS))
    refuse('it lives too long');
  if (certificate.validBefore < seconds + BigInt(LEAST_SECONDS)) refuse('it is over, or nearly');
  return (Number(certificate.validBefore) * MICROS_PER_SECOND) as Instant;
}
