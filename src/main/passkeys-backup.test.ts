import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { passkeyLine } from '#authority';
import { type Identity, openIdentity } from '#identity';
import { nodeFiles } from '#machine';
import { aCoseKey } from '#samples/authority';
import { anOpening, aPasskeyOf, SetClock } from '#samples/identity';
import { seededRandom } from '#test/simulated-log';
import { passkeysBytes, takePasskeys } from './passkeys-backup.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-passkeys-'));
after(() => rmSync(root, { recursive: true }));
const path = join(root, 'passkeys.json');
const open = (seed: number): Promise<Identity> =>
  openIdentity({
    path: ':memory:',
    files: nodeFiles(),
    clock: new SetClock(),
    random: seededRandom(seed),
  });
const cose = Uint8Array.from(aCoseKey('ada'));
const key = passkeyLine(cose, 'console.example');

describe('the passkeys of a backup', () => {
  it('are taken in once, with the key that they are, and with nothing that signs anybody in', async () => {
    await using before = await open(1);
    before.passkeys.add({ ...aPasskeyOf('ada'), cose, key, counter: 7 });
    const { secret } = before.sessions.open(anOpening());
    const [code = ''] = before.recovery.make('ada');
    const bytes = passkeysBytes(before);
    for (const each of [secret, code]) assert.equal(Buffer.from(bytes).includes(each), false);
    writeFileSync(path, bytes);
    await using next = await open(2);
    await takePasskeys(nodeFiles(), path, next);
    assert.equal(existsSync(path), false);
    const [one, ...others] = next.passkeys.list();
    assert.deepEqual([one?.key, one?.counter, others.length], [key, 7, 0]);
    assert.deepEqual([next.sessions.list(), next.recovery.left('ada')], [[], 0]);
    await takePasskeys(nodeFiles(), path, next);
  });

  it('are not another person’s for saying so, and nothing where they cannot be read', async () => {
    await using identity = await open(3);
    const stolen = { ...aPasskeyOf('ada'), cose: Uint8Array.from(aCoseKey('eve')), key };
    await using theirs = await open(4);
    theirs.passkeys.add(stolen);
    writeFileSync(path, passkeysBytes(theirs));
    await takePasskeys(nodeFiles(), path, identity);
    assert.notEqual(identity.passkeys.list()[0]?.key, key);
    for (const text of ['', '[]', '{"version":1,"passkeys":[{}]}', '{"version":2,"passkeys":[]}']) {
      writeFileSync(path, text);
      await assert.rejects(takePasskeys(nodeFiles(), path, identity), text);
      assert.equal(existsSync(path), true);
    }
  });
});
