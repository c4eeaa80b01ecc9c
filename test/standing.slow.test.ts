/**
 * Consent in advance on a real host: what a standing approval covers runs by itself, once per cooldown,
 * never for a session that has read text of a target, and no more once it is revoked.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { labUnavailable, withHost } from './support/lab.ts';
import { connectCommand, type McpClient } from './support/mcp-client.ts';
import { Person, serve } from './support/operators.ts';

const HOLDFAST = '/opt/holdfast/bin/holdfast';
const UNIT = 'nginx.service';

type View = {
  readonly changeId: string;
  readonly state: string;
  readonly decision: { readonly verdict: string; readonly because: string; readonly says: string };
  readonly receipts: readonly unknown[];
  readonly outcome: { readonly says: string } | null;
};

describe('a standing approval', { skip: await labUnavailable() }, () => {
  it('is spent by the host, and by nobody who was told what to do', async () => {
    await withHost('standing', async (host) => {
      const json = async <Value>(...argv: readonly string[]): Promise<Value> =>
        JSON.parse(await host.must(['env', 'HOME=/root', HOLDFAST, ...argv, '--json'])) as Value;
      await host.must(['systemctl', 'start', UNIT]);
      await host.must(['env', 'HOME=/root', HOLDFAST, 'init']);
      await serve(host);
      const { targets } = await json<{ targets: { id: string }[] }>('target', 'list');
      const target = targets[0]?.id ?? '';
      const ada = await Person.at(host);
      await ada.types(['operator', 'add', 'ada'], ['sign']);
      await ada.types(['config', 'rule', 'standing', '--least', 'same-user'], ['sign']);
      await host.must(['env', 'HOME=/root', HOLDFAST, 'observe']);
      const screen = await ada.types(
        [
          'standing',
          'add',
          'service.reload',
          target,
          '--arg',
          `unit=${UNIT}`,
          '--days',
          '7',
          '--runs',
          '5',
          '--per',
          '1h',
          '--reason',
          'new certificates',
        ],
        ['sign'],
      );
      assert.match(screen, /reload/);

      const connect = (): Promise<McpClient> =>
        connectCommand('podman', [
          'exec',
          '-i',
          host.container,
          'env',
          'HOME=/root',
          HOLDFAST,
          'mcp',
        ]);
      const reload = (assistant: McpClient, more: object = {}): Promise<View> =>
        assistant.must<View>('run_action', {
          action: 'service.reload',
          targets: [target],
          args: { unit: UNIT },
          reason: 'the certificate was renewed',
          ...more,
        });

      // A session that has read what a target says is not trusted with consent in advance.
      await using told = await connect();
      await told.must('query_facts', { kind: 'service', limit: 3 });
      const after = await reload(told);
      assert.equal(after.decision.verdict, 'needs-approval', JSON.stringify(after.decision));
      assert.equal(after.state, 'previewed');

      await using clean = await connect();
      const first = await reload(clean);
      assert.equal(first.state, 'confirmed', JSON.stringify(first));
      assert.equal(first.decision.verdict, 'allow');
      assert.equal(first.receipts.length, 1);
      const second = await reload(clean);
      assert.equal(second.state, 'refused', JSON.stringify(second));
      assert.equal(second.decision.because, 'cooldown');

      const { standings } = await json<{ standings: { id: string; state: string }[] }>(
        'standing',
        'list',
      );
      assert.deepEqual(
        standings.map(({ state }) => state),
        ['active'],
      );
      const ended = await json<{ state: string }>(
        'standing',
        'revoke',
        standings[0]?.id ?? '',
        '--reason',
        'not wanted any more',
      );
      assert.equal(ended.state, 'revoked');
      const verdict = await json<{ ok: boolean }>('verify');
      assert.equal(verdict.ok, true);
    });
  });
});
