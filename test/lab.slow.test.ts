/**
 * The lab's hosts are real ones, and leave nothing behind. See lab/hosts.ts.
 *
 * 1. A host boots, and its units can be stopped and seen stopped.
 * 2. Holdfast runs inside, sees the same, and sees it change.
 * 3. A host goes with its test; one whose maker was killed goes with the next.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Host, labUnavailable, withHost } from '#test/lab';
import { startHost, whyNoLab } from '../lab/hosts.ts';
import { podman } from '../lab/podman.ts';

const skip = await labUnavailable();
const HOLDFAST = ['env', 'HOLDFAST_HOME=/var/lib/holdfast', '/opt/holdfast/bin/holdfast'];

describe('a lab host', { skip }, () => {
  let host: Host;
  before(async () => {
    host = await startHost('web-1');
  });
  after(async () => {
    await host[Symbol.asyncDispose]();
  });

  it('has systemd running, and a service that answers', async () => {
    assert.equal((await host.must(['ps', '-o', 'comm=', '-p', '1'])).trim(), 'systemd');
    assert.equal(await host.must(['systemctl', 'is-active', 'lab-web.service']), 'active\n');
    const page = await host.must(['busybox', 'wget', '-qO-', 'http://127.0.0.1:8080/']);
    assert.match(page, /hello/);
  });

  it('has a unit that can be stopped and seen stopped, and started again', async () => {
    await host.must(['systemctl', 'stop', 'lab-web.service']);
    const { exit, stdout } = await host.exec(['systemctl', 'is-active', 'lab-web.service']);
    assert.deepEqual([exit, stdout], [3, 'inactive\n']);
    await host.must(['systemctl', 'start', 'lab-web.service']);
    await host.must(['systemctl', 'is-active', 'lab-web.service']);
  });

  it('takes files, and gives arguments and input through unchanged', async () => {
    await host.copy('#!/bin/sh\nprintf "%s|" "$@"; cat\n', '/opt/new/place/echo', '0755');
    const told = await host.must(['/opt/new/place/echo', 'a b', '', '$(id)'], { stdin: 'in\n' });
    assert.equal(told, 'a b||$(id)|in\n');
  });

  it('runs Holdfast, which sees the host and what changes on it', async () => {
    const ask = async (): Promise<unknown> => {
      await host.must([...HOLDFAST, 'up', '--once'], { timeoutMs: 120_000 });
      const asked = ['query', '*lab-web.service', '--attribute', 'state.active', '--json'];
      const { facts } = JSON.parse(await host.must([...HOLDFAST, ...asked])) as {
        facts: { value: unknown }[];
      };
      return facts.map(({ value }) => value);
    };
    assert.deepEqual(await ask(), ['active']);
    await host.must(['systemctl', 'stop', 'lab-web.service']);
    assert.deepEqual(await ask(), ['inactive']);
  });
});

describe('the lab', { skip }, () => {
  it('has a network where hosts find each other by name, and no way out', async () => {
    const network = { network: 'lab' } as const;
    await withHost(
      'here',
      (here) =>
        withHost(
          'there',
          async (there) => {
            const serve = ['busybox', 'httpd', '-f', '-p', '80', '-h', '/srv/www'];
            await there.must(['systemd-run', '--collect', ...serve]);
            const get = String.raw`exec 3<>/dev/tcp/there/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3`;
            assert.match(await here.must(['timeout', '5', 'bash', '-c', get]), /hello/);
            assert.doesNotMatch(await here.must(['ip', 'route']), /default/);
          },
          network,
        ),
      network,
    );
  });

  it('removes a host with its test, also when that fails', async () => {
    let container = '';
    const failed = withHost('short', (host) => {
      container = host.container;
      throw new Error('the test fails');
    });
    await assert.rejects(failed, /the test fails/);
    assert.equal((await podman(['container', 'exists', container])).exit, 1);
  });

  it('removes a host whose maker was killed', async () => {
    const hosts = join(import.meta.dirname, '..', 'lab', 'hosts.ts');
    const script = `import { startHost } from ${JSON.stringify(hosts)};
      const { container } = await startHost('orphan');
      process.stdout.write(container);
      setInterval(() => {}, 1000);`;
    const maker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [told] = (await once(maker.stdout, 'data')) as [Buffer];
    maker.kill('SIGKILL');
    await once(maker, 'exit');
    const exists = ['container', 'exists', told.toString()];
    assert.equal((await podman(exists)).exit, 0);
    assert.equal(await whyNoLab(() => {}), undefined);
    assert.equal((await podman(exists)).exit, 1);
  });
});
