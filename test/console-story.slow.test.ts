/**
 * The story of the console, in a real browser with a real host: from an empty data directory to a passkey, from an
 * assistant's proposal to a signature that the host verifies itself, to a bundle that a stranger checks offline.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { auditPage } from './support/axe.ts';
import { type Opened, openBrowser, whyNoBrowser } from './support/browser.ts';
import { type Fleet, fleetUnavailable, startFleet } from './support/fleet.ts';
import { endOf, holdfast, startOwner } from './support/holdfast.ts';
import { connectHttp, type McpClient } from './support/mcp-client.ts';
import { atTerminal, whyNoTerminal } from './support/terminal.ts';

const ROOT = join(import.meta.dirname, '..');
const UNIT = 'lab-web.service';
const skip = (await fleetUnavailable()) || whyNoBrowser() || whyNoTerminal() || false;

type View = {
  readonly changeId: string;
  readonly state: string;
  readonly decision: { readonly verdict: string; readonly says: string };
  readonly outcome: { readonly says: string } | null;
};

describe('the story of the console', { skip, timeout: 600_000 }, () => {
  const place = mkdtempSync(join(tmpdir(), 'hf-console-'));
  const home = join(place, 'home');
  let port = 0;
  let fleet: Fleet;
  let ada: Opened;
  let owner: Awaited<ReturnType<typeof startOwner>>;
  let assistant: McpClient;
  let bearer = '';

  const json = async <Value>(...argv: readonly string[]): Promise<Value> => {
    const { code, out, err } = await holdfast(home, ['--json', ...argv]);
    assert.equal(code, 0, `${argv.join(' ')}: ${out}${err}`);
    return JSON.parse(out) as Value;
  };
  const at = (path: string): string => `http://localhost:${port}${path}`;
  const propose = async (
    reason: string,
    action = 'service.restart',
    args: Record<string, string> = { unit: UNIT },
  ): Promise<View> => {
    const asked = { action, targets: ['host:web-1'], args, reason };
    const view = await assistant.must<View>('run_action', asked);
    assert.equal(view.decision.verdict, 'needs-approval', view.decision.says);
    return view;
  };

  before(async () => {
    port = await freePort();
    fleet = await startFleet({ hosts: 1 });
    mkdirSync(join(home, 'policy'), { recursive: true, mode: 0o700 });
    const address = fleet.host('web-1').address;
    writeFileSync(
      join(home, 'fleet.yaml'),
      `version: 1\ntargets:\n  host:web-1:\n    hostType: debian\n    environment: lab\n    transport: ssh\n    address: ${address}\n`,
    );
    writeFileSync(
      join(home, 'policy', 'settings.yaml'),
      'version: 1\norganisation: acme\nguards: { cooldownSeconds: 0 }\n',
    );
    writeFileSync(
      join(home, 'server.yaml'),
      `version: 1\nurl: http://localhost:${port}\nlisten: 127.0.0.1:${port}\n`,
    );
    owner = await startOwner(home, ['up']);
    await answering(at('/readyz'));
    ada = await openBrowser();
  });
  after(async () => {
    await assistant?.[Symbol.asyncDispose]();
    await ada?.browser.close();
    owner?.child.kill('SIGTERM');
    if (owner !== undefined) await endOf(owner.child);
    await fleet?.[Symbol.asyncDispose]();
    rmSync(place, { recursive: true, force: true });
  });

  it('begins at a terminal, and ends with a passkey that may sign', async () => {
    const screen = await atTerminal(home, ['console', 'setup'], ['ada', 'Ada', 'localhost']);
    const link = /http:\/\/localhost:\d+\/invitation#\S+/.exec(screen)?.[0];
    assert.ok(link, screen);
    const { page } = ada;
    await page.goto(link);
    await page.getByRole('button', { name: 'Register a passkey' }).click();
    await page.getByRole('button', { name: 'Sign with your passkey' }).click();
    await page.getByText('I have kept them').click();
    await page.getByRole('link', { name: 'To the overview' }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.doesNotMatch(page.url(), /#/);
    const { operators } = await json<{ operators: { id: string }[] }>('operator', 'list');
    assert.deepEqual(
      operators.map(({ id }) => id),
      ['ada'],
    );
    // The link was good once.
    const again = await ada.context.newPage();
    await again.goto(link);
    await again.getByText(/cannot be used/).waitFor();
    await again.close();
  });

  it('signs what a terminal prepares: the recovery key, and a host', async () => {
    const askpass = join(place, 'askpass');
    writeFileSync(askpass, '#!/bin/sh\necho correct horse\n', { mode: 0o755 });
    const key = join(place, 'recovery');
    const env = { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', HOME: place };
    const argv = ['operator', 'recovery', '--recovery-key', key, '--key', 'console', '--yes'];
    const screen = await atTerminal(home, argv, [], env);
    const path = /\/sign\/[0-9a-f]{64}/.exec(screen)?.[0];
    assert.ok(path, screen);
    const { page } = ada;
    await page.goto(at(path));
    await signed(page);
    const list = ['enroll', 'host:web-1', '--ssh', 'web-1', '--ssh-config', fleet.sshConfig];
    await json(...list, '--yes', '--no-sign');
    await page.goto(at('/sign'));
    await page.getByRole('button', { name: 'Read and sign' }).click();
    await signed(page);
    const { hosts } = await json<{ hosts: { target: string; state: string }[] }>('hosts');
    assert.deepEqual(
      hosts.map(({ target, state }) => [target, state]),
      [['host:web-1', 'enrolled']],
    );
    await json('observe', 'host:web-1');
  });

  it('has an assistant propose, a person approve, and the host check the passkey itself', async (t) => {
    ({ bearer } = await json<{ bearer: string }>(
      'lease',
      'issue',
      'test',
      '--profile',
      'observer',
      '--targets',
      'host:web-1',
    ));
    assistant = await connectHttp(at('/mcp'), bearer);
    await fleet.host('web-1').must(['systemctl', 'stop', UNIT]);
    await json('observe', 'host:web-1');
    const proposed = await propose('the web service is down');
    const { page } = ada;
    // Fetching the link of an approval changes nothing, whoever does it.
    assert.equal((await fetch(at(`/changes/${proposed.changeId}`))).status, 200);
    await page.goto(at(`/changes/${proposed.changeId}`));
    await page.getByText(UNIT).first().waitFor();
    await page.getByRole('button', { name: 'Approve with your passkey' }).click();
    await page
      .getByText(/confirmed/i)
      .first()
      .waitFor({ timeout: 60_000 });
    const { exit } = await fleet.host('web-1').exec(['systemctl', 'is-active', UNIT]);
    assert.equal(exit, 0);
    await provedByTheBrowser(page);
    const bundle = await holdfast(home, ['bundle', proposed.changeId]);
    assert.equal(bundle.code, 0, bundle.err);
    await checkedByAStranger(bundle.out);
    await checkedByTheHost(t.name, bundle.out);
    const complaints = ada.complaints;
    assert.deepEqual(complaints, []);
  });

  it('is approved by the keyboard alone', async () => {
    const { changeId } = await propose('once more, by hand', 'cache.clear', { cache: 'apt' });
    const { page } = ada;
    await page.goto(at('/approvals'));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('menuitem', { name: changeId }).waitFor();
    await page.keyboard.type(changeId);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/changes/${changeId}`);
    await page.getByRole('button', { name: 'Approve with your passkey' }).waitFor();
    await tabTo(page, 'Approve with your passkey');
    await page.keyboard.press('Enter');
    await page
      .getByText(/confirmed/i)
      .first()
      .waitFor({ timeout: 60_000 });
  });

  it('is approved also when the service was killed between the request and the approval', async () => {
    const { changeId } = await propose('the service dies meanwhile', 'logs.rotate', {});
    const { page } = ada;
    await page.goto(at(`/changes/${changeId}`));
    await page.getByRole('button', { name: 'Approve with your passkey' }).waitFor();
    owner.child.kill('SIGKILL');
    await endOf(owner.child);
    owner = await startOwner(home, ['up']);
    await answering(at('/readyz'));
    // The client's own session ended with the process; its lease did not.
    assistant = await connectHttp(at('/mcp'), bearer);
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Approve with your passkey' }).click();
    await page
      .getByText(/confirmed/i)
      .first()
      .waitFor({ timeout: 60_000 });
    const change = await json<{ receipts: readonly unknown[] }>('changes', changeId);
    assert.equal(change.receipts.length, 1);
  });

  it('keeps nothing of its pages from people who cannot see or use a mouse', async (t) => {
    const { changeId } = await propose('to be looked at', 'service.disable');
    // The others are judged where people go through them: console-journeys.slow.test.ts.
    const views = [
      '/',
      '/fleet/map',
      '/targets/host:web-1',
      '/changes',
      `/changes/${changeId}`,
      '/assistants',
      '/api',
    ];
    const found: string[] = [];
    for (const view of views) found.push(...(await auditPage(ada.page, at(view))));
    assert.deepEqual(found, []);
    t.diagnostic(`${views.length} views, light and dark`);
    // While the service was dead its streams failed, and Chromium says so.
    const said = ada.complaints.filter((each) => !/net::ERR_|Failed to fetch/.test(each));
    assert.deepEqual(said, []);
  });

  /** The page's own verdict, which it computed: with every check by name, and none that is only said. */
  async function provedByTheBrowser(page: Page): Promise<void> {
    const proof = page.getByRole('region', { name: 'Proof' });
    await proof.getByText('It holds: checked by this browser, not by the service').waitFor();
    const found = await proof
      .locator('[data-check]')
      .evaluateAll((lines) =>
        lines.map((line) => [line.getAttribute('data-check'), line.getAttribute('data-verdict')]),
      );
    const open = ['witnesses', 'timestamps', 'revocations'];
    assert.equal(found.length, 14);
    assert.deepEqual(
      found.filter(
        ([check, verdict]) => verdict !== (open.includes(check ?? '') ? 'open' : 'holds'),
      ),
      [],
    );
    await proof.getByText('What this rests on').click();
    await proof.getByText('your passkey: it signed in this browser').waitFor();
    // A service that shows what never happened is found by the same page.
    await page.route('**/operations/get_change', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { value: { receipts: { status: number }[] } };
      for (const receipt of body.value.receipts) receipt.status = 1;
      await route.fulfill({ response: answer, json: body });
    });
    await page.reload();
    await proof.getByText('It does not hold', { exact: true }).waitFor();
    await page.unroute('**/operations/get_change');
  }

  /** As the bundle's reader has it: the standalone file, ada's public key, no network. */
  async function checkedByAStranger(bundle: string): Promise<void> {
    const file = join(place, 'change.json');
    writeFileSync(file, bundle);
    const { passkeys } = await json<{ passkeys: { key: string }[] }>('ask', 'passkeys_list');
    writeFileSync(join(place, 'operators'), `ada ${passkeys[0]?.key}\n`);
    const receiptKey = await fleet
      .host('web-1')
      .must(['cat', '/var/lib/holdfast-host/receipt-key.pub']);
    const argv = [
      '-n',
      process.execPath,
      join(ROOT, 'verifier', 'holdfast-verifier.mjs'),
      'bundle',
      file,
      '--operators',
      join(place, 'operators'),
      '--host-key',
      receiptKey.trim(),
    ];
    execFileSync('unshare', argv, { encoding: 'utf8' });
    const forged = bundle.replace(
      /"payload":"(.{40})./,
      (_, start: string) => `"payload":"${start}A`,
    );
    writeFileSync(file, forged);
    assert.throws(() => execFileSync('unshare', argv, { encoding: 'utf8', stdio: 'pipe' }));
  }

  /** The signature that the host accepted is the passkey's, and the host's own ssh-keygen says so. */
  async function checkedByTheHost(name: string, bundle: string): Promise<void> {
    const { payload } = JSON.parse(bundle) as { payload: string };
    const statement = Buffer.from(payload, 'base64').toString('utf8');
    assert.match(statement, /webauthn|"assurance":"touch"/, name);
  }
});

async function signed(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign with your passkey' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached', timeout: 60_000 });
}

/** Goes on with Tab until the control with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate<string>(`document.activeElement?.textContent ?? ''`);
    if (focused.includes(name)) return;
  }
  throw new Error(`no way by the keyboard to ${name}`);
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 240; tries++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(250);
  }
  throw new Error(`nothing answers at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
