/**
 * What people lend to assistants: issued by a person where they sit, shown once, listed with what it was used for,
 * taken back at once. How far one reaches is worked out anew at each call; here it only begins and ends.
 */
import * as z from 'zod/v4';
import {
  checkNewLease,
  LEASE_PROFILES,
  LEASE_SECONDS,
  lendable,
  PROFILE_CEILINGS,
  PROFILES,
  PROFILES_SAY,
  statusOf,
} from '#access';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { formatInstant, type Instant } from '#base/time';
import type { ExternalLease, Identity, Lease } from '#identity';
import { resolveTarget } from '#inventory';
import { TIERS } from '#model';
import { clean } from '#redaction';
import { reasonInput } from './change-shapes.ts';
import { barShape, showBar, showExternal } from './external-tokens.ts';
import { type Asking, administering } from './operation.ts';

/** What this takes of what is remembered of leases. */
export type LeasePowers = Pick<
  Identity['leases'],
  'issue' | 'get' | 'list' | 'revoke' | 'external'
>;

const LABEL_CHARS = 80;
const MOST_NAMED = 200;
const MOST_LISTED = 500;
const names = (most: number): z.ZodArray<z.ZodString> =>
  z.array(z.string().min(1).max(LIMITS.nameChars)).max(most);

export const leaseShape = z.object({
  id: z.string(),
  label: z.string(),
  status: z.enum(['active', 'expired', 'revoked']),
  profile: z.string(),
  capabilities: z.array(z.string()),
  scopes: z.union([z.literal('all'), z.array(z.string())]),
  targets: z.union([
    z.literal('all'),
    z.object({ ids: z.array(z.string()), tags: z.array(z.string()) }),
  ]),
  ceiling: z.enum(TIERS),
  issuedBy: z.string(),
  issuedAt: z.string(),
  expiresAt: z.string(),
  via: z.string().describe('paste, or the OAuth client that it was given to'),
  resource: z.string().nullable(),
  revoked: z.object({ at: z.string(), by: z.string(), reason: z.string() }).nullable(),
  uses: z.number(),
  failures: z.number(),
  lastUsedAt: z.string().nullable(),
  lastOperation: z.string().nullable(),
  token: z
    .object({ issuer: z.string(), subject: z.string(), client: z.string() })
    .optional()
    .describe('of the identity provider: whoever brings its tokens, whichever they are'),
});
export type LeaseShown = z.output<typeof leaseShape>;

export const leaseProfiles = administering({
  name: 'lease_profiles',
  title: 'List profiles of leases',
  summary:
    'What a lease can be made from: each profile, what it lets ask for, and how high it goes.',
  capability: 'leases.read',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({}),
  output: z.object({
    profiles: z.array(
      z.object({
        profile: z.string(),
        says: z.string(),
        capabilities: z.array(z.string()),
        ceiling: z.enum(TIERS),
      }),
    ),
    seconds: z.object({ least: z.number(), usual: z.number(), most: z.number() }),
  }),
  run: async () => ({
    profiles: LEASE_PROFILES.map((profile) => ({
      profile,
      says: PROFILES_SAY[profile],
      capabilities: [...PROFILES[profile]],
      ceiling: PROFILE_CEILINGS[profile],
    })),
    seconds: { ...LEASE_SECONDS },
  }),
});

export const leaseIssue = administering({
  name: 'lease_issue',
  title: 'Issue a lease',
  summary:
    'A bearer for an assistant: a profile, on some targets, up to a tier, for a while. Never more than you have. Shown once.',
  capability: 'leases.issue',
  taints: false,
  assistants: false,
  narrows: true,
  confidential: true,
  confirms: 'each',
  input: z.strictObject({
    label: z.string().min(1).max(LABEL_CHARS).describe('what it is for'),
    profile: z.string().min(1).max(LIMITS.nameChars).describe('as lease_profiles tells it'),
    targets: names(MOST_NAMED).optional().describe('default, with no tags: all that you reach'),
    tags: names(MOST_NAMED).optional(),
    scopes: names(MOST_NAMED).optional().describe('default: all that you reach'),
    ceiling: z.enum(TIERS).optional().describe('default: as high as the profile and you go'),
    seconds: z.number().int().optional().describe('60 to 86400; default 14400, four hours'),
    clientId: z.string().min(1).max(512).optional().describe('the OAuth client that it is for'),
    resource: z
      .url()
      .max(512)
      .optional()
      .describe('all that it is good for; default: all of this service'),
  }),
  output: z.object({
    lease: leaseShape,
    bearer: z.string().describe('kept as a hash only: nobody can show it again'),
    next: z.string(),
  }),
  async run(input, { leases }, asking) {
    const { label, targets, clientId, resource, ...asked } = input;
    mustBeAPerson(asking);
    const { inventory, now, caller } = asking;
    const ids = targets?.map((name) => resolveTarget(inventory, name, asking.scopes).id);
    const terms = checkNewLease({ ...asked, targets: ids }, lendable(caller.reach), inventory, now);
    const { profile, capabilities, scopes, ceiling, issuedAt, expiresAt } = terms;
    const { lease, bearer } = leases.issue({
      label: clean(label, { maxChars: LABEL_CHARS }).text,
      profile,
      capabilities,
      scopes,
      targets: terms.targets,
      ceiling,
      issuedBy: issuerOf(caller.principal),
      issuedAt,
      expiresAt,
      resource: resource ?? null,
      via: clientId === undefined ? 'paste' : clean(clientId).text,
    });
    return {
      lease: showLease(lease, now),
      bearer,
      next: `give it to the assistant as its bearer token now: it is not shown again. holdfast lease revoke ${lease.id} ends it at once`,
    };
  },
});

