/**
 * Signing in and invitations: what the browser said goes to `#signin` as it came, and what comes back goes out, but
 * for the secret of a session, which goes into the cookie. A session that was there before ends with a new one.
 */
import { Hono } from 'hono';
import { asFault, Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import { formatInstant } from '#base/time';
import type { From, Person, SignedIn, SignIn } from '#signin';
import { admitted } from './api-routes.ts';
import { readObject } from './body.ts';
import { behindCookie, clearCookie, cookieName, readCookie, setCookie } from './cookie.ts';
import { refusal } from './faults.ts';
import { mustBeOwnPage } from './head.ts';
import { addressKey } from './rate.ts';
import { clearRefused, readRefused, setRefused } from './refused-cookie.ts';
import { ceremonyIn, pageKeyIn, shownIn } from './shown.ts';
import type { Asked, Env, Ground } from './web.ts';

/** Signing in at the team's identity provider. `binding` ties what comes back to the browser that went. */
export type OidcDoor = {
  /** `pageKey`: of the page that goes, and comes back with the session. */
  start(pageKey: string): Promise<{ readonly location: string; readonly binding: string }>;
  finish(
    query: string,
    binding: string | undefined,
  ): Promise<{
    readonly operator: string;
    readonly groups: readonly string[];
    readonly pageKey: string;
  }>;
};

/** Of what a provider sends somebody back with. */
const MOST_BROUGHT = 8_192;

export function signInRoutes(ground: Ground): Hono<Env> {
  const app = new Hono<Env>();
  const { oidc } = ground;

  app.get('/sign-in', ({ env: { site, head } }) => {
    const refused = readRefused(head.headers.get('cookie'), site.origin);
    return Response.json(
      {
        methods:
          ground.signIn === undefined
            ? []
            : ['passkey', 'recovery', ...(oidc === undefined ? [] : ['oidc'])],
        origin: site.origin,
        rpId: new URL(site.origin).hostname,
        refused,
      },
      refused === null ? {} : { headers: { 'set-cookie': clearRefused(site.origin) } },
    );
  });
  app.post('/sign-in/passkey/options', (asked) =>
    attempt(asked, ground, async (signIn) => Response.json(await signIn.passkey.options())),
  );
  app.post('/sign-in/passkey/verify', (asked) =>
    attempt(asked, ground, async (signIn, given, from) =>
      begun(asked, ground, await signIn.passkey.verify(given, from)),
    ),
  );
  app.post('/sign-in/recovery', (asked) =>
    attempt(asked, ground, async (signIn, given, from) =>
      begun(
        asked,
        ground,
        await signIn.recovery(text(given, 'operator'), text(given, 'code'), from),
      ),
    ),
  );

  // Asked by the page, which brings its key: a link that somebody else made would bring theirs.
  app.post('/sign-in/oidc/start', async ({ env: { head, site } }) => {
    if (oidc === undefined) throw noProvider();
    mustBeOwnPage(head, site);
    ground.attempts.take(addressKey(head.address));
    const pageKey = pageKeyIn(head);
    if (pageKey === undefined)
      throw new Fault('invalid', 'invalid-input', 'the page brought no key: reload the console');
    const { location, binding } = await oidc.start(pageKey);
    // Not Strict: the way back leads here from the provider's own site.
    const cookie = `${setCookie(binding, site.origin, '-oidc', 'Lax')}; Max-Age=600`;
    return Response.json({ location }, { headers: { 'set-cookie': cookie } });
  });
  // Whoever comes back shows a cookie, and that may be anybody's: the page that went shows that it has the key it brought.
  app.get('/sign-in/oidc/callback', ({ env: { head } }) => {
    if (oidc === undefined) throw noProvider();
    const brought = head.query.slice(0, MOST_BROUGHT);
    return new Response(null, { status: 303, headers: { location: `/#oidc:${brought}` } });
  });
  app.post('/sign-in/oidc/finish', (asked) =>
    visit(asked, ground, async (door, { head, site }) => {
      const name = cookieName(site.origin, '-oidc');
      const binding = readCookie(head.headers.get('cookie'), name);
      const query = text(await given(asked, ground), 'query');
      const { pageKey, ...vouched } = await door.finish(query, binding);
      const signed = await mustSignIn(ground).vouched(
        vouched,
        { ...fromOf(asked), pageKey },
        shownIn(head),
      );
      const answer = Response.json({ isSignedIn: true });
      answer.headers.append('set-cookie', clearCookie(site.origin, '-oidc'));
      answer.headers.append('set-cookie', await rotated(asked, ground, signed));
      return answer;
    }),
  );

  app.post('/invitation/open', (asked) =>
    attempt(asked, ground, async (signIn, given) => {
      const { expiresAt, ...open } = await signIn.invitation.open(text(given, 'code'));
      return Response.json({ ...open, expiresAt: formatInstant(expiresAt) });
    }),
  );
  app.post('/invitation/options', (asked) =>
    attempt(asked, ground, async (signIn, given) =>
      Response.json(await signIn.invitation.options(text(given, 'code'))),
    ),
  );
  app.post('/invitation/register', (asked) =>
    attempt(asked, ground, async (signIn, given, from) =>
      Response.json(
        await signIn.invitation.register(
          text(given, 'code'),
          given['response'],
          text(given, 'label'),
          from,
        ),
      ),
    ),
  );
  app.post('/invitation/finish', (asked) =>
    attempt(asked, ground, async (signIn, given, from) => {
      const finished = await signIn.invitation.finish(
        text(given, 'code'),
        { order: text(given, 'order'), signature: text(given, 'signature') },
        from,
      );
      const { recoveryCodes, config } = finished;
      return begun(asked, ground, finished, { recoveryCodes, config });
    }),
  );
  app.post('/invitation/own', (asked) =>
    asPerson(asked, ground, async (signIn, { session }) => {
      const ceremony = ceremonyIn(asked.env.head);
      const { code, expiresAt } = await signIn.invitation.own(session, ceremony, fromOf(asked));
      return Response.json({ code, expiresAt: formatInstant(expiresAt) });
    }),
  );

  app.post('/confirm/options', (asked) =>
    asPerson(asked, ground, async (signIn, { session }) =>
      Response.json(await signIn.confirm.options(session)),
    ),
  );
  app.post('/break-glass/open', (asked) =>
    asPerson(asked, ground, async (signIn, { session }, given) => {
      const minutes = given['minutes'];
      if (typeof minutes !== 'number') throw missing('minutes');
      const glass = await signIn.breakGlass.open(session, {
        reason: text(given, 'reason'),
        minutes,
        ceremony: ceremonyIn(asked.env.head),
      });
      return Response.json({ reason: glass.reason, expiresAt: formatInstant(glass.expiresAt) });
    }),
  );
  app.post('/break-glass/close', (asked) =>
    asPerson(asked, ground, async (signIn, { session }) =>
      Response.json({ closed: await signIn.breakGlass.close(session) }),
    ),
  );
  return app;
}

/** Whoever came from elsewhere stands before a page that begins: what is refused is told where they sign in. */
async function visit(
  asked: Asked,
  ground: Ground,
  act: (door: OidcDoor, env: Asked['env']) => Promise<Response>,
): Promise<Response> {
  const { env } = asked;
  const { oidc, clean, log } = ground;
  if (oidc === undefined) throw noProvider();
  mustBeOwnPage(env.head, env.site);
  ground.attempts.take(addressKey(env.head.address));
  try {
    return await act(oidc, env);
  } catch (thrown) {
    const { code } = asFault(thrown);
    if (code === 'internal') log.error('signing in elsewhere failed', thrown);
    ground.metrics.refused(code);
    return Response.json(
      { isSignedIn: false },
      { headers: { 'set-cookie': setRefused(thrown, env.site.origin, clean) } },
    );
  }
}

/** Somebody whom we do not know yet: a page of ours, within the attempts of an address. */
async function attempt(
  asked: Asked,
  ground: Ground,
  act: (signIn: SignIn, given: JsonObject, from: From) => Promise<Response>,
): Promise<Response> {
  const { head, site } = asked.env;
  mustBeOwnPage(head, site);
  ground.attempts.take(addressKey(head.address));
  const signIn = mustSignIn(ground);
  return act(signIn, await given(asked, ground), fromOf(asked));
}

async function asPerson(
  asked: Asked,
  ground: Ground,
  act: (signIn: SignIn, person: Person, given: JsonObject) => Promise<Response>,
): Promise<Response> {
  const { person } = await admitted(asked, ground);
  if (person === null)
    throw refusal('sign-in-needed', 'this is for people: sign in to the console');
  return act(mustSignIn(ground), person, await given(asked, ground));
}

function given({ env: { incoming, head } }: Asked, { limits, clock }: Ground): Promise<JsonObject> {
  return readObject(incoming, head, { bytes: limits.signInBytes, ms: limits.bodyMs }, clock);
}

async function begun(
  asked: Asked,
  ground: Ground,
  signed: SignedIn,
  more: JsonObject = {},
): Promise<Response> {
  const cookie = await rotated(asked, ground, signed);
  const { session, limit } = signed;
  return Response.json(
    { operator: session.operator, expiresAt: formatInstant(session.expiresAt), limit, ...more },
    { headers: { 'set-cookie': cookie } },
  );
}

/** The new session's cookie; the session that this browser had before is over. */
async function rotated(
  asked: Asked,
  { signIn }: Ground,
  { secret, session }: SignedIn,
): Promise<string> {
  const { head, site } = asked.env;
  const shown = shownIn(head);
  // A cookie that was planted here ends nobody's session: it comes without the proof of its page.
  const person = await behindCookie(head.headers.get('cookie'), site.origin, async (before) =>
    signIn?.whoIs(before, shown),
  ).catch(() => undefined);
  if (person !== undefined && person !== null && person.session.id !== session.id)
    await signIn?.signOut(person.session, fromOf(asked));
  return setCookie(secret, site.origin);
}

function mustSignIn({ signIn }: Ground): SignIn {
  if (signIn === undefined)
    throw refusal('not-available-here', 'nobody signs in here: this service keeps no identities');
  return signIn;
}

function noProvider(): Error {
  return refusal(
    'no-such-page',
    'no identity provider is configured: name one with oidc in server.yaml',
  );
}

function fromOf({ env: { head } }: Asked): From {
  return {
    address: head.address,
    userAgent: (head.headers.get('user-agent') ?? '').slice(0, 300),
    pageKey: pageKeyIn(head),
  };
}

function text(given_: JsonObject, name: string): string {
  const value = given_[name];
  if (typeof value !== 'string' || value === '') throw missing(name);
  return value;
}

function missing(name: string): Error {
  return new Fault('invalid', 'invalid-input', `${name} is missing: add it to the body`);
}
