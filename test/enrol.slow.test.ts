/** Hosts made out of machines, and machines out of hosts, over real sshds; what breaks on the way leaves nothing. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { formatFrame } from '#adapters';
import { formatPayload, type HostFile, type Payload, scriptFor } from '#enrolment';
import { chance } from '#test/seed';
import { run } from '../lab/podman.ts';
import { operatorSsh } from '../src/main/operator-ssh.ts';
import { anEnroller, type Enroller } from './support/enrolment.ts';
import { type Fleet, type FleetHost, fleetUnavailable, startFleet } from './support/fleet.ts';

const skip = await fleetUnavailable();
/** Names, modes, owners and sizes wherever an installation could leave something, and our name wherever it stands. */
const PLACES = `
for place in /etc /usr/local /var/lib /root /home /opt; do find $place -xdev 2>/dev/null; done | grep -v -e '^/etc/.*-$' -e '^/var/lib/systemd' -e '^/home/ops' -e '^/opt/holdfast' -e '^/etc/.pwd.lock$' | sort >/run/trace.names
tr '\\n' '\\0' </run/trace.names | xargs -0 ls -ldn 2>/dev/null | awk '{ print $1, $3, $4, ($1 ~ /^-/ ? $5 : "-"), $9 }'
cat /etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid; ls -A /root; ls /tmp; find / -xdev -name '*holdfast*' -not -path '/proc/*' -not -path '/opt/*' -not -path '/run/*' -not -path '/sys/*' 2>/dev/null`;

/** Installs, and removes with a program that kills who called it the nth time; then removes again. */
const KILLED_REMOVAL = `
tool=$1 nth=$2 at=$(command -v $1)
mkdir -p /run/real; cp /usr/bin/mv /usr/bin/chmod /run/real
sh -s </run/install.sh >/dev/null 2>&1
: >/tmp/of-ours; chown holdfast-reader /tmp/of-ours
/run/real/mv "$at" "$at.away"; echo 0 >/run/count
{ echo '#!/bin/sh'; echo "read -r n </run/count; n=\\$((n + 1)); echo \\$n >/run/count; [ \\$n -ne $nth ] || { kill -KILL \\$PPID; exit 1; }; exec $at.away \\"\\$@\\""; } >"$at"
/run/real/chmod 755 "$at"
sh -s </run/remove.sh >/run/first 2>/dev/null
/run/real/mv "$at.away" "$at"
[ -s /run/first ] && echo whole || echo killed
sh -s </run/remove.sh >/run/second 2>/dev/null
rm -rf /tmp/tmp.*
echo "second $(sed -n 's/^verdict ok/ok/p; s/^code not-enrolled/not-enrolled/p' /run/second | head -n 1)"`;

let kept: Promise<Released> | undefined;
type Released = {
  readonly own: Parameters<typeof scriptFor>[0];
  readonly version: string;
  readonly files: readonly HostFile[];
};
/** What this release brings to hosts: the grammar among it takes seconds to make. */
function released(): Promise<Released> {
  kept ??= (async () => {
    const { script: own, version, files } = await operatorSsh.material('/nonexistent');
    return { own, version, files: await files() };
  })();
  return kept;
}

