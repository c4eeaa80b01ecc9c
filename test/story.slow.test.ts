/**
 * What a new user does, on the machine that runs the tests: see it, bless it, change it, see the
 * drift, undo it, and prove the log. It makes an account and a listener for a moment, as root.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aHome, holdfast } from '#test/holdfast';

type Finding = {
  entity: string;
  attribute: string;
  kind: string;
  observed: unknown;
  desired: unknown;
};

const ACCOUNT = 'hfstory';
const PORT = 34_571;

describe('the story of a new user', () => {
  const able = process.getuid?.() === 0 && existsSync('/usr/sbin/useradd');

  it('shows exactly what was changed, and what it was before', {
    skip: able ? false : 'needs root and useradd',
    timeout: 180_000,
  }, async () => {
    await using directory = await aHome();
    const home = directory.path;
    const started = await holdfast(home, ['up', '--once', '--json']);
    assert.equal(started.code, 0, started.err);
    assert.ok(JSON.parse(started.out).targets[0].facts >= 100);
    const file = aFileInEtcSsh();
    const before = statSync(file).mode & 0o777;
    assert.equal((await holdfast(home, ['baseline', 'bless', '--reason', 'fresh'])).code, 0);
    const listener = createServer();
    let between: string;
    try {
      execFileSync('useradd', ['-m', ACCOUNT]);
      chmodSync(file, before ^ 0o010);
      await new Promise<void>((resolve) => listener.listen(PORT, '0.0.0.0', resolve));
      assert.equal((await holdfast(home, ['observe'])).code, 0);
      between = new Date().toISOString();
      const findings = await drift(home);
      const brief = findings
        .map(
          ({ entity, attribute, kind }) =>
            `${kind} ${entity.replace(/:[^/]+\//, ':')} ${attribute}`,
        )
        .toSorted();
      const files = ['/etc/group', '/etc/passwd', '/etc/subgid', '/etc/subuid'].filter((path) =>
        existsSync(path),
      );
      assert.deepEqual(
        brief,
        [
          ...files.map((path) => `changed file:${path} sha256`),
          `changed file:${file} mode`,
          `unexpected group:${ACCOUNT} *`,
          `unexpected port:tcp/0.0.0.0:${PORT} *`,
          `unexpected user:${ACCOUNT} *`,
        ].toSorted(),
      );
      const mode = findings.find((finding) => finding.attribute === 'mode');
      assert.deepEqual([mode?.desired, mode?.observed], [octal(before), octal(before ^ 0o010)]);
    } finally {
      listener.close();
      chmodSync(file, before);
      execFileSync('sh', ['-c', `userdel -r ${ACCOUNT} 2>/dev/null || true`]);
    }
    await sleep(20);
    assert.equal((await holdfast(home, ['observe'])).code, 0);
    assert.deepEqual(await drift(home), []);
    const history = JSON.parse(
      (await holdfast(home, ['history', `file:*${file}`, 'mode', '--json'])).out,
    );
    assert.deepEqual(
      new Set(history.versions.map((version: { value: string }) => version.value)),
      new Set([octal(before), octal(before ^ 0o010)]),
    );
    const past = JSON.parse(
      (await holdfast(home, ['query', `user:*/${ACCOUNT}`, '--as-of', between, '--json'])).out,
    );
    assert.ok(past.facts.length > 0);
    const status = JSON.parse(
      (
        await holdfast(home, [
          'query',
          '--type',
          'drift',
          '--attribute',
          'status',
          '--as-of',
          between,
          '--json',
        ])
      ).out,
    );
    assert.ok(
      status.facts.every((fact: { value: string }) => fact.value === 'open') &&
        status.facts.length >= 8,
    );
    const verified = await holdfast(home, ['verify']);
    assert.equal(verified.code, 0, verified.out);
  });

  it('backs up, restores into an empty place, and finds the same facts there', {
    timeout: 120_000,
  }, async () => {
    await using directory = await aHome();
    const [home, copy, back] = ['a', 'copy', 'back'].map((name) => join(directory.path, name)) as [
      string,
      string,
      string,
    ];
    assert.equal((await holdfast(home, ['up', '--once'])).code, 0);
    const at = new Date().toISOString();
    const asked = [
      'query',
      '--kind',
      'package',
      '--as-of',
      at,
      '--known-at',
      at,
      '--limit',
      '1000',
      '--json',
    ];
    const before = await holdfast(home, asked);
    const made = await holdfast(home, ['backup', copy]);
    assert.equal(made.code, 0, made.err + made.out);
    assert.equal((await holdfast(back, ['restore', copy])).code, 0);
    assert.equal((await holdfast(back, asked)).out, before.out);
    assert.equal((await holdfast(back, ['verify'])).code, 0);
    assert.equal((await holdfast(back, ['restore', copy])).code, 5);
    const facts = join(copy, 'store', 'facts.sqlite');
    const bytes = readFileSync(facts);
    bytes.fill(0x41, 8_192, 12_288);
    writeFileSync(facts, bytes);
    assert.notEqual((await holdfast(join(directory.path, 'other'), ['restore', copy])).code, 0);
    assert.ok(!existsSync(join(directory.path, 'other', 'fleet.yaml')));
  });

  it('names the record when any file of the log was touched', { timeout: 120_000 }, async () => {
    await using directory = await aHome();
    const home = directory.path;
    assert.equal((await holdfast(home, ['up', '--once'])).code, 0);
    assert.equal((await holdfast(home, ['verify'])).code, 0);
    const files = filesBelow(join(home, 'log')).filter((path) => statSync(path).size > 0);
    assert.ok(files.length >= 3);
    for (const path of files) {
      const whole = readFileSync(path);
      const touched = Buffer.from(whole);
      const at = Math.floor(whole.length / 2);
      touched.writeUInt8(touched.readUInt8(at) ^ 1, at);
      writeFileSync(path, touched);
      const flipped = await holdfast(home, ['verify', '--json']);
      assert.equal(flipped.code, 8, `${path}: ${flipped.out}`);
      rmSync(path);
      assert.equal((await holdfast(home, ['verify'])).code, 8, `${path} removed`);
      writeFileSync(path, whole);
    }
    assert.equal((await holdfast(home, ['verify'])).code, 0);
  });
});

async function drift(home: string): Promise<Finding[]> {
  const { findings } = JSON.parse((await holdfast(home, ['drift', '--json'])).out) as {
    findings: Finding[];
  };
  // Other programs of this machine open and close ports of their own while the test runs.
  return findings.filter(
    (finding) => !finding.entity.startsWith('port:') || finding.entity.endsWith(`:${PORT}`),
  );
}

function aFileInEtcSsh(): string {
  mkdirSync('/etc/ssh', { recursive: true });
  const found = readdirSync('/etc/ssh')
    .map((name) => join('/etc/ssh', name))
    .find((path) => statSync(path).isFile());
  if (found !== undefined) return found;
  const made = '/etc/ssh/ssh_config';
  writeFileSync(made, '# made by a test\n', { mode: 0o644 });
  return made;
}

function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