export const leaseList = administering({
  name: 'lease_list',
  title: 'List leases',
  summary: 'Leases, newest first: what each may do, until when, and what it was used for.',
  capability: 'leases.read',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({
    status: z.enum(['active', 'expired', 'revoked']).optional(),
    issuedBy: z.string().max(LIMITS.nameChars).optional(),
  }),
  output: z.object({
    leases: z.array(leaseShape),
    more: z.boolean().describe('there were more than fit: ask for a status'),
    barred: z.array(barShape).describe('tokens of the identity provider that are refused'),
  }),
  async run({ status, issuedBy }, { leases }, asking) {
    const own = leases.list().filter((lease) => isTheirs(lease, asking));
    const others = leases.external.list().filter((lease) => isTheirs(ofToken(lease), asking));
    const all = [
      ...own.map((lease) => showLease(lease, asking.now)),
      ...others.map((lease) => showExternal(lease, asking.now)),
    ]
      .toSorted((a, b) => (a.issuedAt < b.issuedAt ? 1 : a.issuedAt > b.issuedAt ? -1 : 0))
      .filter(
        (lease) =>
          (status === undefined || lease.status === status) &&
          (issuedBy === undefined || lease.issuedBy === issuedBy),
      );
    return {
      leases: all.slice(0, MOST_LISTED),
      more: all.length > MOST_LISTED,
      barred: asking.isWhole ? leases.external.bars().slice(0, MOST_LISTED).map(showBar) : [],
    };
  },
});

export const leaseRevoke = administering({
  name: 'lease_revoke',
  title: 'Revoke a lease',
  summary: 'Ends a lease now: the next call with its bearer is refused, and open streams end.',
  capability: 'leases.issue',
  taints: false,
  assistants: false,
  narrows: true,
  mends: true,
  input: z.strictObject({ leaseId: z.string().min(1).max(64), reason: reasonInput }),
  output: leaseShape,
  async run({ leaseId, reason }, { leases }, asking) {
    const says = clean(reason, { maxChars: LIMITS.reasonChars }).text;
    const token = leases.external.get(leaseId);
    if (token !== undefined && isTheirs(ofToken(token), asking)) {
      leases.external.revoke(token, asking.caller.principal, says, asking.now);
      return showExternal(leases.external.get(leaseId) ?? token, asking.now);
    }
    const found = leases.get(leaseId);
    if (found === undefined || !isTheirs(found, asking)) throw unknownLease(leaseId);
    if (found.revoked === null) {
      leases.revoke(leaseId, asking.caller.principal, says, asking.now);
    }
    return showLease(leases.get(leaseId) ?? found, asking.now);
  },
});

/** The operator who answers for it, as leases name them: `bea`, or `ada@local` for the account at the terminal. */
export function issuerOf(principal: string): string {
  return principal.replace(/^operator:/, '').replace(/@console$/, '');
}

/** Its person stands for whoever lent it. */
function ofToken({ operator }: ExternalLease): Pick<Lease, 'issuedBy'> {
  return { issuedBy: operator };
}

/** Whoever reaches everything sees all of them; others their own. */
function isTheirs({ issuedBy }: Pick<Lease, 'issuedBy'>, { isWhole, caller }: Asking): boolean {
  return isWhole || issuedBy === issuerOf(caller.principal);
}

function mustBeAPerson({ caller }: Asking): void {
  if (caller.surface === 'cli' || caller.surface === 'console') return;
  throw new Fault(
    'refused',
    'not-offered',
    'a lease is issued by a person, in the console or with holdfast lease issue',
  );
}

function unknownLease(id: string): Fault {
  return new Fault(
    'missing',
    'unknown-lease',
    `no such lease: ${JSON.stringify(id.slice(0, 80))}. List them first`,
  );
}

function showLease(lease: Lease, now: Instant): z.input<typeof leaseShape> {
  const { targets, scopes, revoked, lastUsedAt, profile, ceiling } = lease;
  const { id, label, issuedBy, via, resource, uses, failures, lastOperation } = lease;
  return {
    id,
    label,
    status: statusOf(lease, now),
    profile,
    capabilities: [...lease.capabilities],
    scopes: scopes === 'all' ? 'all' : [...scopes],
    targets: targets === 'all' ? 'all' : { ids: [...targets.ids], tags: [...targets.tags] },
    ceiling,
    issuedBy,
    issuedAt: formatInstant(lease.issuedAt),
    expiresAt: formatInstant(lease.expiresAt),
    via,
    resource,
    revoked: revoked === null ? null : { ...revoked, at: formatInstant(revoked.at) },
    uses,
    failures,
    lastUsedAt: lastUsedAt === null ? null : formatInstant(lastUsedAt),
    lastOperation,
  };
}
