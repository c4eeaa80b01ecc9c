/**
 * The connection goes away during a package upgrade of a real host: cut, killed, or with the service itself. The
 * host finishes by itself, its receipt is fetched later by its nonce, and nothing ran twice.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../lab/podman.ts';
import type { View } from './support/change-home.ts';
import { anEnrolledFleet, type EnrolledFleet } from './support/enrolled-fleet.ts';
import { type FleetHost, fleetUnavailable } from './support/fleet.ts';

const VERSION = '1.2';
const skip = await fleetUnavailable();
/** Versions whose installation waits until it is told to go on, and leaves a line each time that it is tried. */
const PACKAGES = `
set -e
cd /opt/lab-packages
for version in 1.2; do
  rm -rf /tmp/p && mkdir -p /tmp/p/DEBIAN /tmp/p/usr/bin
  printf '#!/bin/sh\\necho %s\\n' $version >/tmp/p/usr/bin/lab-tool
  printf '#!/bin/sh\\necho %s >>/var/log/lab-tool.begun\\ni=0\\nwhile ! rm /run/lab-tool.go 2>/dev/null && [ $i -lt 900 ]; do sleep 0.2; i=$((i+1)); done\\necho %s >>/var/log/lab-tool.done\\n' $version $version >/tmp/p/DEBIAN/postinst
  chmod 755 /tmp/p/usr/bin/lab-tool /tmp/p/DEBIAN/postinst
  printf 'Package: lab-tool\\nVersion: %s\\nArchitecture: all\\nMaintainer: Lab <lab@example.org>\\nDescription: prints its version\\n' $version >/tmp/p/DEBIAN/control
  deb=lab-tool_$version.deb
  dpkg-deb --root-owner-group -b /tmp/p $deb >/dev/null
  { cat /tmp/p/DEBIAN/control; printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' $deb "$(stat -c %s $deb)" "$(sha256sum $deb | cut -d ' ' -f 1)"; } >>Packages
done
apt-get -qq update
: >/var/log/lab-tool.begun
: >/var/log/lab-tool.done`;

describe('a connection that goes away during an upgrade', { skip, timeout: 600_000 }, () => {
  let one: EnrolledFleet;
  before(
    async () => {
      // One for each, as a host is not upgraded twice in a few minutes.
      one = await anEnrolledFleet({ hosts: 3 });
      for (const host of one.fleet.hosts) await host.must(['sh', '-s'], { stdin: PACKAGES });
    },
    { timeout: 300_000 },
  );
  after(() => one?.[Symbol.asyncDispose]());

  const lines = async (host: FleetHost, file: string): Promise<readonly string[]> =>
    (await host.must(['cat', `/var/log/lab-tool.${file}`]))
      .split('\n')
      .filter((line) => line !== '');
  const until = async (
    what: string,
    holds: () => Promise<boolean>,
    seconds = 120,
  ): Promise<void> => {
    for (const deadline = performance.now() + seconds * 1_000; performance.now() < deadline; ) {
      if (await holds()) return;
      await sleep(500);
    }
    throw new Error(`${what} did not come within ${seconds} s`);
  };
  const sshOfService = (): readonly number[] =>
    execFileSync('ps', ['-eo', 'pid=,ppid=,comm='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, parent, name]) => Number(parent) === one.pid && name === 'ssh')
      .map(([pid]) => Number(pid));

  const upgrade = async (
    name: string,
    away: (host: FleetHost) => Promise<void>,
    back: (host: FleetHost) => Promise<void> = async () => {},
  ): Promise<void> => {
    const host = one.host(name);
    await one.observe(name);
    const before = await one.receipts(name);
    const proposed = await one.ask<View>('run_action', {
      action: 'package.upgrade',
      targets: [`host:${name}`],
      args: { package: 'lab-tool', version: VERSION },
      reason: 'the new version',
    });
    assert.equal(proposed.state, 'previewed', JSON.stringify(proposed));
    const page = await one.ask<{ digestWords: string; envelope: string }>('approval_page', {
      changeId: proposed.changeId,
    });
    const signing = one.cli(
      'approve',
      proposed.changeId,
      '--key',
      one.key,
      '--words',
      page.digestWords,
    );
    await until('the upgrade', async () => (await lines(host, 'begun')).includes(VERSION));
    await away(host);
    assert.ok(!(await lines(host, 'done')).includes(VERSION), 'it went away in the middle');
    await host.must(['touch', '/run/lab-tool.go']);
    await until('the end of the upgrade', async () =>
      (await lines(host, 'done')).includes(VERSION),
    );
    await back(host);
    await signing;
    let view: View | undefined;
    await until('the end of the change', async () => {
      view = await one.ask<View>('get_change', { changeId: proposed.changeId });
      return (
        ['confirmed', 'failed', 'refused', 'diverged', 'unknown'].includes(view.state) &&
        view.outcome !== null
      );
    });
    assert.equal(view?.state, 'confirmed', JSON.stringify(view));
    // Once there, once here: one try of the package, one receipt, and the same one.
    assert.deepEqual(
      (await lines(host, 'begun')).filter((line) => line === VERSION),
      [VERSION],
    );
    const after = await one.receipts(name);
    assert.equal(after.length, before.length + 1);
    assert.equal(view?.receipts.length, 1);
    assert.equal(after.at(-1)?.result, 'exited');
    assert.equal((await host.must(['lab-tool'])).trim(), VERSION);
    await one.assertSame(proposed.changeId, page.envelope);
  };

  it('cut off: the host finishes, and says so when it is back', () =>
    upgrade(
      'web-1',
      (host) => host.fault('partition'),
      (host) => host.fault('heal'),
    ));

  it('every ssh of the service killed: it asks again by the nonce', () =>
    upgrade('web-2', async () => {
      const found = sshOfService();
      assert.ok(found.length > 0);
      // One that shares the connection of another ends with it.
      for (const pid of found) await run(['kill', '-KILL', `${pid}`]);
    }));

  it('the service itself killed: the next one fetches the receipt', () =>
    upgrade('web-3', () => one.killAndStartAgain()));
});
