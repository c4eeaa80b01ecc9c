import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cli } from '../samples.ts';

const NOBODY = { operators: [] };
const ADA = {
  operators: [
    { id: 'ada', name: 'Ada', keys: [{ type: 'sk', rpId: 'localhost' }, { type: 'ed' }] },
    { id: 'bea', name: 'Bea', keys: [{ type: 'sk', rpId: 'holdfast.example.org' }] },
  ],
};
const LINE = ['console', 'expose', 'holdfast.example.org', '--own-ca'];

describe('exposing the console', () => {
  it('shows what it writes and costs, asks, and ends with what is left to do', async () => {
    const { out, exit, called, prompts } = await cli(LINE, {
      answer: () => NOBODY,
      terminal: true,
      typed: 'yes',
    });
    assert.equal(exit, 0);
    const asked = {
      names: ['holdfast.example.org'],
      port: 7443,
      listen: null,
      by: { kind: 'own-ca', fresh: false },
    };
    assert.deepEqual(
      called
        .filter(([name]) => name === 'plan' || name === 'carryOut')
        .map(([name, , given]) => [name, given]),
      [
        ['plan', asked],
        ['carryOut', asked],
      ],
    );
    assert.equal(prompts.length, 1);
    for (const each of [
      /Choose the name once/,
      /url: https:\/\/holdfast/,
      /config sign/,
      /\/ca\.crt/,
      /CC:DD/,
      /Certificate Trust Settings/,
    ])
      assert.match(out, each);
  });

  it('confirms what was read and written, before there is anybody to sign it', async () => {
    const answer = ({ operation }: { operation: string }) =>
      operation === 'console_status' ? { unsigned: { state: 'never' } } : NOBODY;
    const { out, asked } = await cli(LINE, { answer, terminal: true, typed: 'yes' });
    const digest = (asked.at(-1)?.input as { readonly digest?: string } | undefined)?.digest ?? '';
    assert.match(digest, /^[0-9a-f]{64}$/);
    assert.deepEqual(asked.at(-1), { operation: 'server_confirm', input: { digest } });
    assert.match(out, /1\. start the service again.*2\. holdfast console setup/s);
    assert.doesNotMatch(out, /config sign/);
  });

  it('is for a person at a terminal who says yes', async () => {
    const away = await cli(LINE, { answer: () => NOBODY });
    assert.match(away.err, /nobody-there/);
    const no = await cli(LINE, { answer: () => NOBODY, terminal: true, typed: 'no' });
    assert.match(no.err, /not-confirmed/);
    for (const { called } of [away, no]) assert.ok(!called.some(([name]) => name === 'carryOut'));
  });

  it('does not take passkeys from anybody by the way', async () => {
    const held = await cli(LINE, { answer: () => ADA, terminal: true, typed: 'yes' });
    assert.match(
      held.err,
      /new-rp-id: passkeys would be lost: ada signed under another name.*--new-rp-id/s,
    );
    assert.match(held.out, /must register a passkey again.*ada \(Ada\): 1 passkey/s);
    assert.doesNotMatch(held.out, /bea/);
    assert.ok(!held.called.some(([name]) => name === 'carryOut'));
    const meant = await cli([...LINE, '--new-rp-id', '--yes'], {
      answer: () => ADA,
      terminal: true,
    });
    assert.equal(meant.exit, 0);
    assert.match(meant.out, /an invitation for each of ada/);
  });

  it('takes a certificate or the tailnet, and one way only', async () => {
    const by = async (line: string): Promise<unknown> => {
      const { called } = await cli(['console', 'expose', ...line.split(' '), '--yes'], {
        answer: () => NOBODY,
        terminal: true,
      });
      return called.find(([name]) => name === 'carryOut')?.[2];
    };
    assert.deepEqual(
      await by(
        'a.example --certificate c.pem --key /k.pem --port 443 --also b.example --listen 10.0.0.5',
      ),
      {
        names: ['a.example', 'b.example'],
        port: 443,
        listen: '10.0.0.5',
        by: { kind: 'files', certificate: '/desk/c.pem', key: '/k.pem' },
      },
    );
    assert.deepEqual(await by('--tailnet'), {
      names: [],
      port: 7443,
      listen: null,
      by: { kind: 'tailnet' },
    });
    for (const line of [
      'a.example',
      'a.example --own-ca --tailnet',
      'a.example --certificate c',
      'a.example --tailnet --new-ca',
    ])
      assert.match(
        (await cli(['console', 'expose', ...line.split(' ')], { terminal: true })).err,
        /invalid-input/,
        line,
      );
  });

  it('renews without asking anybody, also where nobody is', async () => {
    const { out, exit, called } = await cli(['console', 'expose', '--renew']);
    assert.equal(exit, 0);
    assert.ok(called.some(([name]) => name === 'renew'));
    assert.match(out, /Renewed.*CC:DD/s);
  });
});
