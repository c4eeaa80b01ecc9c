import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import type { ProgramRun } from '#base/ports';
import { throwsFault } from '#test/throws-fault';
import { nodeClock, nodeFiles, nodeMachineFiles, nodePrograms, nodeRandom } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'machine-test-'));
after(() => rmSync(root, { recursive: true, force: true }));
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const shell = (script: string, more: Partial<ProgramRun> = {}): ProgramRun => ({
  argv: ['/bin/sh', '-c', script],
  timeoutMs: 5_000,
  maxBytes: 10_000,
  ...more,
});
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe('the clock', () => {
  it('counts microseconds and never runs backwards while the wall is only corrected', () => {
    let wall = 1_000_000;
    let mono = 5;
    const clock = nodeClock({ wallMs: () => Math.floor(wall), monotonicMs: () => mono });
    let last = clock.now();
    for (let i = 0; i < 5_000; i++) {
      mono += 0.7;
      wall += 0.7 + (i % 100 === 0 ? -6 : 0.001);
      const now = clock.now();
      assert.ok(now >= last);
      assert.ok(Math.abs(now / 1_000 - wall) < 10);
      last = now;
    }
  });

  it('follows a wall that was set, forwards and back', () => {
    let wall = 1_000_000;
    const clock = nodeClock({ wallMs: () => wall, monotonicMs: () => 1 });
    wall = 9_000_000;
    assert.equal(clock.now(), 9_000_000_000);
    wall = 2_000_000;
    assert.equal(clock.now(), 2_000_000_000);
  });

  it('agrees with the real wall to a few milliseconds', () => {
    const before = Date.now();
    const now = nodeClock().now() / 1_000;
    assert.ok(before - 5 < now && now < Date.now() + 5);
  });

  it('wakes a sleeper when the signal aborts', async () => {
    const stop = new AbortController();
    const slept = nodeClock().sleep(60_000, stop.signal);
    stop.abort();
    await slept;
    await nodeClock().sleep(60_000, AbortSignal.abort());
  });
});

describe('our own files', () => {
  const files = nodeFiles();

  it('replaces a whole file with the mode asked for and leaves nothing beside it', async () => {
    const path = join(root, 'replaced');
    await files.replace(path, Buffer.from('one'), 0o640);
    await files.replace(path, Buffer.from('two'), 0o640);
    assert.equal(text(await files.read(path)), 'two');
    assert.equal(statSync(path).mode & 0o7777, 0o640);
    assert.deepEqual(
      readdirSync(root).filter((name) => name.includes('.tmp')),
      [],
    );
  });

  it('keeps the old content when a replacement fails', async () => {
    mkdirSync(join(root, 'taken/inside'), { recursive: true });
    await assert.rejects(files.replace(join(root, 'taken'), Buffer.from('x')));
    assert.deepEqual(
      readdirSync(root).filter((name) => name.includes('.tmp')),
      [],
    );
  });

  it('appends in the order asked, however many ask at once', async () => {
    const path = join(root, 'log');
    const log = await files.appender(path);
    const lines = Array.from({ length: 50 }, (_, i) => `${i}\n`);
    await Promise.all(lines.map((line) => log.append(Buffer.from(line))));
    await log.sync();
    await log.close();
    assert.equal(readFileSync(path, 'utf8'), lines.join(''));
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.equal(text(await files.readRange(path, 2, 5)), '1\n2');
    assert.equal(text(await files.readRange(path, 2, 1e12)).length, lines.join('').length - 2);
    await files.truncate(path, 4);
    assert.equal(readFileSync(path, 'utf8'), '0\n1\n');
  });

  it('refuses to go on after a failed write', async () => {
    const log = await files.appender('/dev/full');
    await assert.rejects(log.append(Buffer.from('x')), { code: 'ENOSPC' });
    await throwsFault(() => log.sync(), 'file-failed');
    await log.close();
  });

  it('does not wait for a pipe, nor read a device without end, in the place of a file', async () => {
    const pipe = join(root, 'pipe-in-place');
    execFileSync('mkfifo', [pipe]);
    await throwsFault(() => nodeFiles().read(pipe), 'file-not-regular');
    const device = join(root, 'link-to-device');
    symlinkSync('/dev/zero', device);
    await throwsFault(() => nodeFiles().read(device), 'file-not-regular');
  });

  it('gives up at once where no directory can be made', { timeout: 5_000 }, async () => {
    await throwsFault(() => nodeFiles().makeDirectory('/proc/holdfast/a/b'), 'no-directory');
    writeFileSync(join(root, 'a-file'), '');
    await assert.rejects(nodeFiles().makeDirectory(join(root, 'a-file')));
  });

  it('says nothing for what is absent and creates private directories', async () => {
    const gone = join(root, 'no/such');
    assert.equal(await files.read(gone), undefined);
    assert.equal(await files.info(gone), undefined);
    assert.equal(await files.list(gone), undefined);
    await files.remove(gone);
    await files.makeDirectory(gone);
    assert.equal(statSync(gone).mode & 0o777, 0o700);
    assert.equal((await files.info(gone))?.kind, 'directory');
  });
});

