/**
 * A fleet of the lab is what lab/README.md says: hosts reached over SSH, each kind of its kind, and
 * every fault switch does what it says and is taken back. It leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Fleet, type FleetHost, fleetUnavailable, ssh, startFleet } from '#test/fleet';
import { whyNoLab } from '../lab/hosts.ts';
import { podman, type Ran, run } from '../lab/podman.ts';

const skip = await fleetUnavailable();

describe('a fleet', { skip }, () => {
  let fleet: Fleet;
  let web: FleetHost;
  const asked = (command: string, name = 'web-1'): Promise<Ran> => ssh(fleet, name, command);
  const told = async (command: string, name = 'web-1'): Promise<string> => {
    const { exit, stdout, stderr } = await asked(command, name);
    assert.equal(exit, 0, stderr);
    return stdout.trim();
  };
  /** What ssh says when it is given two seconds to be let in, and `after` to end. */
  const refused = async (seconds = 4): Promise<string> => {
    const options = [
      '-F',
      fleet.sshConfig,
      '-o',
      'BatchMode=yes',
      '-o',
      'ConnectTimeout=2',
    ] as const;
    const ran = await run(['timeout', `${seconds}`, 'ssh', ...options, 'web-1', 'true']);
    assert.notEqual(ran.exit, 0);
    return ran.exit === 124 ? 'says nothing' : ran.stderr;
  };

  before(async () => {
    const began = performance.now();
    const kinds = ['no-sudo', 'busybox', 'old-ssh', 'bastion', 'inner'] as const;
    fleet = await startFleet({ hosts: 3, kinds });
    web = fleet.host('web-1');
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    process.stderr.write(`lab: ${fleet.hosts.length} hosts reached over SSH in ${seconds} s\n`);
  });
  after(async () => {
    const { directory } = fleet;
    await fleet[Symbol.asyncDispose]();
    assert.ok(!existsSync(directory));
    for (const { container } of fleet.hosts)
      assert.equal((await podman(['container', 'exists', container])).exit, 1);
  });

  it('is reached over SSH by name, with the host keys that the hosts have', async () => {
    for (const { name } of fleet.hosts) assert.equal(await told('hostname', name), name);
    const keys = new Set(fleet.hosts.flatMap(({ hostKeys }) => hostKeys));
    assert.equal(keys.size, fleet.hosts.length * 2);
    assert.equal(await told('sudo -n id -u'), '0');
  });

  it('has a resolver, a web server, a database, logs, and one unit that failed', async () => {
    const services = ['unbound', 'nginx', 'redis-server', 'cron', 'rsyslog', 'lab-web'];
    assert.equal(
      await told(`systemctl is-active ${services.join(' ')}`),
      services.map(() => 'active').join('\n'),
    );
    assert.equal(await told('getent hosts www.lab.example | cut -d " " -f 1'), '192.0.2.80');
    assert.equal(await told('redis-cli ping'), 'PONG');
    assert.match(await told('busybox wget -qO- http://web-2/'), /hello/);
    assert.match(await told('systemctl --failed --no-legend'), /^\S* ?lab-broken\.service .*$/);
    await told('sudo -n test -s /var/log/syslog -a -s /var/log/auth.log');
    assert.doesNotMatch(await told('ip route'), /default/);
  });

  it('has hosts of each kind', async () => {
    assert.notEqual((await asked('sudo -n true', 'no-sudo-1')).exit, 0);
    const root = ['ssh', '-F', fleet.sshConfig, '-l', 'root', 'no-sudo-1', 'id -u'] as const;
    assert.equal((await run([...root])).stdout, '0\n');
    const shells = 'readlink -f "$(command -v sh)"; readlink -f "$(command -v awk)"';
    const both = (path: string): string => `${path}\n${path}`;
    assert.equal(await told(shells, 'busybox-1'), both('/usr/bin/busybox'));
    assert.equal(await told(shells), '/usr/bin/dash\n/usr/bin/mawk');
    assert.match((await asked('ssh-keygen -Y verify', 'old-ssh-1')).stderr, /unknown option -- Y/);
    const { address } = fleet.host('inner-1');
    assert.notEqual((await run(['ping', '-c', '1', '-W', '1', address])).exit, 0);
    const banner = `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/22; head -c 4 <&3'`;
    assert.equal(await told(banner, 'bastion-1'), 'SSH-');
    assert.notEqual((await asked(banner)).exit, 0);
  });

  it('hangs and goes on', async () => {
    await web.fault('hang');
    assert.match(await refused(), /says nothing|timed out/);
    await web.fault('unhang');
    await told('true');
  });

  it('is slow, and quick again', async () => {
    const standing = asked('sleep 20');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await web.fault('slow', 300);
    assert.notEqual((await standing).exit, 0, 'a connection that stood is cut');
    const took = async (): Promise<number> => {
      const began = performance.now();
      await told('true');
      return performance.now() - began;
    };
    const slow = await took();
    assert.ok(slow > 2000, `${slow}`);
    assert.equal(await told('head -c 3000000 /dev/zero | wc -c'), '3000000');
    await web.fault('heal');
    const quick = await took();
    assert.ok(quick < 2000, `${quick}`);
  });

  it('loses what arrives', async () => {
    const ping = ['ping', '-q', '-c', '100', '-i', '0.01', '-W', '1', web.address] as const;
    await web.fault('drop', 40);
    const lost = Number(/(\d+)(\.\d+)?% packet loss/.exec((await run([...ping])).stdout)?.[1]);
    assert.ok(lost > 15 && lost < 65, `${lost}`);
    await web.fault('heal');
    assert.match((await run([...ping])).stdout, / 0% packet loss/);
  });

  it('is cut off, and is back', async () => {
    await web.fault('partition');
    assert.match(await refused(), /timed out/);
    assert.equal(await web.must(['hostname']), 'web-1\n');
    await told('true', 'web-2');
    await web.fault('heal');
    await told('true');
  });

  it('shows another host key, and the old one again', async () => {
    await web.fault('rekey');
    assert.match(await refused(), /REMOTE HOST IDENTIFICATION HAS CHANGED/);
    await web.fault('heal');
    await told('true');
  });

  for (const name of ['web-1', 'busybox-1']) {
    it(`has no room on its disk, and room again, with what was there: ${name}`, async () => {
      const host = fleet.host(name);
      await host.must(['install', '-d', '-m', '700', '/var/lib/holdfast-host']);
      await host.copy('kept', '/var/lib/holdfast-host/state', '0600');
      const put = ['dd', 'if=/dev/zero', 'of=/var/lib/holdfast-host/more', 'bs=8192', 'count=1'];
      const full = /No space left/;
      await host.fault('disk-full');
      assert.match((await host.exec(put)).stderr, full);
      assert.match(
        (await asked('dd if=/dev/zero of=/tmp/more bs=8192 count=1', name)).stderr,
        full,
      );
      assert.equal(await host.must(['cat', '/var/lib/holdfast-host/state']), 'kept');
      await host.fault('disk-ok');
      await host.must(put);
      const list = 'stat -c "%a %n" /var/lib/holdfast-host /var/lib/holdfast-host/*';
      const listed = await host.must(['sh', '-c', list]);
      assert.match(listed, /^700 \S+host\n644 \S+more\n600 \S+state\n$/);
      assert.equal(await host.must(['sh', '-c', 'mount | grep -c lab-disk || :']), '0\n');
    });
  }

  it('is told another time, and its own again', async () => {
    const skew = async (name: string): Promise<number> =>
      Number(await told('date +%s', name)) - Date.now() / 1000;
    for (const name of ['web-1', 'busybox-1']) {
      await fleet.host(name).fault('clock', -3600);
      assert.ok(Math.abs((await skew(name)) + 3600) < 10, name);
      await fleet.host(name).fault('clock', 90_000);
      assert.ok(Math.abs((await skew(name)) - 90_000) < 10, name);
      await fleet.host(name).fault('heal');
      assert.ok(Math.abs(await skew(name)) < 10, name);
    }
  });

  it('is killed, and boots with the disk, the address and the keys that it had', async () => {
    await told('echo here > kept');
    await web.fault('kill');
    assert.notEqual(await refused(), '');
    await web.fault('start');
    assert.equal(await told('cat kept'), 'here');
    // The last host of a network takes its bridge along.
    for (const host of fleet.hosts) await host.fault('kill');
    for (const host of fleet.hosts) await host.fault('heal');
    for (const { name } of fleet.hosts) await told('true', name);
  });

  it('refuses an amount that a fault does not take', async () => {
    await assert.rejects(web.fault('drop', 100), /a whole number from 1 to 99, not 100/);
    await assert.rejects(web.fault('hang', 1), /from 0 to 0/);
    await assert.rejects(web.fault('slow'), /from 1 to 60000, not 0/);
  });
});

