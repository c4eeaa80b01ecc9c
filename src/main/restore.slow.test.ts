import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Files } from '#base/ports';
import { nodeFiles } from '#machine';
import { aKey, aPrivateKey, aSecurityKey } from '#samples/authority';
import { ask, mustOpen, putInForce } from '#test/change-home';
import { opensshKey } from '#test/openssh-key';
import { throwsFault } from '#test/throws-fault';
import { initialise } from './init.ts';
import { restore } from './restore.ts';

/** Every how many calls of the file system one fails; 1 tries all. */
const STRIDE = Number(process.env['FAILURE_STRIDE'] ?? 23);

type Made = { ok: boolean; encrypted: boolean; says: string[]; sha256?: string };
type Restored = { ok: boolean; says: string[]; backup: string };

describe('a backup that is restored', () => {
  const root = mkdtempSync(join(tmpdir(), 'restore-test-'));
  after(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, 'home');
  const sealed = join(root, 'backup.age');
  const plain = join(root, 'plain');
  const identity = join(root, 'recovery');
  let made: Made;
  let homes = 0;
  const fresh = (): string => join(root, `restored-${homes++}`);

  before(async () => {
    await initialise(home);
    writeFileSync(identity, opensshKey(aPrivateKey('recovery')), { mode: 0o600 });
    await using service = await mustOpen(home);
    const bare = await ask<Made>(service, 'backup', { path: join(root, 'bare') });
    assert.equal(bare.encrypted, false);
    assert.match(bare.says[0] ?? '', /^not encrypted, no recovery or root key is in force/);
    await putInForce(service);
    const request = { kind: 'trust-root', key: aSecurityKey('root').line, operators: ['bea'] };
    const page = await ask<{ order: string; namespace: string }>(service, 'config_page', {
      request,
    });
    const signatures = [aKey('ada').sign(page.namespace, page.order)];
    await ask(service, 'config_apply', { order: page.order, signatures });
    // What a death left of the backup before.
    mkdirSync(join(home, 'run', 'backup', 'keys'), { recursive: true });
    writeFileSync(join(home, 'run', 'backup', 'keys', 'old'), 'x');
    writeFileSync(join(root, '.backup.age.partial'), 'x');
    made = await ask<Made>(service, 'backup', { path: sealed });
    await ask<Made>(service, 'backup', { path: plain, plain: true });
  });

  it('is one private file, and nothing of it lies beside it or in the home', () => {
    assert.deepEqual([made.ok, made.encrypted], [true, true]);
    assert.match(made.says[0] ?? '', /^encrypted to the recovery key SHA256:/);
    assert.equal(made.says.length, 2);
    assert.match(made.says[1] ?? '', /^not to the root key SHA256:.*: nothing can be encrypted to/);
    assert.equal(statSync(sealed).mode & 0o777, 0o600);
    assert.ok(readFileSync(sealed).toString('latin1').startsWith('age-encryption.org/v1\n-> ssh'));
    assert.ok(!existsSync(join(home, 'run', 'backup')));
    assert.deepEqual(
      readdirSync(root).filter((name) => name.startsWith('.')),
      [],
    );
  });

  it('does not bring this machine back as a host', async () => {
    const to = fresh();
    await restored(sealed, to);
    assert.ok(!existsSync(join(to, 'host')));
    assert.ok(!existsSync(join(to, 'authority', 'this-machine.json')));
    assert.ok(!existsSync(join(to, 'authority', 'pending')));
    assert.ok(existsSync(join(to, 'former-host', 'identity')));
    assert.ok(!existsSync(join(to, 'former-host', 'receipt-key')));
  });

  it('is the same from the sealed file, from the archive in it, and from a directory', async () => {
    const digests = new Set<string>();
    for (const path of [sealed, plain, await opened()]) {
      const to = fresh();
      const answer = await restored(path, to);
      digests.add(answer.backup);
      assert.match(readFileSync(join(to, 'restored'), 'utf8'), / from a backup of /);
      assert.ok(answer.says.some((line) => line.includes('ada: ssh-ed25519 SHA256:')));
      for (const name of ['fleet.yaml', 'operators.yaml', join('authority', '000005.json')])
        assert.ok(readFileSync(join(to, name)).equals(readFileSync(join(home, name))), name);
    }
    assert.equal(digests.size, 3);
    assert.ok(digests.has(made.sha256 ?? ''));
  });

  it('is read-only until somebody signs, and says who may', async () => {
    const to = fresh();
    await restored(sealed, to);
    // Taking the note away lifts nothing.
    rmSync(join(to, 'restored'));
    await using service = await mustOpen(to);
    const status = await ask<{ status: string; keys: string[] }>(service, 'config_status');
    assert.equal(status.status, 'restored');
    assert.equal(status.keys.length, 3);
    const { events } = await ask<{ events: { kind: string; more: { backup: string } }[] }>(
      service,
      'events_list',
      { operation: 'log.restored' },
    );
    assert.equal(events[0]?.more.backup, made.sha256);
    const verdict = await ask<{ ok: boolean; log: { notes: string[] } }>(service, 'verify_log');
    assert.ok(verdict.ok, JSON.stringify(verdict));
    assert.ok(verdict.log.notes.some((note) => note.startsWith('restored from a backup of ')));
  });

  it('is restored where nothing is, and only there', async () => {
    mkdirSync(join(root, 'full'));
    writeFileSync(join(root, 'full', 'x'), '');
    await throwsFault(() => restored(sealed, join(root, 'full')), 'home-not-empty');
    mkdirSync(join(root, 'empty'), { mode: 0o755 });
    await restored(sealed, join(root, 'empty'));
    assert.equal(statSync(join(root, 'empty')).mode & 0o777, 0o700);
  });

  it('is refused by what it is not sealed to, and says how a locked key opens it', async () => {
    const to = fresh();
    await throwsFault(() => restore({ home: to, path: sealed }), 'identity-needed');
    const other = join(root, 'other');
    writeFileSync(other, opensshKey(aPrivateKey('ada')), { mode: 0o600 });
    await throwsFault(
      () => restore({ home: to, path: sealed, identity: other }),
      'sealed-to-others',
    );
    const locked = join(root, 'my key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'secret', '-f', locked]);
    await assert.rejects(restore({ home: to, path: sealed, identity: locked }), {
      code: 'identity-locked',
      message: new RegExp(`age -d -i '${locked}' ${sealed} > ${sealed}.tar`),
    });
    assert.ok(!existsSync(to));
  });

  it('is refused when it holds what no backup holds, or was changed', async () => {
    const bent = (change: (copy: string) => void): string => {
      const copy = fresh();
      cpSync(plain, copy, { recursive: true });
      change(copy);
      return copy;
    };
    const refused: readonly (readonly [code: string, path: string])[] = [
      [
        'not-a-backup',
        bent((copy) => cpSync(join(home, 'host'), join(copy, 'host'), { recursive: true })),
      ],
      [
        'not-a-backup',
        bent((copy) => writeFileSync(join(copy, 'authority', 'this-machine.json'), '{}')),
      ],
      ['not-a-backup', bent((copy) => rmSync(join(copy, 'backup.json')))],
      ['not-a-backup', bent((copy) => writeFileSync(join(copy, 'restored'), ''))],
      ['backup-unsound', bent((copy) => rmSync(join(copy, 'log', 'checkpoints')))],
    ];
    const to = fresh();
    for (const [code, path] of refused) await throwsFault(() => restored(path, to), code);
    const cut = join(root, 'cut.age');
    writeFileSync(cut, readFileSync(sealed).subarray(0, -20_000));
    await throwsFault(() => restored(cut, to), 'seal-broken');
    assert.ok(!existsSync(to));
  });

  it('leaves the home as it was, or whole, whatever fails', async () => {
    const count = { calls: 0 };
    await restored(sealed, fresh(), failingAt(count, Number.POSITIVE_INFINITY));
    const most = count.calls;
    assert.ok(most > 50, String(most));
    const to = fresh();
    for (let at = 1 + (most % STRIDE); at < most; at += STRIDE) {
      await assert.rejects(restored(sealed, to, failingAt({ calls: 0 }, at)), String(at));
      assert.ok(!existsSync(to), `half restored at ${at}`);
    }
    await restored(sealed, to);
  });

  function restored(path: string, to: string, files?: Files): Promise<Restored> {
    const job = { home: to, path, identity, ...(files === undefined ? {} : { files }) };
    return restore(job) as unknown as Promise<Restored>;
  }

  async function opened(): Promise<string> {
    const { openArchive, packArchive, readOpeningKey } = await import('#sealing');
    const key = readOpeningKey(readFileSync(identity, 'utf8'));
    const pieces: Uint8Array[] = [];
    const from = (async function* (): AsyncGenerator<Uint8Array> {
      yield readFileSync(sealed);
    })();
    for await (const piece of packArchive(openArchive(from, key)))
      pieces.push(Uint8Array.from(piece));
    const path = join(root, 'opened.tar');
    writeFileSync(path, Buffer.concat(pieces));
    return path;
  }
});

/** Every call that changes something counts; the `nth` and all after it fail, as when the process is gone. */
function failingAt(count: { calls: number }, nth: number): Files {
  const real = nodeFiles();
  const counted = async <Result>(act: () => Promise<Result>): Promise<Result> => {
    count.calls += 1;
    if (count.calls >= nth) throw Object.assign(new Error('no more'), { code: 'EIO' });
    return act();
  };
  return {
    ...real,
    replace: (...given) => counted(() => real.replace(...given)),
    truncate: (...given) => counted(() => real.truncate(...given)),
    remove: (...given) => counted(() => real.remove(...given)),
    makeDirectory: (...given) => counted(() => real.makeDirectory(...given)),
    appender: async (...given) => {
      const appender = await counted(() => real.appender(...given));
      return {
        ...appender,
        append: (bytes) => counted(() => appender.append(bytes)),
        sync: () => counted(() => appender.sync()),
        close: () => appender.close(),
      };
    },
  };
}