describe('files of the machine', () => {
  const files = nodeMachineFiles();

  it('reads and hashes a regular file, and files of the kernel that claim no size', async () => {
    const path = join(root, 'plain');
    writeFileSync(path, 'hello');
    assert.equal(text(await files.read(path, 5)), 'hello');
    assert.equal(await files.sha256(path, 5), sha256('hello'));
    assert.match(text(await files.read('/proc/version', 10_000)), /Linux/);
  });

  it('refuses what is bigger than asked for', async () => {
    const path = join(root, 'big');
    writeFileSync(path, 'x'.repeat(200_000));
    await throwsFault(() => files.read(path, 199_999), 'file-too-big');
    assert.equal(await files.sha256(path, 199_999), undefined);
    await throwsFault(() => files.read('/proc/version', 3), 'file-too-big');
  });

  it('never opens a link, a pipe or a device', async () => {
    const link = join(root, 'link');
    symlinkSync('/etc/passwd', link);
    const pipe = join(root, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const path of [link, pipe, '/dev/zero', root]) {
      await throwsFault(() => files.read(path, 1_000), 'file-not-regular');
      await throwsFault(() => files.sha256(path, 1_000), 'file-not-regular');
    }
    assert.equal(await files.readLink(link), '/etc/passwd');
    assert.equal((await files.stat(link))?.kind, 'symlink');
  });

  it("does not go through another user's link on the way", async (t) => {
    if (process.geteuid?.() !== 0) return t.skip('only root can make a link of another user');
    const way = join(root, 'way');
    symlinkSync('/etc', way);
    assert.ok(await files.read(join(way, 'passwd'), 100_000));
    lchownSync(way, 12_345, 12_345);
    await throwsFault(() => files.read(join(way, 'passwd'), 100_000), 'file-not-regular');
    await throwsFault(() => files.list(join(way, 'ssh')), 'file-not-regular');
  });

  it('tells absence from what may not be read', async () => {
    assert.equal(await files.read(join(root, 'nothing'), 10), undefined);
    assert.equal(await files.stat(join(root, 'plain/below')), undefined);
    chmodSync(join(root, 'plain'), 0o4750);
    assert.equal((await files.stat(join(root, 'plain')))?.mode, 0o4750);
  });
});

describe('a program', () => {
  const programs = nodePrograms();

  it('gets its arguments as they are, and an environment of ours only', async () => {
    process.env['SECRET_OF_TEST'] = 'leaked';
    const echoed = await programs.run({
      argv: ['/bin/echo', '$(id)', '; ls'],
      timeoutMs: 5_000,
      maxBytes: 100,
    });
    assert.equal(text(echoed.stdout), '$(id) ; ls\n');
    const env = text((await programs.run(shell('env'))).stdout);
    assert.doesNotMatch(env, /SECRET_OF_TEST|HOME=/);
    assert.match(env, /LC_ALL=C/);
  });

  it('reads nothing on stdin unless given', async () => {
    assert.equal(text((await programs.run(shell('cat'))).stdout), '');
    assert.equal(text((await programs.run(shell('cat', { stdin: 'in' }))).stdout), 'in');
  });

  it('is missing when there is none, and that is no error', async () => {
    const none = await programs.run({ argv: ['no-such-program'], timeoutMs: 100, maxBytes: 10 });
    assert.equal(none.ended, 'missing');
    await throwsFault(
      () => programs.run({ argv: ['/bin/echo', 'a\0b'], timeoutMs: 100, maxBytes: 10 }),
      'program-invalid',
    );
  });

  it('is ended with all it started when it takes too long', async () => {
    const mark = join(root, 'pids');
    const script = `trap '' TERM; sh -c "trap '' TERM; sleep 61" & echo $! $$ > ${mark}; wait; sleep 61`;
    const result = await programs.run(shell(script, { timeoutMs: 600 }));
    assert.equal(result.ended, 'timeout');
    assert.ok(existsSync(mark));
    const pids = readFileSync(mark, 'utf8').trim().split(' ').map(Number);
    for (let i = 0; i < 500 && pids.some(isAlive); i++) await nodeClock().sleep(10);
    for (const pid of pids) assert.ok(!isAlive(pid), `${pid} still runs`);
  });

  it('is ended when it says too much, and what it said before is kept', async () => {
    const result = await programs.run(shell('yes', { maxBytes: 5_000 }));
    assert.equal(result.ended, 'too-much');
    assert.equal(result.stdout.length, 5_000);
  });

  it('does not keep us waiting for a child that holds its output', async () => {
    const before = performance.now();
    const result = await programs.run(shell('setsid sleep 5 & echo done'));
    assert.equal(text(result.stdout), 'done\n');
    assert.ok(performance.now() - before < 4_000);
  });

  it('tells its exit and its signal', async () => {
    assert.equal((await programs.run(shell('exit 7'))).exit, 7);
    assert.equal((await programs.run(shell('kill -9 $$'))).ended, 'signal');
  });
});

describe('randomness', () => {
  it('gives as many bytes as asked', () => {
    assert.equal(nodeRandom().bytes(12).length, 12);
    assert.notDeepEqual(nodeRandom().bytes(12), nodeRandom().bytes(12));
  });
});
