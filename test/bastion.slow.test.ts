/** A host behind an enrolled bastion, and one without sudo: looked at, and changed with an approval, end to end. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../lab/podman.ts';
import { anEnroller, type Enroller } from './support/enrolment.ts';
import { type Fleet, fleetUnavailable, startFleet } from './support/fleet.ts';

const skip = await fleetUnavailable();
type View = {
  readonly changeId: string;
  readonly state: string;
  readonly decision: { readonly verdict: string };
};

describe('a host behind a bastion', { skip, timeout: 600_000 }, () => {
  let fleet: Fleet;
  let one: Enroller;
  before(async () => {
    fleet = await startFleet({ hosts: 1, kinds: ['bastion', 'inner', 'no-sudo'] });
    one = await anEnroller(
      fleet.hosts.map(({ name, address, via }) =>
        via === null ? [name, address] : [name, address, `host:${via}`],
      ),
    );
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  it('is enrolled together with its bastion, which opens it and nothing else', async () => {
    for (const [name, alias] of [
      ['bastion-1', 'bastion-1'],
      ['inner-1', 'inner-1'],
      ['no-sudo-1', 'root@no-sudo-1'],
    ] as const) {
      const rest = ['--ssh-config', fleet.sshConfig, '--yes', '--no-sign'];
      await one.must(0, 'enroll', name, '--ssh', alias, ...rest);
    }
    await one.sign();
    const line = await fleet
      .host('bastion-1')
      .must(['cat', '/usr/local/lib/holdfast/home/runner/.ssh/authorized_keys']);
    assert.match(line, new RegExp(`permitopen="${fleet.host('inner-1').address}:22"`));
    for (const [address, opens] of [
      [fleet.host('inner-1').address, true],
      [fleet.host('web-1').address, false],
      ['127.0.0.1', false],
    ] as const) {
      const through = await run([
        'ssh',
        '-F',
        'none',
        '-i',
        join(one.home, 'keys', 'ssh', 'reader'),
        '-o',
        'BatchMode=yes',
        '-o',
        `UserKnownHostsFile=${fleet.knownHosts}`,
        '-W',
        `${address}:22`,
        `holdfast-reader@${fleet.host('bastion-1').address}`,
      ]);
      assert.equal(through.stdout.startsWith('SSH-2.0-'), opens, `${address}: ${through.stderr}`);
    }
  });

  for (const name of ['inner-1', 'no-sudo-1']) {
    it(`is looked at and changed by the service: ${name}`, async () => {
      const seen = await one.must<{ unreachable: string | null; facts: number }>(
        0,
        'observe',
        `host:${name}`,
      );
      assert.equal(seen.unreachable, null);
      assert.ok(seen.facts > 100, String(seen.facts));
      const looked = await one.must<{ exit: number; stdout: string }>(
        0,
        'run',
        name,
        '--',
        'uptime',
      );
      assert.match(looked.stdout, /load average/);
      const proposed = await one.must<View>(
        0,
        'propose',
        'service.restart',
        name,
        '--arg',
        'unit=cron.service',
        '--reason',
        'to see it',
      );
      assert.equal(proposed.state, 'previewed', JSON.stringify(proposed));
      const { changeId } = proposed;
      const page = await one.ask<{ digestWords: string }>('approval_page', { changeId });
      const host = fleet.host(name);
      const pid = (): Promise<string> =>
        host.must(['systemctl', 'show', '-p', 'MainPID', '--value', 'cron']);
      const was = await pid();
      const done = await one.must<View>(
        0,
        'approve',
        changeId,
        '--key',
        one.key,
        '--words',
        page.digestWords,
      );
      assert.equal(done.state, 'confirmed', JSON.stringify(done));
      assert.notEqual(await pid(), was);
    });
  }
});
