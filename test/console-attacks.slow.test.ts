/**
 * The console attacked, in a real browser: by text of hosts and assistants on every page, by pages of other origins, and
 * by whoever has a copy of a cookie. The service, its listener and its pages are the real ones.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { OPERATIONS } from '#operations';
import { aKey } from '#samples/authority';
import { PAGE } from '#samples/signin';
import { cookieName } from '#web';
import { type HttpService, serveHttp } from '../src/main/http.ts';
import type { Service } from '../src/main/service.ts';
import { grave } from './support/axe.ts';
import { aPageKey, DEVICES, type Opened, openBrowser, whyNoBrowser } from './support/browser.ts';
import {
  aChangeHome,
  ask,
  type ChangeHome,
  mustOpen,
  PERSON,
  type View,
} from './support/change-home.ts';
import { examine, HOSTILE, HOSTILE_NAMES, poisoned, watchFor } from './support/hostile-texts.ts';
import { aPasskeyOf } from './support/paper-console.ts';
import { ASSISTANT } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');
/** Another site, and a name of theirs that is pointed at us once their page is loaded. */
const EVIL = 'evil.test';
const REBOUND = 'rebound.test';
const CLIENT = 'https://client.example/app.json';
const REDIRECT = 'http://127.0.0.1:7999/callback';
const OWN = (scratch: string, account: string): string => `version: 1
actions:
  - id: own.touch
    version: 1
    summary: Make a file
    family: own
    tier: T2
    sideEffect: data
    arguments:
      name: {type: text, max: 4000, summary: A name}
    steps:
      - run: [tee, --, "${scratch}/made"]
        stdin: name
        runAs: ${account}
        effect: Makes a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, ${scratch}/made]
`;
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

