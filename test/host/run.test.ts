/** What a host runs, and how. Real keys, the real script. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { HostRig, itemText, makeKeys, NO_HASH, receiptLine, sha } from '#test/host-rig';

describe('a host', () => {
  const keys = makeKeys();
  const rig = new HostRig(keys);
  after(() => {
    rig.dispose();
    keys.dispose();
  });

  it('says who it is', () => {
    const answer = rig.ask('status');
    assert.equal(answer.verdict, 'ok');
    assert.equal(itemText(answer, 'identity'), rig.read('identity'));
    assert.equal(itemText(answer, 'receipt-key'), rig.read('receipt-key.pub'));
  });

  it('runs a signed part once, each word as it was signed, and signs a receipt', () => {
    const words = ['a b', '$(id)', '*', '', '\'"`', 'x\ny\n', '\\0101%s', 'é\u{1f512}\u0001', '-n'];
    const items = rig.runItems({ argv: ['printf', '%s|', ...words] });
    const answer = rig.ask('run', items);
    assert.equal(answer.state, 'ended', answer.code);
    assert.equal(itemText(answer, 'stdout'), `${words.join('|')}|`);
    assert.equal(receiptLine(answer, 'result'), 'exited');
    assert.equal(receiptLine(answer, 'status'), '0');
    assert.equal(receiptLine(answer, 'number'), '1');
    assert.equal(receiptLine(answer, 'previous'), NO_HASH);
    const { length } = Buffer.from(itemText(answer, 'stdout'));
    assert.equal(receiptLine(answer, 'stdout'), `${sha(itemText(answer, 'stdout'))} ${length}`);

    const signers = rig.path('receipt-signers');
    writeFileSync(signers, `host ${keys.publicKey('receipts')}\n`);
    writeFileSync(rig.path('sig'), itemText(answer, 'receipt-signature'));
    const verify = ['-Y', 'verify', '-f', signers, '-I', 'host', '-n', 'holdfast-receipt@1', '-s'];
    execFileSync('ssh-keygen', [...verify, rig.path('sig')], {
      input: itemText(answer, 'receipt'),
    });

    const again = rig.ask('run', items);
    assert.equal(again.code, 'nonce-spent');
    const next = rig.run({ argv: ['cat'], stdin: 'given' });
    assert.equal(itemText(next, 'stdout'), 'given');
    assert.equal(receiptLine(next, 'number'), '2');
    assert.equal(receiptLine(next, 'previous'), sha(itemText(answer, 'receipt')));
  });
});

describe('the script', () => {
  it('has nothing that shellcheck objects to', (t) => {
    try {
      execFileSync('shellcheck', ['--version'], { stdio: 'ignore' });
    } catch {
      t.skip('shellcheck is not installed');
      return;
    }
    execFileSync('shellcheck', ['-s', 'sh', '-x', 'host/holdfast-host'], { stdio: 'pipe' });
  });
});
