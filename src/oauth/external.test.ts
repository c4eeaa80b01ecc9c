import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import {
  base64url,
  exportJWK,
  type GenerateKeyPairResult,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { capabilitiesOf, PROFILES, reachOf } from '#access';
import { type Log, silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import { instant } from '#base/time';
import { DEFAULT_SCOPE as SCOPE } from '#model';
import { vouchedOf } from './claims.ts';
import { type ExternalOptions, externalTokens, type VerifyToken } from './external.ts';
import { operatorBehind } from './person.ts';
import type { OAuthPerson, Vouched } from './protocol.ts';

const ISSUER = 'https://id.example';
const MCP = 'https://holdfast.example/mcp';
const NOON = instant('2026-03-01T12:00:00Z');
const seconds = NOON / 1_000_000;

let monotonicMs = 0;
const clock: Clock = { now: () => NOON, monotonicMs: () => monotonicMs, sleep: async () => {} };
const KEYS = new Map<string, GenerateKeyPairResult>();
let served: Record<string, unknown>;
let asked: string[];
let people: Map<string, OAuthPerson>;
let verify: VerifyToken;
let verifier: (how?: Partial<ExternalOptions>) => VerifyToken;

before(async () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA', 'ES384'])
    KEYS.set(alg, await generateKeyPair(alg, { extractable: true }));
  KEYS.set('stranger', await generateKeyPair('ES256'));
});

beforeEach(async () => {
  const keys = await Promise.all(
    ['RS256', 'PS256', 'ES256', 'EdDSA', 'ES384'].map(async (alg) => ({
      ...(await exportJWK(KEYS.get(alg)?.publicKey as CryptoKey)),
      kid: alg,
      alg,
      use: 'sig',
    })),
  );
  served = {
    [`${ISSUER}/.well-known/openid-configuration`]: { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` },
    [`${ISSUER}/keys`]: { keys },
  };
  asked = [];
  people = new Map([
    ['two', { operator: 'two', name: 'Two', reach: reachOf('operator') }],
    ['ada', { operator: 'ada', name: 'Ada', reach: reachOf('operator') }],
    [
      'bea',
      {
        operator: 'bea',
        name: 'Bea',
        reach: [
          {
            capabilities: ['facts.read', 'inventory.read'],
            scopes: [SCOPE],
            targets: { ids: [], tags: ['dns'] },
            ceiling: 'T1',
          },
        ],
      },
    ],
  ]);
  const operators = [
    { id: 'ada', accounts: [`oidc:${ISSUER}#123`] },
    { id: 'bea', accounts: ['mailto:bea@example.org'] },
    { id: 'two', accounts: [`oidc:${ISSUER}#twice`] },
    { id: 'too', accounts: [`oidc:${ISSUER}#twice`] },
  ];
  const options: ExternalOptions = {
    issuer: ISSUER,
    tokens: 'rfc9068',
    audience: null,
    ownClient: null,
    groups: 'groups',
    personOf: async (vouched: Vouched) => people.get(operatorBehind(operators, vouched) ?? ''),
    fetch: async (input) => {
      const url = input instanceof Request ? input.url : input.toString();
      asked.push(url);
      const found = served[url];
      return found === undefined ? new Response('', { status: 404 }) : Response.json(found);
    },
    clock,
    log: silentLog,
  };
  verifier = (how = {}) => externalTokens({ ...options, ...how });
  verify = verifier();
});

const GOOD = {
  iss: ISSUER,
  aud: MCP,
  sub: '123',
  client_id: 'agent-7',
  jti: 'token-1',
  scope: 'openid holdfast:observer',
  iat: seconds - 10,
  exp: seconds + 600,
};

function signed(
  claims: JWTPayload & Record<string, unknown> = {},
  {
    alg = 'ES256',
    key = alg,
    typ = 'at+jwt',
  }: { alg?: string; key?: string; typ?: string | undefined } = {},
): Promise<string> {
  const all = Object.fromEntries(
    Object.entries({ ...GOOD, ...claims }).filter(([, value]) => value !== undefined),
  );
  return new SignJWT(all)
    .setProtectedHeader({ alg, kid: alg, typ })
    .sign(KEYS.get(key)?.privateKey as CryptoKey);
}

describe('a token of the identity provider', () => {
  it('speaks for its person, through its client, and reaches no further than its scope', async () => {
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      const found = await verify(await signed({}, { alg }), MCP);
      assert.ok(typeof found === 'object', alg);
      assert.equal(found.principal, 'oauth:agent-7');
      assert.equal(found.onBehalfOf, 'operator:ada@console');
      assert.equal(found.profile, 'observer');
      assert.equal(found.resource, MCP);
      assert.equal(found.expiresAt, NOON + 600_000_000);
      assert.deepEqual(
        [...capabilitiesOf(found.reach)].toSorted(),
        [...PROFILES.observer].toSorted(),
      );
    }
  });

  it('reaches no further than its person, whatever its scope', async () => {
    const claims = { sub: 'other', email: 'Bea@example.org', email_verified: true };
    const found = await verify(await signed({ ...claims, scope: 'holdfast:assistant' }), MCP);
    assert.ok(typeof found === 'object');
    const [part, ...further] = found.reach;
    assert.deepEqual(further, []);
    assert.deepEqual([...(part?.capabilities ?? [])].toSorted(), ['facts.read', 'inventory.read']);
    assert.deepEqual(part?.scopes, [SCOPE]);
    assert.deepEqual(part?.targets, { ids: [], tags: ['dns'] });
    assert.equal(part?.ceiling, 'T1');
    assert.equal(await verify(await signed({ ...claims, email_verified: false }), MCP), undefined);
    assert.equal(await verify(await signed({ ...claims, email_verified: 'true' }), MCP), undefined);
  });

  it('keeps what one client does apart from what another does for the same person', async () => {
    const ids = await Promise.all(
      [{}, { client_id: 'agent-8' }, { jti: 'another' }].map(async (claims) => {
        const found = await verify(await signed(claims), MCP);
        return typeof found === 'object' ? `${found.subject} ${found.client}` : found;
      }),
    );
    assert.notEqual(ids[0], ids[1]);
    assert.equal(ids[0], ids[2]);
  });

  const REFUSED: Readonly<Record<string, Parameters<typeof signed>>> = {
    'of another issuer': [{ iss: 'https://other.example' }],
    'of an issuer with a slash more': [{ iss: `${ISSUER}/` }],
    'for another resource': [{ aud: 'https://holdfast.example/api' }],
    'for the whole server': [{ aud: 'https://holdfast.example' }],
    'for nobody': [{ aud: undefined as never }],
    'that is over': [{ exp: seconds }],
    'without an end': [{ exp: undefined as never }],
    'with an end that is no number': [{ exp: '9999999999' as never }],
    'that begins later': [{ nbf: seconds + 120 }],
    'that was made later': [{ iat: seconds + 120 }],
    'without its making': [{ iat: undefined as never }],
    'longer than the longest lease': [{ iat: seconds - 10, exp: seconds + 86_400 }],
    'of a person who is no operator': [{ sub: '999' }],
    'of a person whom two operators list': [{ sub: 'twice' }],
    'of a subject with blanks': [{ sub: '123 ' }],
    'without a client': [{ client_id: undefined as never }],
    'of a client with control characters': [{ client_id: 'a\u001b[31m' }],
    'that is an ID token by its type': [{}, { typ: 'id+jwt' }],
    'that does not say that it is an access token (RFC 9068, 4)': [{}, { typ: 'JWT' }],
    'without a name of its own (RFC 9068, 2.2)': [{ jti: undefined as never }],
    'with a name that no list could show': [{ jti: 'a b' }],
    'signed in a way that is not on the list': [{}, { alg: 'ES384' }],
    'that is bound to a key of its client (RFC 9449, 6.1)': [{ cnf: { jkt: 'x' } }],
    'of a clock that is too far ahead': [{ iat: seconds + 61 }],
    'that begins too far ahead': [{ nbf: seconds + 61 }],
    'that is over by the smallest bit': [{ exp: seconds - 0.000_001 }],
    'of a logout': [{}, { typ: 'logout+jwt' }],
    'signed with another key': [{}, { key: 'stranger' }],
  };
  for (const [name, given] of Object.entries(REFUSED))
    it(`is refused: ${name}`, async () => {
      assert.equal(await verify(await signed(...given), MCP), undefined);
    });

  it('names nobody whom an account could not name', () => {
    for (const sub of ['123 ', '', 'a\nb', 'x'.repeat(129), 7, undefined])
      assert.equal(vouchedOf({ sub }, ISSUER, null), undefined, String(sub));
    assert.deepEqual(vouchedOf({ sub: '123' }, ISSUER, null)?.accounts, [`oidc:${ISSUER}#123`]);
  });

  it('is good and of no use with no scope of ours, an unknown one, or several', async () => {
    for (const scope of [
      undefined,
      'openid',
      'holdfast:owner',
      'holdfast:operator',
      'holdfast:constructor',
      'holdfast:observer holdfast:assistant',
      'holdfast:observer holdfast:owner',
    ])
      assert.equal(await verify(await signed({ scope }), MCP), 'no-scope', scope ?? 'none');
  });

  it('is refused unsigned, with a secret, and changed', async () => {
    const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
    const none = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(GOOD)}.`;
    const secret = await new SignJWT(GOOD)
      .setProtectedHeader({ alg: 'HS256', kid: 'RS256', typ: 'at+jwt' })
      .sign(new TextEncoder().encode(JSON.stringify(served[`${ISSUER}/keys`])));
    const [header = '', , signature = ''] = (await signed()).split('.');
    const changed = `${header}.${encode({ ...GOOD, scope: 'holdfast:assistant' })}.${signature}`;
    for (const token of [none, secret, changed, `${await signed()}x`, 'a.b.c', ''])
      assert.equal(await verify(token, MCP), undefined);
  });

  it('is taken from a clock that is a minute off, and no more', async () => {
    for (const claims of [{ iat: seconds + 60 }, { nbf: seconds + 60 }, { exp: seconds + 1 }])
      assert.ok(typeof (await verify(await signed(claims), MCP)) === 'object');
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt'])
      assert.ok(typeof (await verify(await signed({}, { typ }), MCP)) === 'object', typ);
  });

  it('follows its issuer to new keys, and leaves the old ones behind', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
    const [, , es256] = (served[`${ISSUER}/keys`] as { keys: object[] }).keys;
    const next = await generateKeyPair('ES256', { extractable: true });
    const rotated = { ...(await exportJWK(next.publicKey)), kid: 'next', alg: 'ES256', use: 'sig' };
    const byNext = await new SignJWT(GOOD)
      .setProtectedHeader({ alg: 'ES256', kid: 'next', typ: 'at+jwt' })
      .sign(next.privateKey);
    const takes = async (token: string) => typeof (await verify(token, MCP)) === 'object';
    served[`${ISSUER}/keys`] = { keys: [es256] };
    const old = await signed();
    assert.deepEqual([await takes(old), await takes(byNext)], [true, false]);
    served[`${ISSUER}/keys`] = { keys: [rotated] };
    t.mock.timers.tick(31_000);
    assert.deepEqual([await takes(byNext), await takes(old)], [true, false]);
  });

  it('is not good for longer than ten minutes after its key was withdrawn', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
    const token = await signed();
    assert.ok(typeof (await verify(token, MCP)) === 'object');
    served[`${ISSUER}/keys`] = { keys: [] };
    t.mock.timers.tick(601_000);
    assert.equal(await verify(token, MCP), undefined);
  });

  it('asks nobody about what is no token, and does not ask again and again', async () => {
    await verify('hf_lease_0123456789', MCP);
    await verify('x'.repeat(20_000), MCP);
    assert.equal(asked.length, 0);
    for (let i = 0; i < 5; i++) await verify(await signed(), MCP);
    for (let i = 0; i < 5; i++) await verify(await signed({}, { key: 'stranger' }), MCP);
    assert.equal(asked.filter((url) => url.endsWith('/keys')).length, 1);
    assert.equal(asked.filter((url) => url.includes('well-known')).length, 1);
  });

  it('believes no document that names another issuer, or keys without TLS', async () => {
    const place = `${ISSUER}/.well-known/openid-configuration`;
    for (const document of [
      { issuer: 'https://evil.example', jwks_uri: `${ISSUER}/keys` },
      { issuer: ISSUER, jwks_uri: 'http://id.example/keys' },
      { issuer: ISSUER },
      ['no', 'object'],
    ]) {
      served[place] = document;
      monotonicMs += 3_600_000;
      assert.equal(await verify(await signed(), MCP), undefined, JSON.stringify(document));
      assert.ok(!asked.some((url) => url.endsWith('/keys')));
    }
  });

  it('is the same person tomorrow, and nobody once they were taken out', async () => {
    const token = await signed();
    assert.ok(typeof (await verify(token, MCP)) === 'object');
    people.delete('ada');
    assert.equal(await verify(token, MCP), undefined);
  });
});

/** As documentation of providers shows them, with our scope and audience; not tried against the real services. */
const PROVIDERS: Readonly<Record<string, Record<string, unknown>>> = {
  keycloak: {
    client_id: undefined,
    azp: 'agent-7',
    typ: 'Bearer',
    aud: [MCP, 'account'],
    jti: 'onrtac:5e1b',
    sid: 'x',
    auth_time: seconds,
    scope: 'openid holdfast:observer',
  },
  entra: {
    client_id: undefined,
    azp: 'agent-7',
    azpacr: '1',
    jti: undefined,
    uti: 'x',
    ver: '2.0',
    scope: undefined,
    scp: 'holdfast:observer',
    aud: 'api-guid',
    tid: 't',
    oid: 'o',
  },
  okta: {
    client_id: undefined,
    cid: 'agent-7',
    uid: '00u',
    jti: 'AT.x',
    ver: 1,
    scope: undefined,
    scp: ['openid', 'holdfast:observer'],
  },
  auth0: { client_id: undefined, azp: 'agent-7', jti: undefined, aud: [MCP, `${ISSUER}/userinfo`] },
};
const AUDIENCES: Readonly<Record<string, string>> = { entra: 'api-guid' };

describe('a plain JWT of the identity provider', () => {
  const plain = (claims: Record<string, unknown> = {}, typ: string | undefined = 'JWT') =>
    signed(claims as JWTPayload, { typ });
  const jwt = (how: Partial<ExternalOptions> = {}): VerifyToken =>
    verifier({ tokens: 'jwt', ownClient: 'holdfast', ...how });

  for (const [name, claims] of Object.entries(PROVIDERS))
    it(`is taken where operators signed that, and nowhere else: ${name}`, async () => {
      const audience = AUDIENCES[name] ?? null;
      const token = await plain(claims);
      const found = await jwt({ audience })(token, MCP);
      assert.ok(typeof found === 'object');
      const { client, subject, profile, resource } = found;
      assert.deepEqual([client, subject, profile, resource], ['agent-7', '123', 'observer', MCP]);
      assert.equal(await verifier({ audience })(token, MCP), undefined);
    });

  it('is named by what is signed of it where it has no name, however its signature is written', async () => {
    const verifies = jwt();
    const token = await plain({ jti: undefined });
    const [header = '', body = '', signature = ''] = token.split('.');
    const other = signature.slice(0, -1) + (signature.endsWith('A') ? 'B' : 'A');
    const ids = new Set<string>();
    let taken = 0;
    for (const each of [
      token,
      `${header}.${body}.${malleable(signature)}`,
      `${header}.${body}.${other}`,
    ]) {
      const found = await verifies(each, MCP);
      if (typeof found !== 'object') continue;
      ids.add(found.jti);
      taken += 1;
    }
    assert.ok(taken >= 2);
    assert.deepEqual([...ids], [`sha256:${hash('sha256', `${header}.${body}`)}`]);
    const second = await verifies(await plain({ jti: undefined, exp: seconds + 500 }), MCP);
    assert.ok(typeof second === 'object' && !ids.has(second.jti));
  });

  const REFUSED: Readonly<Record<string, Parameters<typeof plain>>> = {
    'with the nonce of a sign-in': [{ nonce: 'n' }],
    'with the digest of an access token (OpenID Connect Core, 3.1.3.6)': [{ at_hash: 'x' }],
    'with the digest of a code': [{ c_hash: 'x' }],
    'that is an event, like a logout': [{ events: {} }],
    'for its client': [{ aud: [MCP, 'agent-7'] }],
    'for the client that signs people in here': [{ aud: [MCP, 'holdfast'] }],
    'for its client alone': [{ aud: 'agent-7' }],
    'that calls itself an ID token': [{ typ: 'ID' }],
    'that calls itself a refresh token': [{ typ: 'Refresh' }],
    'whose use is to identify': [{ token_use: 'id' }],
    'without a client': [{ client_id: undefined }],
    'with two clients': [{ azp: 'another' }],
    'with a client that is no text': [{ client_id: ['agent-7'] }],
    'of another type': [{}, 'id+jwt'],
    'of a logout': [{}, 'logout+jwt'],
    'with a name that no list could show': [{ jti: 'a b' }],
    'bound to a key of its client': [{ cnf: { 'x5t#S256': 'x' } }],
    'for another resource': [{ aud: 'https://holdfast.example/api' }],
    'of another issuer': [{ iss: 'https://other.example' }],
    'that is over': [{ exp: seconds }],
    'without its making': [{ iat: undefined }],
  };
  for (const [name, given] of Object.entries(REFUSED))
    it(`is refused: ${name}`, async () => {
      assert.equal(await jwt()(await plain(...given), MCP), undefined);
    });

  it('is of no use without a scope, as an ID token is', async () => {
    assert.equal(await jwt()(await plain({ scope: undefined }), MCP), 'no-scope');
  });

  it('is told of in the log, with what would mend it, and nothing of the token', async () => {
    const told: unknown[] = [];
    const log: Log = { ...silentLog, info: (...said) => void told.push(said) };
    await verifier({ log })(await plain({ jti: undefined }), MCP);
    await jwt({ log })(await plain({ nonce: 'a-nonce' }), MCP);
    const [typ, id] = told.map((each) => JSON.stringify(each));
    assert.match(typ ?? '', /"why":"typ","next":".*at\+jwt.*tokens: jwt.*server\.yaml/);
    assert.match(id ?? '', /"why":"id-token","next":".*nonce/);
    assert.doesNotMatch(id ?? '', /a-nonce/);
  });
});

/** The other of the two signatures that hold wherever one does: r and the order of P-256 less s. */
function malleable(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const half = Buffer.from(s.toString(16).padStart(64, '0'), 'hex');
  return Buffer.concat([bytes.subarray(0, 32), half]).toString('base64url');
}