describe('enrolling', { skip, timeout: 1_800_000 }, () => {
  let fleet: Fleet;
  let one: Enroller;
  before(async () => {
    fleet = await startFleet({ hosts: 4, kinds: ['no-sudo', 'busybox', 'old-ssh'] });
    one = await anEnroller(fleet.hosts.map(({ name, address }) => [name, address] as const));
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await fleet?.[Symbol.asyncDispose]();
  });

  const trace = (host: FleetHost): Promise<string> => host.must(['sh', '-s'], { stdin: PLACES });
  const enroll = (
    name: string,
    ...more: readonly string[]
  ): Promise<{ hosts: { state: string; capability: string; code: string | null }[] }> =>
    one.must(
      0,
      'enroll',
      name,
      '--ssh',
      name,
      '--ssh-config',
      fleet.sshConfig,
      '--yes',
      '--no-sign',
      ...more,
    );
  const script = async (
    over: Partial<Extract<Payload, { verb: 'install' }>> = {},
  ): Promise<string> => {
    const { own, files } = await released();
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPn3sQ4RYkP1ZrZ9VbP2hQn4Xy3H2mZ0Zs6q1n0iZp9T';
    return scriptFor(own, {
      verb: 'install',
      organisation: 'acme',
      controlPlane: key,
      keys: { reader: key, runner: key },
      version: '9.9.9',
      epoch: 1,
      again: false,
      runnerBy: 'sudo',
      groups: ['adm'],
      opens: [],
      files,
      ...over,
    });
  };
  /** By the service's own transport key, as it will be used. */
  const enter = (
    host: FleetHost,
    account: 'reader' | 'runner',
    stdin: Uint8Array | string,
    as = `holdfast-${account}`,
  ): Promise<string> =>
    run(
      [
        'ssh',
        '-F',
        'none',
        '-T',
        '-i',
        join(one.home, 'keys', 'ssh', account),
        '-o',
        'IdentitiesOnly=yes',
        '-o',
        'BatchMode=yes',
        '-o',
        'StrictHostKeyChecking=yes',
        '-o',
        `UserKnownHostsFile=${fleet.knownHosts}`,
        `${as}@${host.address}`,
        'id',
      ],
      { stdin },
    ).then(({ stdout, stderr }) => stdout + stderr);
  const HELLO = 'holdfast-read 1\nid 1\nverb hello\nbytes 65536\nend\n';

  it('shows its plan first, and does nothing for it', async () => {
    const host = fleet.host('web-1');
    const was = await trace(host);
    const { hosts } = await one.must<{
      hosts: { capability: string; makes: string[]; hostKeys: string[] }[];
    }>(0, 'enroll', 'web-1', '--ssh', 'web-1', '--ssh-config', fleet.sshConfig, '--plan');
    assert.equal(hosts[0]?.capability, 'full');
    assert.ok(
      hosts[0]?.makes.some((line) =>
        line.includes('NOPASSWD: /usr/local/lib/holdfast/current/run ""'),
      ),
    );
    assert.deepEqual(hosts[0]?.hostKeys.toSorted(), host.hostKeys.toSorted());
    assert.equal(await trace(host), was);
  });

  it('puts everything in place, and is used once an operator has signed', async () => {
    const host = fleet.host('web-1');
    const { hosts } = await enroll('web-1');
    assert.equal(hosts[0]?.state, 'pending');
    const list = async (): Promise<readonly string[]> =>
      (await one.must<{ hosts: { target: string; state: string }[] }>(0, 'hosts')).hosts.map(
        ({ target, state }) => `${target} ${state}`,
      );
    assert.deepEqual(await list(), ['host:web-1 pending']);
    await one.sign();
    assert.deepEqual(await list(), ['host:web-1 enrolled']);
    const modes = await host.must([
      'sh',
      '-c',
      "cd /; ls -ldn usr/local/lib/holdfast usr/local/lib/holdfast/current/run usr/local/lib/holdfast/home/runner/.ssh/authorized_keys var/lib/holdfast-host var/lib/holdfast-host/receipt-key etc/sudoers.d/holdfast etc/holdfast/ | awk '{ print $1, $3, $4, $9 }'; id -Gn holdfast-reader; getent passwd holdfast-runner | cut -d : -f 6-",
    ]);
    for (const line of [
      '-r--r----- 0 0 etc/sudoers.d/holdfast',
      'drwxr-xr-x 0 0 usr/local/lib/holdfast',
      '-rwxr-xr-x 0 0 usr/local/lib/holdfast/current/run',
      '-rw-r--r-- 0 0 usr/local/lib/holdfast/home/runner/.ssh/authorized_keys',
      'drwx------ 0 0 var/lib/holdfast-host',
      '-rw------- 0 0 var/lib/holdfast-host/receipt-key',
    ])
      assert.ok(modes.includes(`${line}\n`), `${line} is not in\n${modes}`);
    assert.match(
      modes,
      /holdfast-reader adm systemd-journal\n\/usr\/local\/lib\/holdfast\/home\/runner:\/bin\/sh\n/,
    );
    assert.match(
      await enter(host, 'runner', formatFrame('status', [])),
      /^holdfast-answer 1\nverdict ok\n/,
    );
    assert.match(await enter(host, 'reader', HELLO), /^holdfast-read-answer 1\nid 1\nverdict ok\n/);
    assert.match(await enter(host, 'reader', '', 'holdfast-runner'), /Permission denied/);
    const events = await one.must<{ events: { kind: string; targets: string[] }[] }>(
      0,
      'events',
      '--target',
      'host:web-1',
    );
    assert.ok(
      events.events.some(
        ({ kind, targets }) => kind === 'host.enrolled' && targets[0] === 'host:web-1',
      ),
    );
  });

  it('refuses what is enrolled, makes the next epoch when told to, and needs a signature again', async () => {
    const again = await one.cli(
      'enroll',
      'web-1',
      '--ssh',
      'web-1',
      '--ssh-config',
      fleet.sshConfig,
      '--yes',
      '--no-sign',
    );
    assert.equal(again.code, 0);
    assert.match(again.out, /"state":"enrolled"/);
    const host = fleet.host('web-1');
    const told = await host.exec(['sh', '-s'], { stdin: await script() });
    assert.match(told.stdout, /^holdfast-enrol-answer 1\nverdict refused\ncode already-enrolled\n/);
    await enroll('web-1', '--again');
    await one.sign();
    const { hosts } = await one.must<{ hosts: { epoch: number }[] }>(0, 'hosts');
    assert.deepEqual(
      hosts.map(({ epoch }) => epoch),
      [2],
    );
    assert.match(await host.must(['ls', '/var/lib']), /holdfast-host\.epoch-1/);
  });

  it('changes the transport keys: the old ones open nothing afterwards', async () => {
    const host = fleet.host('web-1');
    const old =
      readFileSync(join(one.home, 'keys', 'ssh', 'runner.pub'), 'utf8').split(' ')[1] ?? '';
    await one.must(0, 'rotate-keys', 'host:web-1', '--ssh-config', fleet.sshConfig, '--yes');
    const lines = await host.must([
      'cat',
      '/usr/local/lib/holdfast/home/runner/.ssh/authorized_keys',
    ]);
    assert.equal(lines.trim().split('\n').length, 1);
    assert.ok(!lines.includes(old));
    assert.match(await enter(host, 'runner', formatFrame('status', [])), /verdict ok/);
  });

  it('takes hosts out of a table and of an inventory, all with one signature', async () => {
    const csv = join(one.home, '..', 'more.csv');
    const ini = join(one.home, '..', 'more.ini');
    writeFileSync(csv, `name,address,user\nweb-3,${fleet.host('web-3').address},ops\n`);
    const address = fleet.host('web-4').address;
    writeFileSync(ini, `[web]\nweb-4 ansible_host=${address} ansible_user=ops\n`);
    for (const from of [csv, ini]) {
      const rest = ['--batch', '--ssh-config', fleet.sshConfig, '--yes', '--no-sign'];
      const { hosts } = await one.must<{ hosts: { state: string }[] }>(
        0,
        'enroll',
        '--from',
        from,
        ...rest,
      );
      assert.deepEqual(
        hosts.map(({ state }) => state),
        ['pending'],
      );
    }
    await one.sign();
    const { hosts } = await one.must<{ hosts: { target: string; state: string }[] }>(0, 'hosts');
    assert.deepEqual(
      hosts.map(({ target, state }) => `${target} ${state}`),
      ['host:web-1 enrolled', 'host:web-3 enrolled', 'host:web-4 enrolled'],
    );
  });

  it('upgrades three hosts in stages, each with a way back: programs that do not answer are taken out again', async () => {
    const hosts = ['web-1', 'web-3', 'web-4'].map((name) => fleet.host(name));
    const { own, files, version } = await released();
    const inUse = (): Promise<readonly string[]> =>
      Promise.all(
        hosts.map(async (host) =>
          (await host.must(['readlink', '/usr/local/lib/holdfast/current'])).trim(),
        ),
      );
    const broken = files.map((file) =>
      file.name === 'checks.sh' ? { ...file, text: 'exit 1\n' } : file,
    );
    const [bad, good] = [
      scriptFor(own, { verb: 'upgrade', version: '9.9.9', files: broken }),
      scriptFor(own, { verb: 'upgrade', version: '9.9.8', files }),
    ];
    for (const host of hosts) {
      const { stdout } = await host.exec(['sh', '-s'], { stdin: bad });
      assert.match(stdout, /verdict refused\ncode self-test-failed/);
      assert.ok(!(await host.must(['ls', '/usr/local/lib/holdfast'])).includes('9.9.9'));
      assert.match(await enter(host, 'runner', formatFrame('status', [])), /verdict ok/);
    }
    assert.deepEqual(await inUse(), [version, version, version]);
    for (const host of hosts) {
      // As it is installed there: by root, without anything of ours on the way.
      const payload = formatPayload({ verb: 'upgrade', version: '9.9.8', files });
      const { stdout } =
        host.name === 'web-1'
          ? await host.exec(['/usr/local/lib/holdfast/current/upgrade'], { stdin: payload })
          : await host.exec(['sh', '-s'], { stdin: good });
      assert.match(stdout, /verdict ok/);
      assert.equal(
        (await host.must(['readlink', '/usr/local/lib/holdfast/previous'])).trim(),
        version,
      );
    }
    assert.deepEqual(await inUse(), ['9.9.8', '9.9.8', '9.9.8']);
    const stage = (word: string): Promise<{ readonly code: number | null; readonly err: string }> =>
      one.cli('upgrade-hosts', '--stage', word, '--ssh-config', fleet.sshConfig, '--yes');
    const early = await stage('all');
    assert.equal(early.code, 3);
    assert.match(early.err, /no-canary/);
    assert.equal((await stage('canary')).code, 0);
    assert.deepEqual((await inUse()).toSorted(), [version, '9.9.8', '9.9.8'].toSorted());
    assert.equal((await stage('all')).code, 0);
    assert.deepEqual(await inUse(), [version, version, version]);
    for (const host of hosts)
      assert.match(await enter(host, 'runner', formatFrame('status', [])), /verdict ok/);
  });

  it('does not take a host that refuses for one that is gone', async () => {
    const host = fleet.host('web-4');
    await host.must(['mv', '/usr/bin/sudo', '/usr/bin/sudo.away']);
    const away = ['unenroll', 'web-4', '--ssh-config', fleet.sshConfig, '--yes', '--no-sign'];
    const refused = await one.cli(...away, '--force');
    await host.must(['mv', '/usr/bin/sudo.away', '/usr/bin/sudo']);
    assert.equal(refused.code, 3);
    assert.match(refused.err, /needs-root/);
    await host.must(['systemctl', 'stop', 'ssh']);
    assert.equal((await one.cli(...away)).code, 6);
    await one.must(0, ...away, '--force');
    await host.must(['systemctl', 'start', 'ssh']);
    await one.sign();
  });

  it('is taken away without a trace, signed', async () => {
    const fresh = fleet.host('web-2');
    const was = await trace(fresh);
    await enroll('web-2');
    await one.sign();
    assert.notEqual(await trace(fresh), was);
    await one.must(
      0,
      'unenroll',
      'web-2',
      '--ssh',
      'web-2',
      '--ssh-config',
      fleet.sshConfig,
      '--yes',
      '--no-sign',
    );
    await one.sign();
    assert.equal(await trace(fresh), was);
    const { hosts } = await one.must<{ hosts: { target: string }[] }>(0, 'hosts');
    assert.ok(!hosts.some(({ target }) => target === 'host:web-2'));
  });

  /**
   * Tries an installation in which a program of the host fails, or kills who called it, the nth time; tells of each try
   * what came of it and whether anything is left. All of it there, in one go.
   */
  const DRIVER = `
tries=$1 how=$2
trace() { sh /run/trace.sh 2>/dev/null; }
trace >/run/was
while read -r tool nth step most; do
  while [ $nth -le $most ]; do
    at=$(command -v $tool) && /run/real/mv "$at" "$at.away" && echo 0 >/run/count
    { echo '#!/bin/sh'; echo "read -r n </run/count; n=\\$((n + 1)); echo \\$n >/run/count; [ \\$n -ne $nth ] || { $how; exit 1; }; exec $at.away \\"\\$@\\""; } >"$at"
    /run/real/chmod 755 "$at"
    sh -s </run/install.sh >/run/answer 2>/dev/null
    /run/real/mv "$at.away" "$at"
    said=$(sed -n 's/^verdict //p' /run/answer)
    called=$(cat /run/count)
    if [ "$how" != 'exit 1' ]; then sh -s </run/install.sh >/run/answer 2>/dev/null; rm -rf /tmp/tmp.*; fi
    if [ "$(sed -n 's/^verdict //p' /run/answer)" = ok ]; then sh -s </run/remove.sh >/dev/null 2>&1; fi
    trace >/run/now
    if cmp -s /run/was /run/now; then left=nothing; else left=$(diff /run/was /run/now | grep '^[<>]' | head -n 4 | tr '\\n' ' '); fi
    echo "$tool $nth \${said:-killed} $left"
    [ "$called" -ge $nth ] || break
    nth=$((nth + step))
  done
done <"$tries"`;
  const tryAll = async (
    host: FleetHost,
    how: string,
    tries: readonly (readonly [string, number])[],
  ): Promise<readonly string[]> => {
    await host.copy(await script(), '/run/install.sh');
    await host.copy(await removal(), '/run/remove.sh');
    await host.copy(PLACES, '/run/trace.sh');
    // Where a program is called often, every fifth time: others each run, all with HOLDFAST_ENROL_TRIES=all.
    const isWhole = process.env['HOLDFAST_ENROL_TRIES'] === 'all';
    const lines = tries.map(([tool, most]) =>
      isWhole || most <= 2
        ? `${tool} 1 1 ${most}`
        : `${tool} ${1 + Math.floor(chance() * 5)} 5 ${most}`,
    );
    await host.copy(`${lines.join('\n')}\n`, '/run/tries');
    await host.must(['sh', '-c', 'mkdir -p /run/real; cp /usr/bin/mv /usr/bin/chmod /run/real']);
    const told = await host.must(['sh', '-s', '/run/tries', how], {
      stdin: DRIVER,
      timeoutMs: 400_000,
    });
    return told.trim().split('\n');
  };

  it('leaves nothing behind, whatever fails on the way', async () => {
    const lines = await tryAll(fleet.host('web-2'), 'exit 1', [
      ['visudo', 1],
      ['useradd', 2],
      ['usermod', 1],
      ['ssh-keygen', 9],
      ['sudo', 1],
      ['mv', 9],
      ['ln', 2],
      ['cp', 9],
      ['mkdir', 9],
      ['chmod', 6],
      ['od', 1],
      ['setpriv', 2],
      ['mktemp', 1],
      ['cat', 4],
      ['sha256sum', 2],
    ]);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' nothing')),
      [],
    );
    const refused = lines.filter((line) => line.includes(' refused '));
    assert.ok(refused.length >= 8, `only ${refused.length} failures were had: ${lines.join('; ')}`);
  });

  it('takes back what a kill left, the next time', async () => {
    const lines = await tryAll(fleet.host('web-2'), 'kill -KILL $PPID', [
      ['useradd', 2],
      ['usermod', 1],
      ['mv', 6],
      ['setpriv', 2],
      ['cp', 2],
      ['sync', 2],
    ]);
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' nothing')),
      [],
    );
    const killed = lines.filter((line) => line.includes(' killed '));
    assert.ok(killed.length >= 5, `only ${killed.length} were killed: ${lines.join('; ')}`);
  });

  it('is taken away to the end by the next try, wherever the first was killed', async () => {
    const host = fleet.host('web-2');
    const was = await trace(host);
    await host.copy(await script(), '/run/install.sh');
    await host.copy(await removal(), '/run/remove.sh');
    const killed: string[] = [];
    for (const [tool, most] of [
      ['rm', 7],
      ['userdel', 2],
      ['find', 2],
      ['rmdir', 2],
      ['sync', 1],
    ] as const) {
      // Every other time where a program is called often: others each run, all with HOLDFAST_ENROL_TRIES=all.
      const isSome = most > 2 && process.env['HOLDFAST_ENROL_TRIES'] !== 'all';
      const first = isSome ? 1 + Math.floor(chance() * 2) : 1;
      for (let nth = first; nth <= most; nth += isSome ? 2 : 1) {
        const told = await host.must(['sh', '-s', tool, String(nth)], { stdin: KILLED_REMOVAL });
        if (told.startsWith('killed')) killed.push(`${tool} ${nth}`);
        assert.match(told, /second (?:ok|not-enrolled)/, `${tool} ${nth}: ${told}`);
        assert.equal(await trace(host), was, `${tool} ${nth}`);
      }
    }
    assert.ok(killed.length >= 4, `only ${killed.join(', ')}`);
  });

  it('refuses what is in the way: an account, files of another, a disk that is full or read-only', async () => {
    const host = fleet.host('web-2');
    const was = await trace(host);
    const text = await script();
    for (const [make, undo, code] of [
      ['useradd -r holdfast-reader', 'userdel holdfast-reader', 'account-exists'],
      ['mkdir /usr/local/lib/holdfast', 'rmdir /usr/local/lib/holdfast', 'foreign-files'],
      ['echo x >/etc/sudoers.d/holdfast', 'rm /etc/sudoers.d/holdfast', 'foreign-files'],
      [
        'mv /usr/sbin/visudo /usr/sbin/visudo.away',
        'mv /usr/sbin/visudo.away /usr/sbin/visudo',
        'no-tool',
      ],
    ] as const) {
      await host.must(['sh', '-c', make]);
      const { stdout } = await host.exec(['sh', '-s'], { stdin: text });
      await host.must(['sh', '-c', undo]);
      assert.match(stdout, new RegExp(`verdict refused\ncode ${code}\n`), make);
      assert.equal(await trace(host), was, make);
    }
  });

  it('works under BusyBox, without sudo, and with an OpenSSH that checks no signatures', async () => {
    for (const [name, alias, capability] of [
      ['busybox-1', 'busybox-1', 'full'],
      ['no-sudo-1', 'root@no-sudo-1', 'full'],
      ['old-ssh-1', 'old-ssh-1', 'reader-only'],
    ] as const) {
      const host = fleet.host(name);
      const was = await trace(host);
      const { hosts } = await one.must<{ hosts: { capability: string }[] }>(
        0,
        'enroll',
        name,
        '--ssh',
        alias,
        '--ssh-config',
        fleet.sshConfig,
        '--yes',
        '--no-sign',
      );
      assert.equal(hosts[0]?.capability, capability, name);
      await one.sign();
      assert.match(await enter(host, 'reader', HELLO), /verdict ok/, name);
      if (capability === 'full')
        assert.match(
          await enter(
            host,
            'runner',
            formatFrame('status', []),
            name === 'no-sudo-1' ? 'root' : 'holdfast-runner',
          ),
          /verdict ok/,
          name,
        );
      await one.must(
        0,
        'unenroll',
        name,
        '--ssh',
        alias,
        '--ssh-config',
        fleet.sshConfig,
        '--yes',
        '--no-sign',
      );
      await one.sign();
      assert.equal(await trace(host), was, name);
    }
  });

  async function removal(): Promise<string> {
    return scriptFor((await released()).own, {
      verb: 'remove',
      organisation: 'acme',
      evenRunning: false,
    });
  }
});