describe('fleets', { skip }, () => {
  it('stand beside each other', async () => {
    const two = [startFleet({ hosts: 1 }), startFleet({ hosts: 1 })];
    await using one = await two[0]!;
    await using other = await two[1]!;
    assert.notEqual(one.host('web-1').address, other.host('web-1').address);
    for (const each of [one, other])
      assert.equal((await ssh(each, 'web-1', 'hostname')).stdout, 'web-1\n');
  });

  it('go with a maker that was killed, hung hosts too', async () => {
    const script = `import { makeFleet } from ${JSON.stringify(join(import.meta.dirname, '..', 'lab', 'fleet.ts'))};
      const { hosts, directory } = await makeFleet({ hosts: 1 });
      await hosts[0].fault('hang');
      process.stdout.write(hosts[0].container + ' ' + directory);
      setInterval(() => {}, 1000);`;
    const maker = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [bytes] = (await once(maker.stdout, 'data')) as [Buffer];
    const [container = '', directory = ''] = bytes.toString().split(' ');
    assert.ok(existsSync(directory));
    maker.kill('SIGKILL');
    await once(maker, 'exit');
    assert.equal((await podman(['container', 'exists', container])).exit, 0);
    assert.equal(await whyNoLab(() => {}, 'fleet'), undefined);
    assert.equal((await podman(['container', 'exists', container])).exit, 1);
    assert.ok(!existsSync(directory));
    const network = container.replace(/web-1$/, 'front');
    assert.equal((await podman(['network', 'exists', network])).exit, 1);
  });
});
