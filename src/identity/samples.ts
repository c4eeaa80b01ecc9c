/** Good values for tests: `aPasskeyOf`, `anOpening`, `aNewLease`; and a clock that a test sets. */
import type { Clock } from '#base/ports';
import { type Instant, instant, shift } from '#base/time';
import type { Identity, NewLease, Passkey } from './protocol.ts';

export const NOON = instant('2026-03-01T12:00:00Z');
export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;

/** Wall time that stands still until it is moved, forwards or back. */
export class SetClock implements Clock {
  #now: Instant = NOON;

  now(): Instant {
    return this.#now;
  }

  monotonicMs(): number {
    return this.#now / 1_000;
  }

  async sleep(): Promise<void> {}

  pass(micros: number): void {
    this.#now = shift(this.#now, micros);
  }
}

export function aPasskeyOf(
  operator: string,
  name = operator,
): Omit<Passkey, 'createdAt' | 'lastUsedAt'> {
  return {
    credentialId: `credential-${name}`,
    operator,
    key: `sk-ecdsa-sha2-nistp256@openssh.com ${Buffer.from(name).toString('base64')}`,
    cose: Buffer.from(`cose ${name}`),
    rpId: 'console.example',
    counter: 0,
    transports: ['internal'],
    label: `laptop of ${operator}`,
    backedUp: false,
  };
}

export function anOpening(operator = 'ada'): Parameters<Identity['sessions']['open']>[0] {
  return {
    operator,
    method: 'passkey',
    credentialId: null,
    groups: [],
    pageKey: 'a page key',
    userAgent: 'a browser',
    address: '127.0.0.1',
  };
}

export function anInvitation(operator = 'ada'): Parameters<Identity['invitations']['make']>[0] {
  return {
    operator,
    name: 'Ada Lovelace',
    accounts: [`${operator}@console`],
    invitedBy: 'operator:root@local',
  };
}

export function aNewLease(over: Partial<NewLease> = {}): NewLease {
  return {
    label: 'laptop',
    profile: 'observer',
    capabilities: ['facts.read'],
    scopes: 'all',
    targets: { ids: ['host:web-1'], tags: [] },
    ceiling: 'T1',
    issuedBy: 'ada',
    issuedAt: NOON,
    expiresAt: shift(NOON, 4 * HOUR),
    resource: null,
    via: 'paste',
    ...over,
  };
}