describe('the console under attack', { skip: whyNoBrowser() ?? false, timeout: 600_000 }, () => {
  let home: ChangeHome;
  let service: Service;
  let http: HttpService;
  let opened: Opened;
  let origin = '';
  let changeId = '';
  let finding = '';
  let invitation = '';
  let pageKey = '';

  const session = (key = pageKey): string =>
    service.identity.sessions.open({
      operator: PERSON,
      method: 'passkey',
      credentialId: null,
      groups: [],
      pageKey: key,
      userAgent: HOSTILE.slice(0, 3).join(' '),
      address: '127.0.0.1',
    }).secret;
  const signIn = async (value = session()): Promise<string> => {
    await opened.context.addCookies([
      { name: cookieName(origin), value, url: origin, httpOnly: true, sameSite: 'Strict' },
    ]);
    return value;
  };

  before(async () => {
    execFileSync(join(ROOT, 'bin', 'build-console'), { stdio: 'ignore' });
    home = await aChangeHome({
      catalogue: OWN,
      fleet: FLEET,
      files: () => ({ 'server.yaml': 'version: 1\noauth: {mode: embedded}\n' }),
    });
    service = await mustOpen(home.path);
    const client = {
      client_id: CLIENT,
      client_name: HOSTILE[1],
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
    };
    http = await serveHttp(service, 0, async (input) =>
      (input instanceof Request ? input.url : input.toString()) === CLIENT
        ? Response.json(client)
        : new Response('', { status: 404 }),
    );
    origin = http.origin;
    const at = (secondsAgo: number): string =>
      new Date(Date.now() - secondsAgo * 1000).toISOString();
    const facts = (value: (text: string, i: number) => string) =>
      HOSTILE_NAMES.flatMap((name, i) => {
        const entity = `service:web-1/${name}`;
        return [
          { entity, attribute: 'note', value: value(HOSTILE[i] ?? name, i) },
          { entity: `package:web-1/${name}`, attribute: 'note', value: { [name]: [HOSTILE[i]] } },
          { entity: `user:web-1/${name}`, attribute: 'note', value: HOSTILE[i] },
        ];
      });
    const ingest = (secondsAgo: number, value: (text: string, i: number) => string) =>
      ask(
        service,
        'ingest_observation',
        {
          source: 'probe',
          target: 'host:web-1',
          observedAt: at(secondsAgo),
          complete: ['service', 'package', 'user'],
          facts: facts(value),
        },
        ASSISTANT,
      );
    for (const text of HOSTILE.slice(0, 4)) {
      const view = await ask<View>(
        service,
        'run_action',
        {
          action: 'own.touch',
          targets: ['host:this'],
          args: { name: text.slice(0, 60) },
          reason: text,
        },
        ASSISTANT,
      );
      changeId = view.changeId;
    }
    await ingest(600, (text) => text);
    await ask(service, 'baseline_bless', {
      target: 'host:web-1',
      reason: HOSTILE[2],
      asOf: at(590),
    });
    await ingest(60, (text, i) => `${i} ${text}`);
    for (const text of HOSTILE.slice(0, 12))
      await ask(service, 'lease_issue', { label: text.slice(0, 80), profile: 'observer' });
    const { findings } = await ask<{ findings: { id: string }[] }>(service, 'drift_scan', {});
    finding = findings[0]?.id ?? '';
    const { link } = await ask<{ link: string }>(service, 'invitation_make', {
      operator: 'bea',
      name: HOSTILE[1],
    });
    invitation = link.split('#')[1] ?? '';
    opened = await openBrowser({ names: [EVIL, REBOUND] });
    opened.page.setDefaultTimeout(10_000);
    pageKey = await aPageKey(opened.page, origin);
    await signIn();
  });
  after(async () => {
    await opened?.browser.close();
    await http?.[Symbol.asyncDispose]();
    await service?.close();
    home?.[Symbol.dispose]();
  });

  /** Of `console/src/router.tsx`, in its order: what is opened for each. */
  const addresses = (): Readonly<Record<string, string>> => ({
    '/': '/',
    '/approvals': '/approvals',
    '/fleet': '/fleet',
    '/fleet/map': '/fleet/map',
    '/targets/$id': '/targets/host:web-1',
    '/changes': '/changes',
    '/changes/$id': `/changes/${changeId}`,
    '/drift': '/drift',
    '/findings/$id': `/findings/${finding}`,
    '/assistants': '/assistants',
    '/authorize/$uid': `/oauth/auth?${new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT,
      redirect_uri: REDIRECT,
      resource: http.url,
      state: 'x',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }).toString()}`,
    '/evidence': '/evidence',
    '/policy': '/policy',
    '/sign': '/sign',
    '/sign/$digest': `/sign/${'0'.repeat(64)}`,
    '/settings': '/settings',
    '/api': '/api',
    '/sign-in': '/sign-in',
    '/invitation': `/invitation#${invitation}`,
  });

  it('knows every page there is', () => {
    const source = readFileSync(join(ROOT, 'console', 'src', 'router.tsx'), 'utf8');
    const routes = [...source.matchAll(/(?:page\(\s*|path: )'(\/[^']*)'/g)].map(([, path]) => path);
    assert.deepEqual(routes, Object.keys(addresses()));
  });

  for (const how of ['as the service keeps it', 'in every answer'])
    it(`shows hostile text as text on every page, ${how}`, async () => {
      const page = await opened.context.newPage();
      page.setDefaultTimeout(10_000);
      const { seen } = await watchFor(page, origin);
      let asked = 0;
      if (how === 'in every answer')
        await page.route(/\/(api\/v1|oauth\/interaction)\//, async (route) => {
          if (route.request().url().endsWith('/events')) return route.abort();
          const response = await route.fetch();
          const isJson = response.headers()['content-type']?.includes('json') === true;
          if (!isJson) return route.fulfill({ response });
          asked += 1;
          return route.fulfill({ response, json: poisoned(await response.json(), asked * 3) });
        });
      const wrong: string[] = [];
      for (const [route, address] of Object.entries(addresses())) {
        await page.setViewportSize(DEVICES.desktop);
        await page.goto(origin + address);
        const came = await settled(page).then(
          () => undefined,
          (thrown: unknown) => `${route}: did not come: ${String(thrown).slice(0, 200)}`,
        );
        if (came !== undefined) wrong.push(came);
        for (const device of ['desktop', 'phone'] as const) {
          await page.setViewportSize(DEVICES[device]);
          await page.evaluate(DRAWN);
          wrong.push(...(await examine(page)).map((each) => `${route} (${device}): ${each}`));
        }
      }
      await page.close();
      assert.deepEqual([...wrong, ...seen, ...opened.complaints], []);
    });

  /** What the log holds, but for what was refused; and everything an attacker would want to be otherwise. */
  const state = async (): Promise<unknown> => {
    const events = await service.events.read({}, 100_000);
    const { stops } = await ask<{ stops: unknown[] }>(service, 'stops_list');
    return {
      changing: events
        .filter(
          ({ kind, operation }) =>
            !/refused|log\.checkpoint/.test(kind) && !LOOKS.has(operation ?? ''),
        )
        .map(({ kind, operation }) => `${kind} ${operation ?? ''}`),
      stops,
      change: service.changeState(changeId),
      sessions: service.identity.sessions.list().length,
      leases: service.leases.active(),
    };
  };

  for (const name of [EVIL, 'localhost'])
    it(`lets no page of ${name === EVIL ? 'another site' : 'another port of this machine'} change or read anything`, async () => {
      await using evil = await aSite();
      const page = await opened.context.newPage();
      page.setDefaultTimeout(10_000);
      await page.goto(`http://${name}:${evil.port}/`);
      const before_ = await state();
      const told = await page.evaluate<Record<string, string>>(
        `(${ATTACK})(${JSON.stringify({ origin, changeId })})`,
      );
      assert.deepEqual(
        Object.entries(told).filter(([, what]) => what !== 'nothing'),
        [],
      );
      assert.equal(Object.keys(told).length, 17);
      // Forms go where they lead: to a page of ours that says no.
      for (const [type, body] of [
        ['application/x-www-form-urlencoded', '<input name=subject value=fleet>'],
        ['text/plain', `<input name='{"subject":"fleet","reason":"' value='"}'>`],
        ['multipart/form-data', '<input name=subject value=fleet>'],
      ] as const) {
        await page.goto(`http://${name}:${evil.port}/`);
        await page.setContent(
          `<form method=post enctype="${type}" action="${origin}/api/v1/operations/emergency_stop">${body}</form>`,
        );
        const [answer] = await Promise.all([
          page.waitForResponse((each) => each.url().includes('emergency_stop')),
          page.waitForURL('**/emergency_stop'),
          page.evaluate(`document.forms[0].submit()`),
        ]);
        assert.equal(answer.status(), 403, type);
      }
      // A frame of ours stays empty.
      await page.goto(`http://${name}:${evil.port}/`);
      await page.setContent(`<iframe src="${origin}/approvals"></iframe>`);
      await sleep(300);
      assert.match(page.frames()[1]?.url() ?? '', /^chrome-error:/);
      // A window of ours that it opened is none that it holds.
      await page.goto(`http://${name}:${evil.port}/`);
      const [popup] = await Promise.all([
        page.waitForEvent('popup'),
        page.evaluate(
          `void (window.held = window.open(${JSON.stringify(`${origin}/changes/${changeId}`)}))`,
        ),
      ]);
      await popup.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await popup.evaluate(`window.opener === null`), true);
      assert.equal(await page.evaluate(`held.closed`), true);
      await popup.close();
      assert.deepEqual(await state(), before_);
      await page.close();
    });

  it('is not there under a name of somebody else that points here', async () => {
    const page = await opened.context.newPage();
    const { port } = new URL(origin);
    const there = await page.goto(`http://${REBOUND}:${port}/`);
    assert.equal(there?.status(), 421);
    const before_ = await state();
    const told = await page.evaluate<string[]>(`Promise.all([
      fetch('/api/v1/session', { headers: { 'x-holdfast': '1' } }),
      fetch('/api/v1/operations/describe_system', { method: 'POST', body: '{}', headers: { 'x-holdfast': '1', 'content-type': 'application/json' } }),
      fetch('/mcp', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
      fetch('/healthz'), fetch('/metrics'), fetch('/oauth/auth'), fetch('/api/v1/sign-in'), fetch('/assets/x.js'),
    ].map((asked) => asked.then(async (answer) => answer.status + ' ' + (await answer.text()).slice(0, 200))))`);
    for (const each of told) assert.match(each, /^(421|403) /);
    assert.deepEqual(await state(), before_);
    await page.close();
  });

  it('has a policy without exceptions on every answer', async () => {
    const script = /assets\/[^"]+\.js/.exec(await (await fetch(origin)).text())?.[0] ?? '';
    const cookie = `${cookieName(origin)}=${session()}`;
    const paths =
      '/ /approvals /no/such/page /healthz /readyz /metrics /api/v1/session /api/v1/openapi.json /api/v1/sign-in /api/v1/none /%zz /mcp /oauth/auth /oauth/none /.well-known/oauth-protected-resource /.well-known/oauth-authorization-server /api/v1/sign-in/oidc/callback?code=x'.split(
        ' ',
      );
    for (const [path, init] of [...paths, `/${script}`].flatMap((path): [string, RequestInit][] => [
      [path, {}],
      [path, { headers: { cookie, 'x-holdfast': '1' } }],
      [path, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
      [path, { method: 'OPTIONS', headers: { origin: `http://${EVIL}` } }],
      [path, { headers: { origin: `http://${EVIL}` } }],
    ])) {
      const answer = await fetch(origin + path, { redirect: 'manual', ...init });
      await answer.body?.cancel();
      const where = `${init.method ?? 'GET'} ${path} ${answer.status}`;
      const policy = answer.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, where);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/, where);
      assert.match(policy, /frame-ancestors 'none'/, where);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff', where);
      // Metadata is for everybody, and holds nothing of anybody.
      if (!path.startsWith('/.well-known/') && !path.startsWith('/oauth/'))
        assert.equal(answer.headers.get('access-control-allow-origin'), null, where);
      assert.equal(answer.headers.get('access-control-allow-credentials'), null, where);
    }
  });

  it('gives whoever has a copy of the cookie nothing at all', async () => {
    const [stolen, copied] = [session(), session(PAGE.key)];
    const count = service.identity.sessions.list().length;
    const headers = { cookie: `${cookieName(origin)}=${stolen}`, 'x-holdfast': '1', origin };
    const json = { ...headers, 'content-type': 'application/json' };
    const asks: readonly (readonly [string, RequestInit])[] = [
      ...OPERATIONS.map(({ name }) => `/api/v1/operations/${name}`),
      '/api/v1/confirm/options',
      '/api/v1/invitation/own',
      '/api/v1/break-glass/open',
      '/api/v1/break-glass/close',
    ]
      .map((path): readonly [string, RequestInit] => [
        path,
        { method: 'POST', body: '{}', headers: json },
      ])
      .concat([
        ['/api/v1/session', { headers }],
        ['/api/v1/session', { method: 'DELETE', headers }],
        ['/api/v1/events', { headers }],
        ['/api/v1/openapi.json', { headers }],
      ]);
    // Another page's, one with a nonce that is over, and one that this page made for somewhere else.
    const proofs: readonly ((method: string, path: string) => string)[] = [
      () => 'x',
      (...asked) => PAGE.shows(service.signIn.nonce(), ...asked).proof,
      (...asked) => PAGE.shows('A'.repeat(22), ...asked).proof,
      (method) => PAGE.shows(service.signIn.nonce(), method, '/api/v1/sign-in').proof,
    ];
    for (const proof of [undefined, ...proofs])
      for (const [path, init] of proof === undefined ? asks : asks.slice(-5)) {
        const answer = await fetch(origin + path, {
          ...init,
          headers: [
            ...new Headers(init.headers),
            ...(proof === undefined
              ? []
              : [['x-holdfast-proof', proof(init.method ?? 'GET', path)] as [string, string]]),
          ],
        });
        const told = (await answer.json()) as { code: string };
        assert.deepEqual([answer.status, told.code], [401, 'proof-needed'], path);
      }
    // Everything of a request that was seen on its way, with the page's own proof: it was good, and is once.
    const own = { ...json, cookie: `${cookieName(origin)}=${copied}` };
    const path = '/api/v1/operations/describe_system';
    const { proof } = PAGE.shows(service.signIn.nonce(), 'POST', path);
    const sent = (to: string, method = 'POST'): Promise<Response> =>
      fetch(origin + to, {
        method,
        headers: { ...own, 'x-holdfast-proof': proof },
        ...(method === 'POST' ? { body: '{}' } : {}),
      });
    assert.equal((await sent('/api/v1/operations/target_list')).status, 401);
    assert.equal((await sent(path)).status, 200);
    const seen = [sent(path), sent('/api/v1/session', 'GET'), sent('/api/v1/events', 'GET')];
    assert.deepEqual(
      (await Promise.all(seen)).map(({ status }) => status),
      [409, 401, 401],
    );
    const consent = await fetch(`${origin}/oauth/interaction/${'x'.repeat(20)}`, { headers });
    assert.equal(consent.status, 403);
    assert.equal(service.identity.sessions.list().length, count);
  });

  it('gives whoever sits at an open page nothing that a passkey is asked for', async () => {
    const stolen = session(PAGE.key);
    const post = (operation: string, input: object): Promise<Response> =>
      fetch(`${origin}/api/v1/operations/${operation}`, {
        method: 'POST',
        headers: {
          cookie: `${cookieName(origin)}=${stolen}`,
          'x-holdfast-proof': PAGE.shows(
            service.signIn.nonce(),
            'POST',
            `/api/v1/operations/${operation}`,
          ).proof,
          'content-type': 'application/json',
          'x-holdfast': '1',
          origin,
        },
        body: JSON.stringify(input),
      });
    assert.equal((await post('get_change', { changeId })).status, 200);
    const page = (await (await post('approval_page', { changeId })).json()) as {
      value: { envelope: string };
    };
    for (const signature of [
      '',
      'x',
      `-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----`,
    ]) {
      const answer = await post('change_approve', { changeId, signature });
      assert.ok(answer.status >= 400, await answer.text());
    }
    for (const request of [
      { kind: 'rule', rule: 'T2', quorum: 0, least: 'same-user' },
      { kind: 'revoke-operator', id: PERSON },
    ]) {
      const made = await post('config_page', { request });
      if (!made.ok) continue;
      const { value } = (await made.json()) as { value: { order: string } };
      const answer = await post('config_apply', {
        order: value.order,
        signatures: [page.value.envelope],
      });
      assert.ok(answer.status >= 400, await answer.text());
    }
    for (const [operation, input] of Object.entries({
      invitation_make: { operator: PERSON },
      recovery_make: { operator: PERSON },
      session_end: { operator: PERSON },
      lease_issue: { label: 'x', profile: 'observer' },
      passkey_remove: { credentialId: 'x' },
      backup: { path: '/nowhere/x' },
    })) {
      const answer = await post(operation, input);
      assert.equal(((await answer.json()) as { code: string }).code, 'passkey-needed', operation);
    }
    assert.equal(service.changeState(changeId), 'previewed');
  });

  it('asks for the passkey over the very call, with the keyboard alone, and does it once', async () => {
    const { credentialId, cose, privateKey, signer } = aPasskeyOf('localhost');
    service.identity.passkeys.add({
      credentialId: credentialId.toString('base64url'),
      operator: PERSON,
      key: signer.line,
      cose: Uint8Array.from(cose),
      rpId: 'localhost',
      counter: 0,
      transports: ['internal'],
      label: 'laptop',
      backedUp: false,
    });
    const request = {
      kind: 'add-operator',
      id: PERSON,
      name: 'Ada',
      key: signer.line,
      accounts: ['ada@local'],
      origins: [origin],
    };
    const made = await ask<{ order: string; namespace: string }>(service, 'config_page', {
      request,
    });
    const signatures = [aKey(PERSON).sign(made.namespace, made.order)];
    await ask(service, 'config_apply', { order: made.order, signatures });
    const userHandle = Buffer.from(PERSON);
    await opened.authenticator.add({ credentialId, rpId: 'localhost', privateKey, userHandle });
    await signIn();
    const { page } = opened;
    await page.setViewportSize(DEVICES.smallest);
    await page.goto(`${origin}/assistants`);
    const leases = (): number => service.identity.leases.list().length;
    const count = leases();
    await page
      .getByRole('button', { name: /^Lend to an assistant/ })
      .first()
      .click();
    await page.getByLabel('What is it for?').fill('triage at night');
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Issue a lease' });
    await dialog.getByText('triage at night').waitFor();
    assert.deepEqual(await grave(page), []);
    assert.equal(leases(), count);
    await page.keyboard.press('Escape');
    await page.getByText(/not confirmed with a passkey/i).waitFor();
    assert.equal(leases(), count);
    await page.getByRole('button', { name: 'Issue', exact: true }).click();
    const confirm = dialog.getByRole('button', { name: 'Confirm with your passkey' });
    await confirm.waitFor();
    await opened.authenticator.verifies(false);
    await page.keyboard.press('Enter');
    await dialog.getByText(/nothing was confirmed/i).waitFor();
    assert.equal(leases(), count);
    await opened.authenticator.verifies(true);
    await confirm.press('Enter');
    await page.getByRole('dialog', { name: 'The bearer, shown this once' }).waitFor();
    assert.equal(leases(), count + 1);
    await page.setViewportSize(DEVICES.desktop);
  });

  it('makes a session of its own at each sign-in, whatever cookie was there', async () => {
    const { codes } = await ask<{ codes: string[] }>(service, 'recovery_make', {
      operator: PERSON,
    });
    const planted = session();
    const context = await opened.browser.newContext();
    await context.addCookies([{ name: cookieName(origin), value: planted, url: origin }]);
    service.identity.sessions.end(service.identity.sessions.list().at(-1)?.id ?? '');
    const page = await context.newPage();
    await page.goto(`${origin}/sign-in`);
    await page.getByRole('button', { name: 'Use a recovery code' }).click();
    await page.getByLabel('Your operator id').fill(PERSON);
    await page.getByLabel('Recovery code', { exact: true }).fill(codes[0] ?? '');
    await page.getByRole('button', { name: 'Sign in with this code' }).click();
    await page.getByRole('button', { name: 'Make a passkey on this device' }).waitFor();
    const kept = (await context.cookies()).filter(({ name }) => name === cookieName(origin));
    assert.equal(kept.length, 1);
    assert.notEqual(kept[0]?.value, planted);
    assert.equal(kept[0]?.httpOnly, true);
    assert.equal(kept[0]?.sameSite, 'Strict');
    await context.close();
  });

  it('asks who is there within two seconds of a session’s end, and keeps what was typed', async () => {
    const context = await opened.browser.newContext();
    const page = await context.newPage();
    const secret = session(await aPageKey(page, origin));
    await context.addCookies([
      { name: cookieName(origin), value: secret, url: origin, httpOnly: true, sameSite: 'Strict' },
    ]);
    page.setDefaultTimeout(5_000);
    await page.goto(`${origin}/assistants`);
    await page.getByText('Live', { exact: true }).waitFor();
    await page
      .getByRole('button', { name: /^Lend to an assistant/ })
      .first()
      .click();
    await page.getByLabel('What is it for?').fill('typed with care');
    const own = service.identity.sessions.find(secret);
    const began = performance.now();
    await ask(service, 'session_end', { id: own?.id });
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    const took = performance.now() - began;
    assert.ok(took < 2_000, `${Math.round(took)} ms`);
    assert.equal(await page.getByLabel('What is it for?').inputValue(), 'typed with care');
    await context.close();
  });

  it('shows a lease that was taken back as taken back', async () => {
    const label = 'taken back soon';
    const { lease } = await ask<{ lease: { id: string } }>(service, 'lease_issue', {
      label,
      profile: 'observer',
    });
    await signIn();
    const { page } = opened;
    await page.goto(`${origin}/assistants?lease=${lease.id}`);
    await page
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .waitFor();
    const began = performance.now();
    await ask(service, 'lease_revoke', { leaseId: lease.id, reason: 'a test' });
    await page
      .getByText(/✕ ?revoked|^revoked$/)
      .first()
      .waitFor();
    const took = performance.now() - began;
    assert.ok(took < 2_000, `${Math.round(took)} ms`);
  });
});

