/**
 * Who caused a difference: the window it began in, our own changes, and what audit trails say, joined.
 *
 * A person is named only where a record with that principal says that they did this to this thing, and nobody
 * else did. Several that could be it are none: they are listed. Who was merely there is never the answer.
 */
import type { Json } from '#base/json';
import { type Instant, shift } from '#base/time';
import type { Cause, CauseEvidence, RanChange } from '#model';
import { touchOfWords } from './command-touch.ts';
import { saying, type TrailEvent } from './event.ts';
import { leaves, touchOfChange } from './our-change.ts';
import { touchOfShell } from './shell-touch.ts';
import { most, type Thing, type Touch, thingOf, touchOfPath } from './thing.ts';

export type CauseQuestion = {
  readonly entity: string;
  readonly attribute: string;
  readonly observed: Json;
  readonly desired: Json;
  readonly notBefore: Instant | null;
  readonly notAfter: Instant;
};

export type TrailsRead = {
  readonly events: readonly TrailEvent[];
  readonly trails: Cause['trails'];
};

/** How far back is looked where nobody knows when it was last as declared. */
const LOOKBACK_MICROS = 7 * 86_400_000_000;
const MOST_EVIDENCE = 24;
const SECOND = 1_000_000;
/** Between the command of somebody and what the package manager writes of it. */
const PACKAGE_LAG = 600 * SECOND;
/** Clocks of a host and ours, once their difference is taken off. */
const SLACK = 2 * SECOND;
const OUR_ACCOUNTS: ReadonlySet<string> = new Set(['holdfast-runner', 'holdfast-reader']);

type Candidate =
  | { readonly kind: 'change'; readonly change: RanChange }
  | { readonly kind: 'account'; readonly name: string; readonly isExact: boolean }
  | { readonly kind: 'route'; readonly route: string };

type Judged = { readonly event: TrailEvent; readonly touch: Touch };

export function windowOf({ notBefore, notAfter }: Pick<CauseQuestion, 'notBefore' | 'notAfter'>): {
  readonly from: Instant;
  readonly until: Instant;
} {
  const furthest = shift(notAfter, -LOOKBACK_MICROS);
  const from = notBefore === null || notBefore < furthest ? furthest : notBefore;
  return { from: Math.min(from, notAfter) as Instant, until: notAfter };
}

export function attribute(
  question: CauseQuestion,
  changes: readonly RanChange[],
  { events, trails }: TrailsRead,
): Cause {
  const { entity, attribute: name, observed, desired, notBefore, notAfter } = question;
  const window = windowOf(question);
  const thing = thingOf(entity, name);
  const ours = changes
    .filter((change) => change.ran.some((ran) => overlaps(ran, window)))
    .map((change) => ({
      change,
      touch: touchOfChange(change, { thing, entity, attribute: name, observed }),
    }));
  const seen = believable(events, trails).filter(
    ({ at, within }) => at + within - 1 > window.from && at <= window.until,
  );
  const judged = seen.map((event) => ({ event, touch: touchOfEvent(thing, event) }));
  const candidates = candidatesOf(thing, judged, changes, ours, trails);
  const base = {
    notBefore,
    notAfter,
    evidence: evidenceOf(judged, ours, changes),
    trails,
  };
  const nobody = { person: null, change: null, route: null, intent: null } as const;
  const [only, ...others] = candidates;
  if (only === undefined || others.length > 0 || isInDoubt(only, judged))
    return { ...base, ...nobody, verdict: 'unknown', confidence: 'none' };
  switch (only.kind) {
    case 'change':
      return {
        ...base,
        verdict: 'ours-approved',
        person: only.change.approvedBy[0] ?? null,
        change: only.change.id,
        route: only.change.standing === null ? null : `standing approval ${only.change.standing}`,
        intent: leaves(only.change, entity, name, desired) ? 'corrective' : 'intentional',
        confidence:
          touchOfChange(only.change, { thing, entity, attribute: name, observed }) === 'did'
            ? 'certain'
            : 'likely',
      };
    case 'account':
      return {
        ...base,
        ...nobody,
        verdict: OUR_ACCOUNTS.has(only.name) ? 'ours-unapproved' : 'known-person',
        person: only.name,
        confidence: only.isExact ? 'certain' : 'likely',
      };
    case 'route':
      return { ...base, ...nobody, verdict: 'unknown', route: only.route, confidence: 'none' };
  }
}

