import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '#base/time';
import { nodeClock } from '#machine';
import type { Answer, Call } from '#operations';
import { BEARER, METRICS_BEARER, openRig, type Rig, SCOPELESS_BEARER } from './samples.ts';

const json = { 'content-type': 'application/json' };
const lease = { authorization: `Bearer ${BEARER}` };
const SCOPES = {
  leastScope: 'holdfast:observer',
  scopeWith: (capability: string) =>
    capability === 'facts.read' ? 'holdfast:diagnostician' : undefined,
};

/** `Bearer realm="holdfast", error="…"` as its parameters. */
function parameters(challenge: unknown): Record<string, string> {
  assert.match(String(challenge), /^Bearer [a-z_]+="[^"\\]*"(, [a-z_]+="[^"\\]*")*$/);
  const found = String(challenge).matchAll(/([a-z_]+)="([^"]*)"/g);
  return Object.fromEntries(Array.from(found, ([, name, value]) => [name ?? '', value ?? '']));
}

const query = (rig: Rig, headers: Record<string, string>, body = '{}') =>
  rig.ask('POST', '/api/v1/operations/query_facts', { headers: { ...json, ...headers }, body });

describe('a refusal of whoever asks', () => {
  it('says where to go, and what is wrong only where something came (RFC 6750, RFC 9728)', async () => {
    await using rig = await openRig({ scopes: SCOPES });
    const there = {
      realm: 'holdfast',
      scope: 'holdfast:observer',
      resource_metadata: `${rig.origin}/.well-known/oauth-protected-resource/api/v1`,
    };
    const unknown = { authorization: `Bearer ${'x'.repeat(40)}` };
    for (const [method, path] of [
      ['POST', '/api/v1/operations/query_facts'],
      ['GET', '/api/v1/events'],
      ['GET', '/api/v1/openapi.json'],
      ['GET', '/api/v1/session'],
    ] as const) {
      const naked = await rig.ask(method, path, { headers: json });
      assert.equal(naked.status, 401, path);
      assert.deepEqual(parameters(naked.headers['www-authenticate']), there, path);
      for (const wrong of [unknown, { authorization: 'Basic YTpi' }]) {
        const refused = await rig.ask(method, path, { headers: { ...json, ...wrong } });
        assert.equal(refused.status, 401, path);
        const said = parameters(refused.headers['www-authenticate']);
        assert.deepEqual(said, { ...there, error: 'invalid_token' }, path);
      }
    }
  });

  it('says which scope would do, where a good bearer does not reach', async () => {
    await using rig = await openRig({ scopes: SCOPES });
    const told = async (headers: Record<string, string>, body?: string) => {
      const { status, headers: answered } = await query(rig, headers, body);
      assert.equal(status, 403);
      return parameters(answered['www-authenticate']);
    };
    const none = await told({ authorization: `Bearer ${SCOPELESS_BEARER}` });
    assert.deepEqual([none['error'], none['scope']], ['insufficient_scope', 'holdfast:observer']);
    const wider = await told(lease, '{"say":"too narrow"}');
    assert.deepEqual(
      [wider['error'], wider['scope']],
      ['insufficient_scope', 'holdfast:diagnostician'],
    );
    assert.match(wider['resource_metadata'] ?? '', /\/api\/v1$/);
    const metrics = await rig.ask('GET', '/metrics', { headers: lease });
    const said = parameters(metrics.headers['www-authenticate']);
    assert.deepEqual(
      [metrics.status, said['error'], said['scope']],
      [403, 'insufficient_scope', undefined],
    );
    assert.equal(
      (await rig.ask('GET', '/metrics', { headers: { authorization: `Bearer ${METRICS_BEARER}` } }))
        .status,
      200,
    );
  });

  it('says nothing of bearers to a person, nor where the refusal is about something else', async () => {
    await using rig = await openRig({ scopes: SCOPES });
    const page = { origin: rig.origin, 'x-holdfast': '1', 'sec-fetch-site': 'same-origin' };
    const cookie = await rig.signedIn();
    for (const [headers, body] of [
      [{ ...page, cookie }, '{"say":"too narrow"}'],
      [lease, '{"say":"refuse"}'],
    ] as const) {
      const { status, headers: answered } = await query(rig, headers, body);
      assert.deepEqual([status, answered['www-authenticate']], [403, undefined]);
    }
  });

  it('names no scope where nobody gives tokens', async () => {
    await using rig = await openRig();
    const said = parameters((await query(rig, {})).headers['www-authenticate']);
    assert.deepEqual(Object.keys(said).toSorted(), ['realm', 'resource_metadata']);
  });
});

describe('whoever is not here any more', () => {
  const until = async (said: () => boolean): Promise<void> => {
    for (let i = 0; i < 100 && !said(); i++) await sleep(10);
  };
  /** Ends only when its signal says so. */
  const hanging =
    (seen: AbortSignal[]) =>
    (call: Call): Promise<Answer> =>
      new Promise((_, reject) => {
        assert.ok(call.signal !== undefined);
        seen.push(call.signal);
        call.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      });

  it('has the call stopped that they asked for: taken back, over, or gone away', async () => {
    const seen: AbortSignal[] = [];
    await using rig = await openRig({ perform: hanging(seen) });
    const away = new AbortController();
    const left = fetch(`http://127.0.0.1:${rig.port}/api/v1/operations/query_facts`, {
      method: 'POST',
      headers: { ...json, ...lease },
      body: '{}',
      signal: away.signal,
    });
    await until(() => seen.length === 1);
    assert.equal(seen[0]?.aborted, false);
    away.abort();
    await assert.rejects(left);
    await until(() => seen[0]?.aborted === true);
    assert.equal(seen[0]?.aborted, true, 'gone away');
    const asked = query(rig, lease);
    await until(() => seen.length === 2);
    rig.revoke();
    const { status, text } = await asked;
    assert.equal(status, 401);
    assert.match(text, /the look was stopped/);
    assert.equal(seen[1]?.aborted, true, 'taken back');
  });

  it('is nobody from the moment when the bearer is over, mid-call and mid-stream', async () => {
    const seen: AbortSignal[] = [];
    const endsAt = (nodeClock().now() + 1_000_000) as Instant;
    await using rig = await openRig({ endsAt, perform: hanging(seen) });
    const begun = performance.now();
    const stream = await fetch(`http://127.0.0.1:${rig.port}/api/v1/events`, { headers: lease });
    const [{ status }] = await Promise.all([query(rig, lease), stream.text()]);
    assert.equal(status, 401);
    assert.equal(seen[0]?.aborted, true);
    const took = performance.now() - begun;
    assert.ok(took > 800 && took < 3_000, `${took} ms`);
  });
});
