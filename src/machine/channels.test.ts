import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { nodeChannels } from './index.ts';

const channels = nodeChannels();
const PATH = '/usr/bin:/bin';
const shell = (script: string, env: Record<string, string> = { PATH }) =>
  channels.open({ argv: ['/bin/sh', '-c', script], env });
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
const isAlive = (pid: number): boolean => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe('a channel to a program', { concurrency: true }, () => {
  it('speaks and listens, and says how the program ended', async () => {
    const channel = await shell('read -r a; echo "got $a"; echo trouble >&2; exit 7');
    await channel.write(Buffer.from('one\n'));
    assert.equal(text(await channel.read()), 'got one\n');
    assert.equal(await channel.read(), undefined);
    assert.deepEqual(await channel.ended, { exit: 7 });
    assert.equal(channel.says(), 'trouble\n');
    assert.equal(await channel.read(), undefined);
    await channel.close();
  });

  it('has exactly the environment it was given', async () => {
    const channel = await channels.open({ argv: ['/usr/bin/env'], env: { ONLY: 'this' } });
    assert.equal(text(await channel.read()), 'ONLY=this\n');
    await channel.close();
  });

  it('ends with everything the program started, also what ignores SIGTERM', async () => {
    const channel = await shell(`trap '' TERM; sleep 100 & echo $!; wait; sleep 100`);
    const pid = Number(text(await channel.read()));
    assert.ok(isAlive(pid));
    await channel.close();
    // Told to end it is; when it is gone the kernel says, a moment later on a busy machine.
    for (let tries = 0; isAlive(pid) && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(!isAlive(pid));
    assert.deepEqual(await channel.ended, { exit: null });
  });

  it('does not wait for who holds its output, and ends that too', async () => {
    const channel = await shell('sleep 100 & echo $!');
    const pid = Number(text(await channel.read()));
    assert.deepEqual(await channel.ended, { exit: 0 });
    // It was told to end, and may take its time on a busy machine; left alone it would stay for 100 s.
    for (let tries = 0; isAlive(pid) && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(!isAlive(pid));
  });

  it('makes a flood wait, keeps all of it, and keeps 8 KiB of complaints', async () => {
    const channel = await shell(
      'head -c 100000 /dev/zero >&2; printf last >&2; head -c 1000000 /dev/zero',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    let total = 0;
    for (let chunk = await channel.read(); chunk !== undefined; chunk = await channel.read()) {
      total += chunk.length;
    }
    assert.equal(total, 1_000_000);
    assert.equal(channel.says().length, 8_192);
    assert.match(channel.says(), /last$/);
    await channel.ended;
  });

  it('keeps what was not read yet when the program is long over', async () => {
    const channel = await shell('sleep 5 & printf kept');
    await channel.ended;
    assert.equal(text(await channel.read()), 'kept');
    await channel.close();
  });

  it('fails a write to a program that reads no more', async () => {
    const channel = await shell('exec 0<&-; echo ready; sleep 5');
    assert.equal(text(await channel.read()), 'ready\n');
    await throwsFault(() => channel.write(Buffer.from('x')), 'channel-closed');
    await channel.close();
  });

  it('refuses a program that is not there, and arguments that cannot be', async () => {
    await throwsFault(() => channels.open({ argv: ['/no/such'], env: {} }), 'program-missing');
    await throwsFault(
      () => channels.open({ argv: ['/bin/sh', 'a\0b'], env: {} }),
      'program-invalid',
    );
  });
});