/** Another account ran what nobody can read: whoever is left was perhaps left by that. */
function isInDoubt(only: Candidate, judged: readonly Judged[]): boolean {
  if (only.kind === 'change' || (only.kind === 'account' && only.isExact)) return false;
  const name = only.kind === 'account' ? only.name : null;
  return judged.some(({ event }) => event.act.kind === 'obscure' && event.account !== name);
}

function overlaps(
  { from, until }: RanChange['ran'][number],
  window: { readonly from: Instant; readonly until: Instant },
): boolean {
  return from <= window.until && (until ?? window.until) > window.from;
}

/** Text that any account may write counts only where the journal, which says who wrote it, could not be read. */
function believable(events: readonly TrailEvent[], trails: Cause['trails']): readonly TrailEvent[] {
  const hasJournal = trails.some(({ trail, status }) => trail === 'journal' && status === 'read');
  return hasJournal ? events.filter(({ forgeable }) => !forgeable) : events;
}

function touchOfEvent(thing: Thing, { act, source, account }: TrailEvent): Touch {
  switch (act.kind) {
    case 'session':
      return 'no';
    case 'obscure':
      return 'may';
    case 'write':
      return touchOfPath(thing, act.path, act.wrote);
    case 'package':
      if (thing.kind !== 'package') return 'may';
      return thing.name.split(':', 1)[0] === act.name ? 'did' : 'no';
    case 'shell':
      return touchOfShell(thing, act.text, '/', (words, cwd) => touchOfWords(thing, words, cwd));
    case 'command': {
      if (source === 'sudo' && account !== null && isOurRun(account, act.words)) return 'no';
      const touched = touchOfWords(thing, act.words, act.cwd);
      return act.asRoot || touched === 'no' ? touched : 'may';
    }
  }
}

/** Whether an event could have had to do with an entity, whatever of it. */
export function touchesEntity(entity: string, event: TrailEvent): boolean {
  return touchOfEvent(thingOf(entity, '*'), event) !== 'no';
}

/** The one way in of our runner: what came of it is in our own changes. */
function isOurRun(account: string, words: readonly string[]): boolean {
  return (
    OUR_ACCOUNTS.has(account) &&
    words.length === 1 &&
    /^\/usr\/local\/lib\/holdfast\/[A-Za-z0-9._+-]+\/(?:run|collect)$/.test(words[0] ?? '')
  );
}

function candidatesOf(
  thing: Thing,
  judged: readonly Judged[],
  changes: readonly RanChange[],
  ours: readonly { readonly change: RanChange; readonly touch: Touch | 'undone' }[],
  trails: Cause['trails'],
): readonly Candidate[] {
  const strongest = judged.reduce<Touch>((so, { touch }) => most(so, touch), 'no');
  const level: Touch =
    ours.some(({ touch }) => touch === 'did') || strongest === 'did' ? 'did' : 'shared';
  const found = new Map<string, Candidate>();
  const byChange = (change: RanChange): void =>
    void found.set(`change ${change.id}`, { kind: 'change', change });
  for (const { change, touch } of ours) if (touch === level) byChange(change);
  const doing = judged.filter(({ touch }) => touch === level);
  const exact = doing.filter(
    ({ event }) => event.source === 'auditd' && event.act.kind === 'write',
  );
  // Where the kernel wrote down who wrote there, what others' commands say is only words.
  const counted = exact.length > 0 ? exact : doing;
  for (const { event } of counted) {
    const change = changes.find((one) => one.ran.some((ran) => during(ran, event)));
    const isOwn = event.account !== null && OUR_ACCOUNTS.has(event.account);
    if (change !== undefined && isOwn) {
      byChange(change);
      continue;
    }
    if (
      event.act.kind === 'package' &&
      event.account === null &&
      hasSource(event, counted, [...found.values()])
    )
      continue;
    if (
      event.act.kind === 'command' &&
      thing.kind === 'package' &&
      !isBorneOut(thing, event, judged, trails)
    )
      continue;
    const candidate = candidateOf(event, exact.length > 0);
    found.set(
      candidate.kind === 'account'
        ? `account ${candidate.name}`
        : `route ${JSON.stringify(candidate)}`,
      candidate,
    );
  }
  return [...found.values()];
}

