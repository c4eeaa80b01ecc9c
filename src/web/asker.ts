/** Who asks: the person behind the cookie of a session, or the assistant behind a bearer. Nothing else says who. */
import type { Reach } from '#access';
import type { Json } from '#base/json';
import { type Instant, LATEST } from '#base/time';
import type { Caller, Confirmed } from '#operations';
import type { Ceremony, Person, Shown } from '#signin';
import { behindCookie } from './cookie.ts';
import { refusal } from './faults.ts';
import { type Head, mustBeOwnPage, type Site } from './head.ts';
import { shownIn } from './shown.ts';

/** A lease as the API sees it. */
export type Leased = {
  readonly caller: Caller;
  /** Nobody from then on. */
  readonly endsAt?: Instant;
  /** At this moment, also for whoever issued it; `undefined`: it is nobody's any more. */
  readonly reachNow: () => Promise<Reach | undefined>;
};

export type Askers = {
  /** Who is behind the secret of a session now; `undefined`: nobody any more. Takes the proof: once for each request. */
  readonly person: (secret: string, shown: Shown) => Promise<Person | undefined>;
  /** With which passkey this person confirmed this call, if with any. Throws for a ceremony that is not good for it. */
  readonly confirmed: (
    person: Person,
    call: { readonly operation: string; readonly input: Json },
    ceremony: Ceremony | undefined,
  ) => Promise<Confirmed | undefined>;
  /** By what is in force at this moment; `undefined`: nobody any more. */
  readonly reachOfPerson: (sessionId: string) => Promise<Reach | undefined>;
  /** Who is behind a bearer now; `no-scope`: somebody, who may do nothing with it here. */
  readonly leased: (bearer: string) => Promise<Leased | 'no-scope' | undefined>;
  /** Called whenever a session or a lease may have ended. */
  readonly onEnd: (listener: () => void) => void;
};

export type Asker = {
  readonly caller: Caller;
  readonly person: Person | null;
  readonly endsAt: Instant;
  /** For what stays open: the reach of this moment, which is never that of the request. `undefined`: nobody any more. */
  readonly reachNow: () => Promise<Reach | undefined>;
};

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]{20,4096}=*)$/i;

/** Throws where nobody stands behind the request. A bearer that is refused is not made up for by a cookie. */
export async function askerOf(head: Head, site: Site, askers: Askers): Promise<Asker> {
  const header = head.headers.get('authorization');
  if (header !== undefined) return leasedAsker(header, askers);
  const shown = shownIn(head);
  const person = await behindCookie(head.headers.get('cookie'), site.origin, (secret) => {
    mustBeOwnPage(head, site);
    return askers.person(secret, shown);
  });
  if (person === null)
    throw refusal(
      'sign-in-needed',
      'nobody is signed in: sign in to the console, or send a lease as a bearer',
    );
  if (person === undefined) throw refusal('sign-in-needed', 'the session is over: sign in again');
  return {
    caller: callerOf(person),
    person,
    endsAt: person.session.expiresAt,
    reachNow: () => askers.reachOfPerson(person.session.id),
  };
}

async function leasedAsker(header: string, askers: Askers): Promise<Asker> {
  const bearer = BEARER.exec(header)?.[1];
  const leased = bearer === undefined ? undefined : await askers.leased(bearer);
  if (leased === undefined)
    throw refusal(
      'bearer-refused',
      'the bearer is unknown, revoked or over: ask an operator for a lease',
    );
  if (leased === 'no-scope')
    throw refusal(
      'scope-needed',
      'the token has no scope, or none alone, that is known here: ask for one that the metadata of this resource lists',
    );
  return {
    caller: leased.caller,
    person: null,
    endsAt: leased.endsAt ?? LATEST,
    reachNow: leased.reachNow,
  };
}

function callerOf({ session, holds, reach }: Person): Caller {
  const principal = `operator:${session.operator}@console`;
  return {
    principal,
    onBehalfOf: principal,
    surface: 'console',
    profile: holds,
    session: `session:${session.id}`,
    reach,
  };
}
