/**
 * Hosts that real Ansible keeps, over real ssh: a check tells field by field what somebody changed by hand, what was
 * approved is the content that runs, on the one host it is for, and what could not be checked is never clean.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ansibleDeclaration } from '#automation';
import type { Json } from '#base/json';
import { aKey } from '#samples/authority';
import { PERSON, type View } from './support/change-home.ts';
import { anEnrolledFleet, type EnrolledFleet } from './support/enrolled-fleet.ts';
import { fleetUnavailable } from './support/fleet.ts';

const SECRET = 'correct-horse-battery-staple';
const TARGET = 'host:web-1';
const RUNNER = join(import.meta.dirname, '..', 'host', 'automation', 'ansible-run');

async function unavailable(): Promise<string | false> {
  for (const program of ['/usr/bin/ansible-playbook', '/usr/bin/ansible-inventory'])
    if (spawnSync(program, ['--version']).status !== 0) return `${program} cannot be run`;
  if (!readFileSync('/etc/os-release', 'utf8').includes('bookworm') || pythonFiles().length === 0)
    return 'the Python of this machine is not one that a lab host of Debian 12 can run';
  if (userInfo().uid !== 0) return 'actions that are carried run as root';
  return fleetUnavailable();
}

/** Lab hosts come without the Python that modules of Ansible need; this machine has the same. */
function pythonFiles(): readonly string[] {
  const library = `usr/lib/${arch() === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  try {
    const needed = /^lib(?:expat|z|ssl|crypto|ffi|bz2|lzma|uuid|sqlite3|mpdec)\.so\./;
    return [
      'usr/bin/python3.11',
      'usr/lib/python3.11',
      ...readdirSync(`/${library}`)
        .filter((name) => needed.test(name))
        .map((name) => `${library}/${name}`),
    ];
  } catch {
    return [];
  }
}

const SITE = `- hosts: web
  gather_facts: false
  tasks:
    - name: The message of the day
      copy: { dest: /etc/motd, mode: "0644", content: "Ask before you touch\\n" }
    - name: Where the application lies
      file: { path: /srv/app, state: directory, mode: "0750" }
    - name: Its password
      copy: { dest: /srv/app/password, mode: "0600", content: "${SECRET}\\n" }
      no_log: true
`;

const MORE = `${SITE}    - name: One more
      file: { path: /srv/more, state: directory }
`;

type Fact = { readonly entity: string; readonly attribute: string; readonly value: Json };
type Observed = {
  readonly collectors: readonly {
    readonly collector: string;
    readonly shortfalls: readonly { readonly kind: string; readonly reason: string }[];
  }[];
};

const skip = await unavailable();

describe('a host that Ansible keeps', { skip, timeout: 900_000 }, () => {
  let one: EnrolledFleet;
  let root = '';

  before(async () => {
    one = await anEnrolledFleet({ hosts: 2, leave: ['web-2'] });
    root = join(one.place, 'ansible');
    mkdirSync(root, { mode: 0o755 });
    const archive = spawnSync('tar', ['-cC', '/', ...pythonFiles()], { maxBuffer: 1e9 }).stdout;
    for (const name of ['web-1', 'web-2']) {
      const host = one.host(name);
      await host.must(['tar', '-xC', '/'], { stdin: archive });
      await host.must(['ln', '-sf', 'python3.11', '/usr/bin/python3']);
    }
    put(
      'ansible.cfg',
      '[defaults]\ninterpreter_python = /usr/bin/python3\ntimeout = 60\n[ssh_connection]\npipelining = True\n',
    );
    put('hosts.yml', inventory());
    put('site.yml', SITE);
    configure('web-1');
    await one.signConfig();
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
  });

  function put(name: string, text: string): void {
    writeFileSync(join(root, name), text, { mode: 0o644 });
  }

  function configure(host: string): void {
    writeFileSync(
      join(one.home, 'automation.yaml'),
      `version: 1
ansible:
  - name: site
    root: ${root}
    inventory: hosts.yml
    playbooks: [site.yml]
    targets: { "${TARGET}": ${JSON.stringify(host)} }
`,
    );
  }

  /** Three hosts, of which two are there. */
  function inventory(first = one.host('web-1').address): string {
    const hosts = [first, one.host('web-2').address, '192.0.2.3']
      .map((address, index) => `        web-${index + 1}: { ansible_host: ${address} }\n`)
      .join('');
    return `all:
  vars:
    ansible_user: ops
    ansible_become: true
    ansible_ssh_private_key_file: ${one.fleet.operatorKey}
    ansible_ssh_common_args: -o UserKnownHostsFile=${one.fleet.knownHosts} -o IdentitiesOnly=yes
  children:
    web:
      hosts:
${hosts}`;
  }

  async function look(): Promise<Observed> {
    return one.ask<Observed>('observe', { target: TARGET, kinds: ['playbook', 'task'] });
  }

  async function facts(): Promise<readonly Fact[]> {
    const all: Fact[] = [];
    for (const kind of ['playbook', 'task'])
      all.push(
        ...(await one.ask<{ facts: readonly Fact[] }>('query_facts', { target: TARGET, kind }))
          .facts,
      );
    return all;
  }

  function valueOf(all: readonly Fact[], entity: RegExp, attribute: string): Json | undefined {
    return all.find((each) => entity.test(each.entity) && each.attribute === attribute)?.value;
  }

  async function state(): Promise<Json | undefined> {
    return valueOf(await facts(), /^playbook:/, 'state');
  }

  /** What the playbook declares, compared with what was seen. */
  async function differing(): Promise<readonly string[]> {
    const all = await facts();
    const declared = ansibleDeclaration({
      target: { id: TARGET, scope: 'main/main' },
      playbook: 'site/site.yml',
      facts: all,
    });
    return declared.expectations
      .filter(({ entity, attribute, test }) => {
        const seen = all.find((each) => each.entity === entity && each.attribute === attribute);
        if (test.op === 'one-of') return !test.values.includes(seen?.value ?? null);
        return test.op === 'equals' && JSON.stringify(seen?.value) !== JSON.stringify(test.value);
      })
      .map(
        ({ entity, attribute }) =>
          `${entity.slice('task:web-1/site/site.yml/'.length)} ${attribute}`,
      );
  }

  /** Open findings that the service has of it. */
  async function findings(): Promise<readonly string[]> {
    const { findings: all } = await one.ask<{
      findings: readonly {
        readonly declared: string;
        readonly status: string;
        readonly entity: string;
        readonly attribute: string;
      }[];
    }>('drift_scan', { target: TARGET });
    return all
      .filter(({ declared, status }) => declared === 'ansible' && status === 'open')
      .map(({ entity, attribute }) => `${entity} ${attribute}`);
  }

  function proposed(): Promise<View> {
    return one.ask<View>('run_action', {
      action: 'ansible.apply',
      targets: [TARGET],
      args: { playbook: 'site/site.yml' },
      reason: 'as it is declared',
    });
  }

  /** What was signed is run by this machine, so its receipt is of this machine. */
  async function approved({ changeId }: View): Promise<View> {
    const page = await one.ask<{ envelope: string; namespace: string }>('approval_page', {
      changeId,
    });
    const signature = aKey(PERSON).sign(page.namespace, page.envelope);
    return one.ask<View>('change_approve', { changeId, signature });
  }

  async function refused(act: Promise<View>): Promise<string> {
    const view = await act.catch((thrown: unknown) => thrown as { readonly code: string });
    return 'code' in view ? view.code : (view.outcome?.code ?? view.decision.because);
  }

  it('is brought to what the playbook says by one approved run, and no other host is touched', async () => {
    await look();
    assert.equal(await state(), 'changed');
    const change = await proposed();
    assert.equal(change.decision.verdict, 'needs-approval', JSON.stringify(change.decision));
    const done = await approved(change);
    assert.equal(done.receipts.length, 1);
    assert.equal(done.state, 'confirmed', JSON.stringify(done));
    assert.equal(await state(), 'ok');
    assert.deepEqual(await differing(), []);
    assert.equal(await one.host('web-1').must(['cat', '/etc/motd']), 'Ask before you touch\n');
    assert.notEqual((await one.host('web-2').exec(['test', '-e', '/srv/app'])).exit, 0);
    assert.equal(await refused(proposed()), 'state-moved', 'there is nothing more to do');
  });

  it('is found changed by hand, field by field, and brought back', async () => {
    await one
      .host('web-1')
      .must([
        'sh',
        '-c',
        'echo hello >/etc/motd; chmod 0777 /srv/app; echo other >/srv/app/password',
      ]);
    await look();
    const all = await facts();
    const open = await findings();
    assert.ok(
      open.includes('task:web-1/site/site.yml/site.yml:6 Where the application lies is.mode'),
      JSON.stringify(open),
    );
    assert.deepEqual(await differing(), [
      'site.yml:4 The message of the day state',
      'site.yml:4 The message of the day is.content',
      'site.yml:6 Where the application lies state',
      'site.yml:6 Where the application lies is.mode',
      'site.yml:8 (hidden) state',
    ]);
    assert.equal(valueOf(all, /application lies$/, 'is.mode'), '0777');
    assert.deepEqual(valueOf(all, /application lies$/, 'wants'), { mode: '0750' });
    assert.match(
      JSON.stringify(valueOf(all, /message of the day$/, 'diff')),
      /- hello\\n\+ Ask before you touch/,
    );
    assert.ok(!JSON.stringify(all).includes(SECRET), 'what the playbook hides stays hidden');

    const stale = await proposed();
    assert.equal(stale.decision.verdict, 'needs-approval', JSON.stringify(stale.decision));
    const other = await proposed();
    // Edited by whoever: neither checked nor run, until an operator signs it.
    put('site.yml', MORE);
    assert.equal(await refused(approved(stale)), 'config-unsigned');
    // Signed, it is another content than what was approved.
    await one.signConfig();
    assert.equal(await refused(approved(other)), 'state-moved');
    assert.equal(await one.host('web-1').must(['cat', '/etc/motd']), 'hello\n');

    const done = await approved(await proposed());
    assert.equal(done.state, 'confirmed', JSON.stringify(done));
    assert.deepEqual(await differing(), []);
    assert.deepEqual(await findings(), []);
    assert.equal(await one.host('web-1').must(['stat', '-c', '%a', '/srv/app']), '750\n');
    await one.host('web-1').must(['test', '-d', '/srv/more']);
  });

  it('is not said to be changed when a task fails in the run', async () => {
    put('site.yml', `${MORE}    - name: It breaks\n      command: /bin/false\n`);
    await one.signConfig();
    await one.host('web-1').must(['rm', '-rf', '/srv/more']);
    await look();
    assert.equal(await state(), 'changed');
    const change = await proposed();
    assert.equal(change.decision.verdict, 'needs-approval', JSON.stringify(change.decision));
    const view = await approved(change);
    assert.equal(view.state, 'failed', JSON.stringify(view));
    assert.equal(view.receipts[0]?.result, 'exited');
  });

  it('is not clean where it is out of reach, and never more than one host', async () => {
    put('site.yml', SITE);
    put('hosts.yml', inventory('192.0.2.1'));
    await one.signConfig();
    const seen = await look();
    assert.equal(await state(), 'unreachable');
    assert.ok((await differing()).some((each) => each.endsWith('state')));
    const ansible = seen.collectors.find(({ collector }) => collector === 'ansible');
    assert.ok(
      ansible?.shortfalls.some(({ kind }) => kind === 'task'),
      JSON.stringify(seen),
    );
    assert.equal(await refused(proposed()), 'state-moved');

    configure('web');
    await one.signConfig();
    await look();
    assert.equal(await state(), 'refused');
    assert.match(JSON.stringify(valueOf(await facts(), /^playbook:/, 'reason')), /no single host/);
    for (const limit of ['web-1,web-2', 'all', 'web*', 'localhost']) {
      configure(limit);
      await assert.rejects(look(), /automation/, limit);
    }
    for (const limit of [
      'web',
      'web-1,web-2',
      'all',
      '*',
      'localhost',
      '@x',
      '~w',
      '-i',
      '!x',
      '',
    ]) {
      const ran = spawnSync(RUNNER, [
        'apply',
        '--',
        ...archiveWords(),
        'hosts.yml',
        limit,
        'site.yml',
      ]);
      // A group by a plain name is known by its inventory alone: the look refuses it, and no plan names it.
      if (limit !== 'web') assert.equal(ran.status, 64, `${limit}: ${ran.stderr.toString()}`);
    }
  });

  /** Not the archive that the hash is of: nothing is run even where the rest holds. */
  function archiveWords(): readonly string[] {
    const report = join(RUNNER, '..', 'report.py');
    return [report, report, 'a'.repeat(64)];
  }
});
