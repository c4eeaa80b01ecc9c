/**
 * What the event log says that people want to be told of at once: a change that waits for them, how one ended, a stop, a
 * lease, a passkey, and somebody's wider powers. Read from the log, so that nothing is told that is not on record.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import { formatInstant, type Instant } from '#base/time';
import type { Notice } from './compose.ts';
import { inert, shown } from './inert.ts';
import type { About, NoticeSettings, Subscription } from './settings.ts';

/** An event of the log, as far as it matters here. */
export type Happening = {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly operation: string;
  readonly outcome: string;
  readonly scope: string;
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly arguments: Json;
  readonly targets: readonly string[];
  readonly more?: JsonObject;
};

type Told = {
  readonly event: Exclude<Notice['event'], 'finding.opened' | 'finding.resolved' | 'report'>;
  /** `everybody`: whoever has a subscription, whatever it is about. */
  readonly about: About | 'everybody';
  readonly what: string;
  /** Path in the console. */
  readonly link: string;
};

const MOST_SHOWN = 20;
const MOST_TARGETS = 5;
/** Of the catalogue in force, as what is proposed has to be: our own operators' words. */
const ACTION = /^[a-z0-9]+(?:[.-][a-z0-9]+)*(?:@[0-9]+)?$/;
const ID = /^[a-z]+_[0-9a-zA-Z]{1,64}$/;

/** One notice for each subscription and kind of event: many of one moment are one message. */
export function composeHappenings(
  happenings: readonly Happening[],
  settings: NoticeSettings,
  at: Instant,
): readonly Notice[] {
  const told = happenings.flatMap((each) => {
    const is = whatItIs(each);
    return is === null ? [] : [{ ...each, is }];
  });
  const events = [...new Set(told.map(({ is }) => is.event))];
  return settings.subscriptions.flatMap((subscription) =>
    events.flatMap((event) => {
      const about = told.filter(
        (each) => each.is.event === event && wants(subscription, each.is, each.scope),
      );
      return about.length === 0 ? [] : [noticeOf(subscription.name, about, at)];
    }),
  );
}

function wants({ about, scopes }: Subscription, is: Told, scope: string): boolean {
  if (is.about === 'everybody') return true;
  return (
    about.includes(is.about) &&
    // What is about no scope, or about every one, is for everybody who asked for its kind.
    (scopes === null || scope === 'none' || scope === 'all' || scopes.includes(scope))
  );
}

function whatItIs({ kind, operation, outcome, more = {} }: Happening): Told | null {
  const link =
    typeof more['change'] === 'string' && ID.test(more['change'])
      ? `/changes/${more['change']}`
      : '/changes';
  const of = (event: Told['event'], about: Told['about'], what: string, to = link): Told => ({
    event,
    about,
    what,
    link: to,
  });
  switch (kind) {
    case 'change.decided':
      // What a standing approval covers waits for nobody.
      return more['state'] === 'previewed' && (more['standing'] ?? null) === null
        ? of('change.waiting', 'approvals', 'waits for approval')
        : null;
    case 'change.outcome':
    case 'change.undone':
      return more['state'] === 'confirmed' || more['state'] === 'closed'
        ? of('change.done', 'outcomes', 'done')
        : more['state'] === 'rolled-back'
          ? of('change.undone', 'outcomes', 'taken back')
          : of(
              'change.failed',
              'outcomes',
              more['state'] === 'ambiguous' ? 'may or may not have happened' : 'failed',
            );
    case 'change.rejected':
      return of('change.rejected', 'outcomes', 'rejected');
    case 'change.expired':
      return of('change.expired', 'outcomes', 'ran out: nobody decided');
    case 'change.stopped':
      return of('stop.tripped', 'stops', 'stopped', '/');
    case 'change.lifted':
      return of('stop.lifted', 'stops', 'a stop was lifted', '/');
    case 'break-glass.opened':
      return of('break-glass.opened', 'everybody', 'break-glass: powers of the owner', '/');
    case 'break-glass.ended':
      return of('break-glass.ended', 'everybody', 'break-glass is over', '/');
    case 'passkey.registered':
      // Whoever it is for learns of one that they did not make, before anybody signs for it.
      return of(
        'passkey.registered',
        'everybody',
        'a passkey was registered, and waits for somebody to sign for it',
        '/settings',
      );
    case 'operation':
      if (outcome !== 'done') return null;
      if (operation === 'lease_issue')
        return of('lease.issued', 'leases', 'a lease was issued', '/assistants');
      if (operation === 'lease_revoke')
        return of('lease.revoked', 'leases', 'a lease was revoked', '/assistants');
      return null;
    default:
      return null;
  }
}