function during({ from, until }: RanChange['ran'][number], { at, within }: TrailEvent): boolean {
  return at + within >= from - SLACK && at <= (until ?? from + PACKAGE_LAG) + SLACK;
}

/** What dpkg wrote has its cause elsewhere: in apt, in a command, in a change of ours. Apt itself says who asked. */
function hasSource(
  event: TrailEvent,
  counted: readonly Judged[],
  found: readonly Candidate[],
): boolean {
  if (
    found.some((one) => one.kind === 'change' && one.change.ran.some((ran) => during(ran, event)))
  )
    return true;
  if (event.source !== 'dpkg') return false;
  return counted.some(
    ({ event: other }) =>
      (other.source === 'apt' &&
        event.at + event.within >= other.at &&
        event.at <= other.at + other.within) ||
      (other.act.kind === 'command' &&
        event.at + event.within > other.at &&
        event.at <= other.at + PACKAGE_LAG),
  );
}

/** A command that names a package and that no package log bears out did not come to anything. */
function isBorneOut(
  thing: Thing,
  command: TrailEvent,
  judged: readonly Judged[],
  trails: Cause['trails'],
): boolean {
  if (thing.attribute === 'held') return true;
  const isRead = trails.some(({ trail, status }) => trail === 'dpkg.log' && status === 'read');
  return (
    !isRead ||
    judged.some(
      ({ event, touch }) =>
        touch === 'did' &&
        event.source === 'dpkg' &&
        event.at + event.within > command.at &&
        event.at <= command.at + PACKAGE_LAG,
    )
  );
}

function candidateOf(event: TrailEvent, isExact: boolean): Candidate {
  const { account, source, act } = event;
  if (source === 'cron')
    return { kind: 'route', route: `cron job of ${account ?? 'nobody known'}` };
  if (account !== null && account !== 'root') return { kind: 'account', name: account, isExact };
  if (act.kind === 'package')
    return {
      kind: 'route',
      route: act.unattended ? 'package manager, unattended' : 'package manager',
    };
  return {
    kind: 'route',
    route: account === 'root' ? `as root, by ${source}` : `by ${source}, nobody named`,
  };
}

/** What did it, what may have, and who was there: in that order as far as there is room, then by time. */
function evidenceOf(
  judged: readonly Judged[],
  ours: readonly { readonly change: RanChange; readonly touch: Touch | 'undone' }[],
  changes: readonly RanChange[],
): readonly CauseEvidence[] {
  const rank = ({ event, touch }: Judged): number =>
    touch === 'did' ? 0 : touch === 'shared' ? 1 : touch === 'may' ? (names(event) ? 2 : 3) : 4;
  const fromChanges = ours
    .filter(({ touch }) => touch !== 'no')
    .map(({ change, touch }) => ({
      at: change.ran[0]?.from ?? (0 as Instant),
      source: 'change',
      says: saying(
        `${change.id}: ${change.action}, ${change.standing === null ? `approved by ${change.approvedBy.join(', ') || 'nobody'}` : `under ${change.standing}`}${touch === 'undone' ? '; what is there now is not what it left' : ''}`,
      ),
    }));
  const rest = judged
    .filter(({ event, touch }) => touch !== 'no' || event.act.kind === 'session')
    .filter(
      ({ event }) =>
        !(
          OUR_ACCOUNTS.has(event.account ?? '') &&
          event.act.kind === 'session' &&
          changes.length > 0
        ),
    )
    .toSorted((a, b) => rank(a) - rank(b) || b.event.at - a.event.at)
    .slice(0, Math.max(0, MOST_EVIDENCE - fromChanges.length))
    .map(({ event: { at, source, says } }) => ({ at, source, says }));
  return [...fromChanges, ...rest].slice(0, MOST_EVIDENCE).toSorted((a, b) => a.at - b.at);
}

function names({ account }: TrailEvent): boolean {
  return account !== null && account !== 'root';
}
