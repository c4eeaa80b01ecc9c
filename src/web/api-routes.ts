/** The HTTP API: one operation per POST, its description, and hints of what moved. */
import { Hono } from 'hono';
import { capabilitiesOf } from '#access';
import { asFault } from '#base/fault';
import { formatInstant } from '#base/time';
import { type Answer, type Call, mayAsk } from '#operations';
import { type Asker, askerOf } from './asker.ts';
import { readJson } from './body.ts';
import { challengeOf } from './challenge.ts';
import { clearCookie } from './cookie.ts';
import { refusal } from './faults.ts';
import { openApiOf } from './openapi.ts';
import { problemOf } from './problem.ts';
import { ceremonyIn } from './shown.ts';
import { readTraceparent, traceparent } from './trace.ts';
import type { Asked, Env, Ground } from './web.ts';

export function apiRoutes(ground: Ground): Hono<Env> {
  const app = new Hono<Env>();

  app.post('/operations/:name', async (asked) => {
    const asker = await admitted(asked, ground);
    const { head, incoming, site } = asked.env;
    const leave = ground.working.enter(asker.caller.session);
    const operation = asked.req.param('name');
    const traceId = readTraceparent(head.headers.get('traceparent'));
    const trace = traceId === undefined ? {} : { traceparent: traceparent(traceId, ground.random) };
    try {
      const limits = { bytes: ground.limits.bodyBytes, ms: ground.limits.bodyMs };
      const input = await readJson(incoming, head, limits, ground.clock);
      const { caller, person } = asker;
      const ceremony = ceremonyIn(head);
      const confirmed =
        person === null
          ? undefined
          : await ground.askers.confirmed(person, { operation, input }, ceremony);
      const trail = traceId === undefined ? {} : { traceId };
      const call = { operation, input, caller, confirmed, ...trail };
      return Response.json(await whileHere(ground, asker, asked, call), { headers: trace });
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.code === 'internal') ground.log.error('a call failed', thrown, { operation });
      const { status, headers, body } = problemOf(
        thrown,
        ground.clean,
        traceId === undefined ? {} : { traceId },
        (told) => challengeOf(told, head, site, ground.scopes),
      );
      const close = incoming.complete ? {} : { connection: 'close' };
      return Response.json(body, { status, headers: { ...trace, ...headers, ...close } });
    } finally {
      leave();
    }
  });

  app.get('/openapi.json', async (asked) => {
    const { caller } = await admitted(asked, ground);
    const { site } = asked.env;
    return Response.json(
      openApiOf(
        ground.operations.filter((each) => mayAsk(each, caller)),
        {
          origin: site.origin,
          version: ground.version,
        },
      ),
    );
  });

  app.get('/events', async (asked) => {
    const asker = await admitted(asked, ground);
    return new Response(ground.hints.follow(asker, asked.env.gone), {
      headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
    });
  });

  app.get('/session', async (asked) => {
    const { person } = await admitted(asked, ground);
    if (person === null)
      throw refusal('sign-in-needed', 'a lease is no session: sign in to the console');
    const { session, reach } = person;
    const { origin } = asked.env.site;
    return Response.json({
      operator: session.operator,
      name: person.name,
      method: session.method,
      since: formatInstant(session.createdAt),
      expiresAt: formatInstant(session.expiresAt),
      holds: person.holds,
      capabilities: capabilitiesOf(reach),
      reach: { parts: reach },
      limit: person.limit,
      breakGlass:
        person.breakGlass === null
          ? null
          : {
              reason: person.breakGlass.reason,
              expiresAt: formatInstant(person.breakGlass.expiresAt),
            },
      keys: person.keys,
      origin,
      rpId: new URL(origin).hostname,
    });
  });

  app.delete('/session', async (asked) => {
    const { person } = await admitted(asked, ground);
    const { head, site } = asked.env;
    if (person !== null)
      await ground.signIn?.signOut(person.session, {
        address: head.address,
        userAgent: head.headers.get('user-agent') ?? '',
      });
    return new Response(null, {
      status: 204,
      headers: { 'set-cookie': clearCookie(site.origin) },
    });
  });
  return app;
}

/** Who asks, within their rate. */
export async function admitted({ env: { head, site } }: Asked, ground: Ground): Promise<Asker> {
  const asker = await askerOf(head, site, ground.askers);
  ground.requests.take(asker.caller.session);
  return asker;
}

/**
 * The answer, as long as whoever asked is still somebody: it is told to nobody whose session or lease was taken back
 * meanwhile. A look is stopped then; what was begun on the change road goes on.
 */
async function whileHere(
  ground: Ground,
  asker: Asker,
  { env: { gone } }: Asked,
  call: Call,
): Promise<Answer> {
  const answer = await ground.hints.whileHere(asker, gone, (signal) =>
    ground.perform({ ...call, signal }),
  );
  if (answer !== undefined) return answer;
  const asked = ground.operations.find(({ name }) => name === call.operation);
  throw refusal(
    asker.person === null ? 'bearer-refused' : 'sign-in-needed',
    asked?.effect === 'look'
      ? 'it ended while this was asked: the look was stopped, and nothing of it is answered'
      : 'it ended while this was asked: what was begun may have been done, and a change that was dispatched goes on under its own record. Look before asking again',
  );
}