function noticeOf(
  subscription: string,
  about: readonly (Happening & { readonly is: Told })[],
  at: Instant,
): Notice {
  const [first] = about as readonly [Happening & { readonly is: Told }];
  const { event, what, link } = first.is;
  const rows = about.slice(0, MOST_SHOWN);
  const named = actionOf(first);
  const where = first.targets.length === 0 ? '' : ` on ${placesOf(first.targets)}`;
  const one = `${what}${named === null ? '' : `: ${actionText(named, 80)}`}${where}`;
  return {
    id: `notice_${sha256(canonicalJson([subscription, event, ...about.map(({ seq, time }) => `${seq} ${time}`)])).slice(0, 24)}`,
    subscription,
    event,
    at,
    subject: `[holdfast] ${about.length === 1 ? one : `${about.length} times: ${what}`}`,
    link: about.length === 1 ? link : link.startsWith('/changes') ? '/changes' : link,
    data: {
      type: event,
      timestamp: formatInstant(at),
      data: { events: rows.map((each) => dataOf(each)), total: about.length },
    },
    lines: [
      ...rows.flatMap((each) => [...linesOf(each)]),
      ...(about.length > rows.length ? [`… and ${about.length - rows.length} more`] : []),
      'This message decides nothing: look, and decide there.',
    ],
  };
}

function dataOf(each: Happening): { readonly [key: string]: Json } {
  return {
    event: each.seq,
    time: each.time,
    change: stringOf(each.more?.['change']),
    state: stringOf(each.more?.['state']),
    action: actionOf(each) === null ? null : shown(actionOf(each), 200),
    principal: shown(each.principal, 200),
    onBehalfOf: each.onBehalfOf === null ? null : shown(each.onBehalfOf, 200),
    targets: each.targets.slice(0, MOST_TARGETS).map((target) => shown(target, 200)),
    targetsTotal: each.targets.length,
    reason: reasonOf(each) === null ? null : shown(reasonOf(each)),
  };
}

function linesOf(each: Happening & { readonly is: Told }): readonly string[] {
  const action = actionOf(each);
  const reason = reasonOf(each);
  const change = stringOf(each.more?.['change']);
  const person = each.onBehalfOf === null ? '' : `, for ${inert(each.onBehalfOf, 100)}`;
  return [
    `${each.is.what}${action === null ? '' : `: ${actionText(action, 200)}`}`,
    ...(each.targets.length === 0 ? [] : [`  on ${placesOf(each.targets)}`]),
    `  by ${inert(each.principal, 100)}${person}, ${inert(each.time, 40)}`,
    ...(reason === null ? [] : [`  because ${inert(reason)}`]),
    ...(change === null || !ID.test(change) ? [] : [`  look: holdfast change show ${change}`]),
  ];
}

function placesOf(targets: readonly string[]): string {
  const some = targets.slice(0, MOST_TARGETS).map((target) => inert(target, 100));
  return targets.length > some.length
    ? `${some.join(', ')} and ${targets.length - some.length} more`
    : some.join(', ');
}

function actionOf({ arguments: given }: Happening): string | null {
  return fieldOf(given, 'action');
}

function actionText(action: string, most: number): string {
  return ACTION.test(action) ? action.slice(0, most) : inert(action, most);
}

function reasonOf({ arguments: given, more }: Happening): string | null {
  return stringOf(more?.['reason']) ?? fieldOf(given, 'reason');
}

function fieldOf(value: Json, name: string): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const text = stringOf((value as JsonObject)[name]);
  return text === '' ? null : text;
}

function stringOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
