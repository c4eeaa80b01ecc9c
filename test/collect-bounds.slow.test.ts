/** What an account of a host writes into its own files cannot fill, or hold up, what root's helper tells of the host. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const COLLECT = join(import.meta.dirname, '..', 'host', 'collect');
const READ = join(import.meta.dirname, '..', 'host', 'read');
const ACCOUNT = 64_321;
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;
const skip = canMount ? false : 'needs root and mounts of its own';

/** A key of that type that nobody has. */
function keyLine(): string {
  const text = (bytes: Uint8Array) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const blob = Buffer.concat([text(Buffer.from('ssh-ed25519')), text(randomBytes(32))]);
  return `ssh-ed25519 ${blob.toString('base64')}`;
}

describe('an account that writes much', { skip }, () => {
  let place = '';
  before(() => {
    place = mkdtempSync(join(tmpdir(), 'collect-bounds-'));
  });
  after(() => {
    rmSync(place, { recursive: true, force: true });
  });

  /** What is printed where that account has such keys and such a cron table, in a mount namespace of its own. */
  function told({ keys, jobs }: { readonly keys: number; readonly jobs: number }): string {
    const home = join(place, 'home');
    mkdirSync(join(home, '.ssh'), { recursive: true });
    const lines = Array.from({ length: keys }, keyLine).join('\n');
    writeFileSync(join(home, '.ssh', 'authorized_keys'), `${lines}\n`);
    writeFileSync(join(place, 'crontab'), '* * * * * true\n'.repeat(jobs), { mode: 0o600 });
    writeFileSync(
      join(place, 'passwd'),
      ['root:x:0:0::/root:/bin/sh', `much:x:${ACCOUNT}:${ACCOUNT}::${home}:/bin/sh`, ''].join('\n'),
    );
    mkdirSync(join(place, 'crons'), { recursive: true });
    const script = [
      'mount --bind "$1/passwd" /etc/passwd',
      'mount --bind "$1/crons" /var/spool/cron',
      'mkdir -p /var/spool/cron/crontabs',
      'cp -p "$1/crontab" /var/spool/cron/crontabs/much',
      'exec sh "$2"',
    ].join(' && ');
    return execFileSync('unshare', ['-m', 'sh', '-c', script, '-', place, COLLECT], {
      encoding: 'utf8',
      maxBuffer: 32 * 1024 * 1024,
      timeout: 200_000,
    });
  }

  it('leaves room for everything else, and what it wrote too much of is short', () => {
    const text = told({ keys: 12_000, jobs: 5_000 });
    assert.ok(text.length < 2 * 1024 * 1024, String(text.length));
    assert.match(text, /\nshort\tauthorized_key\tthere%20is%20too%20much/);
    assert.match(text, /\nshort\tcron_job\t\/var\/spool\/cron\/crontabs\/much:%20there/);
    assert.doesNotMatch(text, /\nwhole\tauthorized_key/);
    assert.match(text, /\nwhole\tuser\n/);
    assert.match(text, /\nwhole\tport\n/);
    assert.match(text, /\nend\t[0-9]+\n$/);
  });

  it('is told whole when it is no more than usual', () => {
    const text = told({ keys: 200, jobs: 20 });
    assert.equal(text.match(/^fact\tauthorized_key\t/gm)?.length, 200);
    assert.match(text, /\nwhole\tauthorized_key\n/);
    assert.doesNotMatch(text, /\nshort\tcron_job/);
  });
});

describe('an account that runs much already', { skip }, () => {
  it('may look at its own machine all the same', () => {
    const place = mkdtempSync(join(tmpdir(), 'reader-much-'));
    try {
      const grammar = ['holdfast-grammar 1', 'end', ''].join('\n');
      execFileSync('chmod', ['755', place]);
      writeFileSync(join(place, 'grammar'), grammar, { mode: 0o644 });
      const script = [
        'n=300; while [ $n -gt 0 ]; do sleep 20 & p="$p $!"; n=$((n-1)); done',
        '{ printf "holdfast-read 1\\nid 1\\nverb snapshot\\nseconds 15\\nbytes 4194304\\nend\\n"; sleep 15; } | timeout 16 sh "$1" "$2" | head -c 200; kill $p',
      ].join('; ');
      const as = ['--reuid', String(ACCOUNT), '--regid', String(ACCOUNT), '--clear-groups'];
      const argv = [...as, 'sh', '-c', script, '-', READ, place];
      const text = spawnSync('setpriv', argv, { encoding: 'utf8', timeout: 60_000 }).stdout;
      assert.match(text, /^holdfast-read-answer 1\nid 1\nverdict ok\n/);
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });
});