/** What changes nothing is recorded as well. */
const LOOKS = new Set(
  OPERATIONS.flatMap(({ name, effect }) =>
    effect === 'look' || /^get_|^log_|_(list|status|page|show|waiting)$/.test(name) ? [name] : [],
  ),
);

/** A site of somebody else. */
async function aSite(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((_, outgoing) => {
    outgoing.setHeader('content-type', 'text/html');
    outgoing.end('<!doctype html><title>kittens</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** In a page of another origin: each way to change or read something, and what it gave; `nothing` is what is wanted. */
const ATTACK = `async ({ origin, changeId }) => {
  const api = origin + '/api/v1';
  const body = JSON.stringify({ subject: 'fleet', reason: 'evil' });
  const ask = async (url, init) => {
    try {
      const answer = await fetch(url, { credentials: 'include', ...init });
      return answer.type === 'opaque' || answer.type === 'opaqueredirect' ? 'nothing' : 'read ' + answer.status + ' ' + (await answer.text()).slice(0, 100);
    } catch {
      return 'nothing';
    }
  };
  const loaded = (tag, set) => new Promise((resolve) => {
    const element = document.createElement(tag);
    element.onload = () => resolve('loaded');
    element.onerror = () => resolve('nothing');
    set(element);
    document.body.append(element);
  });
  const socket = new Promise((resolve) => {
    const one = new WebSocket(api.replace('http', 'ws') + '/events');
    one.onopen = () => resolve('opened');
    one.onerror = () => resolve('nothing');
  });
  const stream = new Promise((resolve) => {
    const one = new EventSource(api + '/events', { withCredentials: true });
    one.onopen = () => resolve('opened');
    one.onmessage = () => resolve('read');
    one.onerror = () => { one.close(); resolve('nothing'); };
  });
  navigator.sendBeacon(api + '/operations/emergency_stop', new Blob([body], { type: 'text/plain' }));
  const json = { 'content-type': 'application/json', 'x-holdfast': '1' };
  return {
    session: await ask(api + '/session', { headers: { 'x-holdfast': '1' } }),
    sessionPlain: await ask(api + '/session', {}),
    sessionOpaque: await ask(api + '/session', { mode: 'no-cors' }),
    page: await ask(origin + '/', {}),
    openapi: await ask(api + '/openapi.json', {}),
    stop: await ask(api + '/operations/emergency_stop', { method: 'POST', headers: json, body }),
    stopPlain: await ask(api + '/operations/emergency_stop', { method: 'POST', headers: { 'content-type': 'text/plain' }, body }),
    stopOpaque: await ask(api + '/operations/emergency_stop', { method: 'POST', mode: 'no-cors', headers: { 'content-type': 'text/plain' }, body }),
    read: await ask(api + '/operations/get_change', { method: 'POST', mode: 'no-cors', body: JSON.stringify({ changeId }) }),
    signOut: await ask(api + '/session', { method: 'DELETE', headers: { 'x-holdfast': '1' } }),
    mcp: await ask(origin + '/mcp', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
    consent: await ask(origin + '/oauth/interaction/x', { method: 'POST', headers: json, body: '{"decision":"allow"}' }),
    image: await loaded('img', (one) => { one.src = api + '/session'; }),
    script: await loaded('script', (one) => { one.src = api + '/session'; }),
    style: await loaded('link', (one) => { one.rel = 'stylesheet'; one.href = api + '/openapi.json'; }),
    socket: await socket,
    stream: await stream,
  };
}`;

/** Until the page was drawn as large as it is now. */
const DRAWN = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))))`;

/** The page has its title, and nothing of it still waits. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  // What is folded is text as well.
  await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
}
