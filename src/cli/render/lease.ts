/** Leases, for people. */
import { ageSeconds, type Instant, tryParseInstant } from '#base/time';
import type { LeaseShown } from '#operations';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { age, count, moment } from '../text/words.ts';

type Issued = { readonly lease: LeaseShown; readonly bearer: string; readonly next: string };
type Profiles = {
  readonly profiles: readonly {
    readonly profile: string;
    readonly says: string;
    readonly capabilities: readonly string[];
    readonly ceiling: string;
  }[];
};

export const renderIssued: Render<Issued> = (paper, { lease, bearer, next }) => {
  paper.whole({ text: lease.id, tone: 'strong' }, `  ${lease.label}`);
  paper.whole('  ', terms(lease), `, until ${moment(lease.expiresAt)}`);
  paper.blank();
  paper.whole({ text: bearer, tone: 'warn' });
  paper.blank();
  paper.whole({ text: 'Next: ', tone: 'strong' }, next);
};

export const renderLease: Render<LeaseShown> = (paper, lease) => {
  paper.whole({ text: lease.id, tone: 'strong' }, `  ${lease.label}  `, {
    text: lease.status,
    tone: lease.status === 'active' ? 'good' : 'warn',
  });
  paper.whole('  ', `${terms(lease)}, issued by ${lease.issuedBy}`);
  if (lease.revoked !== null)
    paper.whole(
      '  ',
      `revoked by ${lease.revoked.by}, ${moment(lease.revoked.at)}: ${lease.revoked.reason}`,
    );
};

export const renderLeases: Render<{
  readonly leases: readonly LeaseShown[];
  readonly more: boolean;
  readonly barred: readonly {
    readonly issuer: string;
    readonly jti: string | null;
    readonly at: string;
    readonly by: string;
    readonly reason: string;
  }[];
}> = (paper, { leases, more, barred }, { now }) => {
  for (const { issuer, jti, at, by, reason } of barred)
    paper.whole(
      { text: 'refused  ', tone: 'warn' },
      `${jti === null ? `what ${issuer} made before ${moment(at)}` : `the token ${jti} of ${issuer}`}, by ${by}: ${reason}`,
    );
  if (barred.length > 0) paper.blank();
  if (leases.length === 0) {
    paper.whole('No leases. holdfast lease issue makes one for an assistant.');
    return;
  }
  paper.table(
    [
      { head: 'LEASE', whole: true },
      { head: 'STATUS' },
      { head: 'LABEL', least: 8 },
      { head: 'MAY', least: 12 },
      { head: 'BY', least: 3 },
      { head: 'UNTIL' },
      { head: 'USED', least: 6 },
    ],
    leases.map((lease): Piece[] => [
      lease.id,
      { text: lease.status, tone: lease.status === 'active' ? 'good' : 'faint' },
      lease.label,
      terms(lease),
      lease.issuedBy,
      lease.status === 'active' ? left(lease.expiresAt, now) : '',
      used(lease, now),
    ]),
  );
  if (more) paper.whole('There are more: ask for one status, with --status.');
};

export const renderTokensRevoked: Render<{ readonly issuer: string; readonly next: string }> = (
  paper,
  { issuer, next },
) => {
  paper.whole({ text: 'refused  ', tone: 'warn' }, issuer);
  paper.whole('  ', next);
};

export const renderReadmitted: Render<{ readonly leaseId: string; readonly next: string }> = (
  paper,
  { leaseId, next },
) => {
  paper.whole({ text: leaseId, tone: 'strong' });
  paper.whole('  ', next);
};

export const renderProfiles: Render<Profiles> = (paper, { profiles }) => {
  for (const { profile, says, ceiling, capabilities } of profiles) {
    paper.whole({ text: profile, tone: 'strong' }, `  ${says}, up to ${ceiling}`);
    paper.whole('  ', capabilities.join(' '));
  }
};

function terms(lease: LeaseShown): string {
  if (lease.token !== undefined)
    return `${lease.profile === '' ? 'never brought' : lease.profile} by tokens of ${lease.token.subject}`;
  return `${lease.profile} on ${places(lease)}, up to ${lease.ceiling}`;
}

function places({ targets, scopes }: LeaseShown): string {
  const named =
    targets === 'all'
      ? 'all'
      : [...targets.ids, ...targets.tags.map((tag) => `tag ${tag}`)].join(' ');
  return scopes === 'all' ? named : `${named} in ${scopes.join(' ')}`;
}

function left(text: string, now: Instant): string {
  const then = tryParseInstant(text);
  return then === undefined ? text : `${age(ageSeconds(now, then))} left`;
}

function used({ uses, failures, lastUsedAt, lastOperation }: LeaseShown, now: Instant): string {
  if (uses === 0 || lastUsedAt === null) return 'never';
  const then = tryParseInstant(lastUsedAt);
  const when = then === undefined ? lastUsedAt : `${age(ageSeconds(then, now))} ago`;
  const failed = failures === 0 ? '' : `, ${failures} failed`;
  return `${count(uses, 'time')}${failed}, ${lastOperation ?? ''} ${when}`;
}
