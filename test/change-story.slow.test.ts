/**
 * The story of the README on a real service of a real systemd: an assistant sees the service down and
 * proposes a restart, an operator sees the exact argv and signs, it runs once, is verified, the
 * finding closes, and a stranger checks the bundle without network.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { labUnavailable, withHost } from './support/lab.ts';
import { connectCommand } from './support/mcp-client.ts';
import { Person, serve } from './support/operators.ts';

const ROOT = join(import.meta.dirname, '..');
const HOLDFAST = '/opt/holdfast/bin/holdfast';
const UNIT = 'lab-web.service';

type View = {
  readonly changeId: string;
  readonly digest: string;
  readonly state: string;
  readonly tier: string;
  readonly decision: { readonly verdict: string; readonly because: string };
  readonly plan: { readonly steps: readonly { readonly argv: readonly string[] }[] };
  readonly receipts: readonly unknown[];
  readonly outcome: { readonly says: string } | null;
};

describe('the story of a change', { skip: await labUnavailable() }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'hf-story-'));
  after(() => rmSync(scratch, { recursive: true, force: true }));

  it('goes from an assistant that sees to a stranger who checks', async () => {
    await withHost('story', async (host) => {
      const json = async <Value>(...argv: readonly string[]): Promise<Value> =>
        JSON.parse(await host.must(['env', 'HOME=/root', HOLDFAST, ...argv, '--json'])) as Value;
      await host.must(['env', 'HOME=/root', HOLDFAST, 'init']);
      await serve(host);
      const { targets } = await json<{ targets: { id: string }[] }>('target', 'list');
      const target = targets[0]?.id ?? '';

      // A person, once: their key, a recovery key, what they accept without a security key, what is in force.
      const ada = await Person.at(host);
      await ada.types(['operator', 'add', 'ada'], ['sign']);
      await ada.types(['operator', 'recovery', '--recovery-key', '/root/usb/recovery', '--yes']);
      await ada.types(['config', 'rule', 'T2', '--least', 'same-user'], ['sign']);
      await host.must(['env', 'HOME=/root', HOLDFAST, 'observe']);
      await host.must(['env', 'HOME=/root', HOLDFAST, 'baseline', 'bless', '--kinds', 'service']);
      await ada.types(['config', 'sign'], ['sign']);

      // It breaks.
      await host.must(['systemctl', 'stop', UNIT]);
      await host.must(['env', 'HOME=/root', HOLDFAST, 'observe']);

      // An assistant sees it and proposes.
      await using assistant = await connectCommand('podman', [
        'exec',
        '-i',
        host.container,
        'env',
        'HOME=/root',
        HOLDFAST,
        'mcp',
      ]);
      const drift = await assistant.must<{ findings: { id: string; entity: string }[] }>(
        'drift_scan',
        {},
      );
      const finding = drift.findings.find(({ entity }) => entity.endsWith(`/${UNIT}`));
      assert.ok(finding, JSON.stringify(drift.findings));
      const found = await assistant.must<{ actions: { action: string }[] }>('find_actions', {
        query: 'restart a service',
      });
      assert.ok(found.actions.some(({ action }) => action === 'service.restart'));
      const proposed = await assistant.must<View>('run_action', {
        action: 'service.restart',
        targets: [target],
        args: { unit: UNIT },
        reason: 'the web service is down',
        idempotencyKey: 'story-1',
      });
      assert.equal(proposed.state, 'previewed', JSON.stringify(proposed.decision));
      assert.equal(proposed.decision.verdict, 'needs-approval');
      assert.equal(await host.exec(['systemctl', 'is-active', UNIT]).then(({ exit }) => exit), 3);

      // No tool of an assistant approves, and none shows what would be signed.
      for (const tool of ['change_approve', 'approval_page', 'config_apply', 'stop_lift'])
        await assert.rejects(assistant.ask(tool, { changeId: proposed.changeId }), /not found/);

      // The operator sees exactly what runs, and signs.
      const screen = await ada.types(['approve', proposed.changeId], ['sign']);
      for (const word of proposed.plan.steps[0]?.argv ?? []) assert.ok(screen.includes(word), word);
      const done = await assistant.must<View>('get_change', { changeId: proposed.changeId });
      assert.equal(done.state, 'confirmed', JSON.stringify(done.outcome));
      assert.equal(done.receipts.length, 1);
      assert.equal((await host.must(['systemctl', 'is-active', UNIT])).trim(), 'active');
      const after = await assistant.must<{ findings: { id: string }[] }>('drift_scan', {});
      assert.ok(!after.findings.some(({ id }) => id === finding.id), 'the finding closed');

      // The same key answers with the same change; approving again does nothing.
      const again = await assistant.must<View>('run_action', {
        action: 'service.restart',
        targets: [target],
        args: { unit: UNIT },
        reason: 'the web service is down',
        idempotencyKey: 'story-1',
      });
      assert.equal(again.changeId, proposed.changeId);
      await assert.rejects(ada.types(['approve', proposed.changeId], ['sign']), /already-approved/);

      // A stranger, another machine, no network: the bundle and the public keys.
      const bundle = await host.must(['env', 'HOME=/root', HOLDFAST, 'bundle', proposed.changeId]);
      const signers = await host.must(['cat', '/root/.ssh/holdfast_operator.pub']);
      writeFileSync(join(scratch, 'bundle.json'), bundle);
      const [type, blob] = signers.trim().split(' ');
      writeFileSync(join(scratch, 'operators'), `ada ${type} ${blob}\n`);
      const receiptKey = await host.must(['cat', '/root/.holdfast/host/receipt-key.pub']);
      const logKeys = await json<{ log: { key: string } }>('evidence', 'status');
      const verify = (file: string): { readonly status: number; readonly out: string } => {
        try {
          const out = execFileSync(
            'unshare',
            [
              '-n',
              process.execPath,
              join(ROOT, 'verifier', 'holdfast-verifier.mjs'),
              'bundle',
              file,
              '--operators',
              join(scratch, 'operators'),
              '--host-key',
              receiptKey.trim(),
              '--log-key',
              logKeys.log.key,
            ],
            { encoding: 'utf8' },
          );
          return { status: 0, out };
        } catch (thrown) {
          const { status, stdout } = thrown as { status: number; stdout: string };
          return { status, out: stdout };
        }
      };
      const sound = verify(join(scratch, 'bundle.json'));
      assert.equal(sound.status, 0, sound.out);
      const envelope = JSON.parse(bundle) as { payload: string };
      const statement = Buffer.from(envelope.payload, 'base64').toString('utf8');
      const forged = {
        ...envelope,
        payload: Buffer.from(statement.replace('restart', 'disable')).toString('base64'),
      };
      writeFileSync(join(scratch, 'forged.json'), JSON.stringify(forged));
      assert.equal(verify(join(scratch, 'forged.json')).status, 8);

      const verdict = await json<{ ok: boolean }>('verify');
      assert.equal(verdict.ok, true);
    });
  });
});
