/**
 * Tokens of the team's identity provider that are taken back here: their issuer goes on standing by them, so what is
 * refused is remembered by us. A lease of this kind is listed with the others once it was used.
 */
import * as z from 'zod/v4';
import { isProfile, PROFILE_CEILINGS, PROFILES, statusOf } from '#access';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant } from '#base/time';
import type { ExternalLease, Identity, TokenBar } from '#identity';
import { clean } from '#redaction';
import { reasonInput } from './change-shapes.ts';
import type { leaseShape } from './leases.ts';
import { administering } from './operation.ts';

const NAME_CHARS = 128;
const name = z.string().min(1).max(NAME_CHARS);

export const barShape = z.object({
  issuer: z.string(),
  jti: z.string().nullable().describe('one token; null: all that were made until notBefore'),
  notBefore: z.string().nullable(),
  at: z.string(),
  by: z.string(),
  reason: z.string(),
});

export const tokenRevoke = administering({
  name: 'token_revoke',
  title: 'Revoke tokens of the identity provider',
  summary:
    'Refuses tokens of the identity provider from now on: one by its jti, all of one subject through one client, or everything made before now.',
  capability: 'leases.issue',
  taints: false,
  assistants: false,
  mends: true,
  input: z.union([
    z.strictObject({ issuer: z.url().max(512).optional(), jti: name, reason: reasonInput }),
    z.strictObject({
      issuer: z.url().max(512).optional(),
      subject: name,
      client: name,
      reason: reasonInput,
    }),
    z.strictObject({
      issuer: z.url().max(512).optional(),
      everything: z.literal(true).describe('made before now'),
      reason: reasonInput,
    }),
  ]),
  output: z.object({
    issuer: z.string(),
    leaseId: z.string().nullable().describe('of a subject and client'),
    next: z.string(),
  }),
  async run(input, { leases: { external } }, { caller, now }) {
    const issuer = input.issuer ?? onlyIssuer(external);
    const says = clean(input.reason, { maxChars: LIMITS.reasonChars }).text;
    if ('jti' in input) {
      external.bar({ issuer, jti: input.jti }, caller.principal, says, now);
      return {
        issuer,
        leaseId: null,
        next: 'that token is refused now. Its client may fetch another: revoke its subject and client to keep it out',
      };
    }
    if ('subject' in input) {
      const { subject, client } = input;
      const leaseId = external.revoke({ issuer, subject, client }, caller.principal, says, now);
      return {
        issuer,
        leaseId,
        next: `every token of theirs is refused, those to come as well, until holdfast lease readmit ${leaseId}`,
      };
    }
    external.barBefore(issuer, caller.principal, says, now);
    return {
      issuer,
      leaseId: null,
      next: 'everything made before now is refused, for good. Whoever fetches another token is admitted again, in a minute',
    };
  },
});

export const leaseReadmit = administering({
  name: 'lease_readmit',
  title: 'Readmit a subject and client',
  summary:
    'Takes tokens of the identity provider again from a subject and client that were revoked. A lease of ours that was revoked stays so.',
  capability: 'leases.issue',
  taints: false,
  assistants: false,
  confirms: 'each',
  input: z.strictObject({ leaseId: z.string().min(1).max(64), reason: reasonInput }),
  output: z.object({ leaseId: z.string(), next: z.string() }),
  async run({ leaseId }, { leases }) {
    if (leases.get(leaseId) !== undefined)
      throw new Fault(
        'refused',
        'lease-over',
        `a lease that was revoked is over for good: ${leaseId}. Issue another`,
      );
    if (leases.external.get(leaseId) === undefined)
      throw new Fault(
        'missing',
        'unknown-lease',
        `no such lease: ${JSON.stringify(leaseId.slice(0, 80))}. List them first`,
      );
    leases.external.readmit(leaseId);
    return { leaseId, next: 'tokens of theirs that are good otherwise are taken again' };
  },
});

/** As the other leases are shown: what it may do is its profile, within what its person has at each call. */
export function showExternal(lease: ExternalLease, now: Instant): z.input<typeof leaseShape> {
  const { id, issuer, subject, client, profile, revoked, lastUsedAt } = lease;
  const known = isProfile(profile) ? profile : undefined;
  return {
    id,
    label: client,
    status: statusOf(lease, now),
    profile,
    capabilities: known === undefined ? [] : [...PROFILES[known]],
    scopes: 'all',
    targets: 'all',
    ceiling: known === undefined ? 'T0' : PROFILE_CEILINGS[known],
    issuedBy: lease.operator,
    issuedAt: formatInstant(lease.firstAt),
    expiresAt: formatInstant(lease.expiresAt),
    via: client,
    resource: null,
    revoked: revoked === null ? null : { ...revoked, at: formatInstant(revoked.at) },
    uses: lease.uses,
    failures: lease.failures,
    lastUsedAt: lastUsedAt === null ? null : formatInstant(lastUsedAt),
    lastOperation: lease.lastOperation,
    token: { issuer, subject, client },
  };
}

export function showBar({ at, notBefore, ...bar }: TokenBar): z.input<typeof barShape> {
  return {
    ...bar,
    at: formatInstant(at),
    notBefore: notBefore === null ? null : formatInstant(notBefore),
  };
}

/** Where only one was ever heard of, nobody needs to name it. */
function onlyIssuer(external: Identity['leases']['external']): string {
  const known = new Set([...external.list(), ...external.bars()].map(({ issuer }) => issuer));
  const [only, ...others] = known;
  if (only !== undefined && others.length === 0) return only;
  const candidates = [...known].slice(0, 12);
  throw new Fault(
    'invalid',
    'issuer-needed',
    only === undefined
      ? 'no token of an identity provider was brought yet: name its issuer, as server.yaml does'
      : `tokens of several issuers were brought: name one. Candidates: ${candidates.join(', ')}`,
    { facts: { candidates } },
  );
}
