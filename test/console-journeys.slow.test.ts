/**
 * Everything that people do in the console, clicked through in a real browser before a real service: one service, one
 * Chromium, one journey after the other. What is decided is signed with passkeys; the machine of the test is the target.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { findsTheWay, goesOn, keepsEvidence } from './journeys/around.ts';
import { isLent, signsInByItself } from './journeys/assistants.ts';
import { changesARule, consents, settlesDifferences, stopsAndLifts } from './journeys/deciding.ts';
import { breaksTheGlass, comesByTheTeam, comesIn, keepsPasskeys } from './journeys/people.ts';
import { telling, type Walk, walkOf } from './journeys/walk.ts';
import { type Opened, openBrowser, whyNoBrowser } from './support/browser.ts';
import { anIdentityProvider, type IdentityProvider } from './support/identity-provider.ts';
import { aLiveConsole, freePort, type LiveConsole } from './support/live-console.ts';
import { aCallback, type Callback, OAUTH_CLIENT } from './support/oauth-client.ts';

const FLEET = `version: 1
targets:
  host:this:
    hostType: linux
    environment: test
    transport: local
    sources: [{name: probe, trusted: true}]
  host:web-1:
    hostType: debian
    environment: test
    transport: none
    sources: [{name: probe, trusted: true}]
`;
const ACCESS = `version: 1
roles:
  responder: {profile: operator, targets: ['host:this'], ceiling: T2}
people: {ada: [owner], bea: [owner], cy: [responder]}
`;
const OWN = (scratch: string, account: string): string => `version: 1
actions:
  - id: own.touch
    version: 1
    summary: Make a file
    family: own
    tier: T2
    sideEffect: data
    cooldownSeconds: 0
    stabiliseSeconds: 0
    arguments:
      name: {type: name, summary: A name}
    steps:
      - run: [touch, "${scratch}/{name}"]
        runAs: ${account}
        effect: Makes a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, "${scratch}/{name}"]
  - id: own.tick
    version: 1
    summary: Touch a file again
    family: own
    tier: T1
    sideEffect: transient
    cooldownSeconds: 0
    stabiliseSeconds: 0
    arguments:
      name: {type: enum, values: [again, other], summary: A name}
    steps:
      - run: [touch, "${scratch}/{name}"]
        runAs: ${account}
        effect: Touches a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, "${scratch}/{name}"]
  - id: own.mode
    version: 1
    summary: Give a file its permissions
    family: own
    tier: T2
    sideEffect: data
    cooldownSeconds: 0
    stabiliseSeconds: 0
    arguments:
      path: {type: path, within: ["${scratch}"], summary: A file}
      mode: {type: enum, values: ["0600", "0644"], summary: Permissions}
    converges:
      - kind: file
        attribute: mode
        with: {path: "{name}", mode: "{desired}"}
    steps:
      - run: [chmod, "{mode}", "{path}"]
        runAs: ${account}
        effect: Sets the permissions
        inverse: none
    verify:
      probes:
        - run: [test, -e, "{path}"]
`;

describe('what people do in the console', {
  skip: whyNoBrowser() ?? false,
  timeout: 600_000,
}, () => {
  let live: LiveConsole;
  let opened: Opened;
  let idp: IdentityProvider;
  let callback: Callback;
  let walk: Walk;

  before(async () => {
    callback = await aCallback();
    const client = {
      client_id: OAUTH_CLIENT,
      client_name: 'Helper',
      redirect_uris: [callback.url],
      token_endpoint_auth_method: 'none',
    };
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    idp = await anIdentityProvider(`${origin}/api/v1/sign-in/oidc/callback`);
    const { host } = new URL(idp.issuer);
    live = await aLiveConsole({
      port,
      catalogue: OWN,
      fleet: FLEET,
      server: `oauth: {mode: embedded}\noidc: {issuer: '${idp.issuer}', clientId: holdfast}\negress: {allow: ['${host}']}\n`,
      files: { 'access.yaml': ACCESS },
      clientFetch: async (input) =>
        (input instanceof Request ? input.url : input.toString()) === OAUTH_CLIENT
          ? Response.json(client)
          : new Response('', { status: 404 }),
    });
    opened = await openBrowser();
    opened.page.setDefaultTimeout(30_000);
    walk = walkOf({ live, opened, idp, callback });
  });
  after(async () => {
    await callback?.[Symbol.asyncDispose]();
    await opened?.browser.close();
    await live?.[Symbol.asyncDispose]();
    await idp?.[Symbol.asyncDispose]();
  });

  it('a person is invited, let in by a signature, and signs in with the passkey', () =>
    telling(walk, comesIn));
  it('a lease is lent by paste, used, told of, and taken back within a second', () =>
    telling(walk, isLent));
  it('a program that signs in by itself is refused, and lent what was chosen', () =>
    telling(walk, signsInByItself));
  it('a rule is edited, tried, written, signed, and in force', () => telling(walk, changesARule));
  it('a difference is waived, accepted, and taken back by a signed change', () =>
    telling(walk, settlesDifferences));
  it('equal requests are consented to in advance after three of them', () =>
    telling(walk, consents));
  it('everything is stopped, and a passkey lifts it', () => telling(walk, stopsAndLifts));
  it('a person keeps passkeys, ends sessions, and comes in with a recovery code', () =>
    telling(walk, keepsPasskeys));
  it('a second person comes in, approves, and breaks the glass for a while', () =>
    telling(walk, breaksTheGlass));
  it('a person comes in by the team’s provider, or is told why not', () =>
    telling(walk, comesByTheTeam));
  it('evidence is verified, taken away, held, released and destroyed', () =>
    telling(walk, keepsEvidence));
  it('keys lead everywhere, and both clocks stand in the address', () =>
    telling(walk, findsTheWay));
  it('a page goes on after the service was away, and nothing typed is lost', () =>
    telling(walk, goesOn));

  it('never made a page say what it must not', () => {
    // While the service was away its streams failed, and Chromium says so.
    const said = opened.complaints.filter((each) => !/net::ERR_|Failed to fetch/.test(each));
    assert.deepEqual(said, []);
  });
});
