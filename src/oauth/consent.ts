/**
 * What the console's consent page asks and answers. The client's words about itself are its own claim, and are shown as
 * that; what counts is where the code would be sent, and what the person chooses within their own reach.
 */
import * as z from 'zod/v4';
import {
  capabilitiesOf,
  LEASE_PROFILES,
  LEASE_SECONDS,
  lowerTier,
  PROFILE_CEILINGS,
  PROFILES,
  PROFILES_SAY,
  type Reach,
  type TargetReach,
} from '#access';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import { TIERS } from '#model';
import { clean } from '#redaction';
import type { LeaseTerms } from './protocol.ts';
import { DEFAULT_PROFILE, isLent, ourScopes, profileOf } from './scopes.ts';

const MOST_NAMED = 512;

const name = z.string().min(1).max(128);
const ANSWER = z.discriminatedUnion('decision', [
  z.strictObject({ decision: z.literal('deny') }),
  z.strictObject({
    decision: z.literal('allow'),
    profile: name,
    scopes: z.array(name).min(1).max(MOST_NAMED).nullable(),
    targets: z.union([
      z.literal('all'),
      z.strictObject({
        ids: z.array(name).max(MOST_NAMED),
        tags: z.array(name).max(MOST_NAMED),
      }),
    ]),
    ceiling: z.enum(TIERS),
    seconds: z.number().int().min(LEASE_SECONDS.least).max(LEASE_SECONDS.most),
    label: z.string().max(128).optional(),
  }),
]);

export type AskedOf = {
  readonly clientId: string;
  readonly clientName: string | undefined;
  readonly redirectUri: string;
  readonly scope: string;
  readonly resource: string;
  readonly expiresAt: Instant;
};

/** Everything that the page shows. */
export function consentPage(
  asked: AskedOf,
  person: { readonly name: string; readonly reach: Reach },
): Json {
  const has = new Set<string>(capabilitiesOf(person.reach));
  const ceiling = TIERS.findLast((tier) => person.reach.some((part) => part.ceiling === tier));
  return {
    client: {
      id: clean(asked.clientId, { maxChars: 512 }).text,
      host: hostOf(asked.clientId),
      /** Its own claim. */
      claimedName:
        asked.clientName === undefined ? null : clean(asked.clientName, { maxChars: 80 }).text,
      redirectHost: hostOf(asked.redirectUri),
      isThisMachine: /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$)/.test(asked.redirectUri),
    },
    resource: asked.resource,
    asked: ourScopes(asked.scope).flatMap((each) => profileOf(each) ?? []),
    person: person.name,
    /** What may be chosen: never more than the person has. */
    may: {
      profiles: LEASE_PROFILES.map((profile) => {
        const capabilities = PROFILES[profile].filter((each) => has.has(each));
        const ceiling = PROFILE_CEILINGS[profile];
        return { profile, says: PROFILES_SAY[profile], capabilities, ceiling };
      }),
      reach: person.reach.map((part) => ({
        scopes: part.scopes === 'all' ? 'all' : [...part.scopes],
        targets: shownTargets(part.targets),
        ceiling: part.ceiling,
      })),
      seconds: { ...LEASE_SECONDS },
    },
    proposed: {
      profile: DEFAULT_PROFILE,
      scopes: null,
      targets: 'all',
      ceiling: ceiling ?? 'T0',
      seconds: LEASE_SECONDS.usual,
    },
    expiresAt: formatInstant(asked.expiresAt),
  };
}

/** The person's answer; `deny`, or the terms of a lease. What it may hold is checked by whoever issues it. */
export function readAnswer(text: string, asked: AskedOf): 'deny' | LeaseTerms {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const read = ANSWER.safeParse(json);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new Fault(
      'invalid',
      'invalid-input',
      `the answer does not fit: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'not JSON'}. Send what the page proposed, changed as the person chose`,
    );
  }
  const answer = read.data;
  if (answer.decision === 'deny') return 'deny';
  if (!isLent(answer.profile))
    throw new Fault(
      'invalid',
      'unknown-profile',
      `no such profile: ${JSON.stringify(answer.profile)}. Choose one of ${LEASE_PROFILES.join(', ')}`,
    );
  return {
    label: clean(answer.label ?? asked.clientName ?? hostOf(asked.clientId), { maxChars: 80 }).text,
    profile: answer.profile,
    scopes: answer.scopes as LeaseTerms['scopes'],
    targets: answer.targets,
    // A profile that goes less high is no more than was said yes to.
    ceiling: lowerTier(answer.ceiling, PROFILE_CEILINGS[answer.profile]),
    seconds: answer.seconds,
    resource: asked.resource,
    via: asked.clientId,
  };
}

function shownTargets(targets: TargetReach): Json {
  if (targets === 'all') return 'all';
  const { ids, tags, among } = targets;
  return {
    ids: [...ids],
    tags: [...tags],
    ...(among === undefined ? {} : { among: shownTargets(among) }),
  };
}

/** What a person can judge of an address: its host, or its scheme where it has none. */
function hostOf(uri: string): string {
  const parsed = URL.parse(uri);
  if (parsed === null) return '';
  return parsed.host === '' ? parsed.protocol : parsed.host;
}
