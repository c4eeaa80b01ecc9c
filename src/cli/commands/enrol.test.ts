import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import type { HostDoor } from '../operator-ssh.ts';
import { cli, type Ran } from '../samples.ts';

const KEY = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'K'.repeat(43)}`;
const TOOLS =
  'awk base64 cmp cut flock head od setpriv setsid sha256sum sort ssh-keygen sudo tail timeout tr useradd userdel visudo systemctl logger';
const NOW = Date.parse('2026-03-01T12:00:00Z') / 1_000;
const said = (lines: readonly string[], code = '-'): Uint8Array =>
  Buffer.from(
    `${['holdfast-enrol-answer 1', `verdict ${code === '-' ? 'ok' : 'refused'}`, `code ${code}`, 'detail %', ...lines, 'end'].join('\n')}\n`,
  );
const probe = (version: string | null, root = 'yes'): Uint8Array =>
  said([
    `root ${root}`,
    'os Debian%2012',
    'openssh OpenSSH_9.2 OpenSSH_9.2p1',
    'sshsig passkeys',
    'shell dash',
    'awk mawk',
    ...TOOLS.split(' ').map((tool) => `tool ${tool} yes`),
    'place /etc 999999',
    ...(version === null ? [] : [`version ${version}`]),
    `host-key ${KEY}`,
    `time ${NOW}`,
  ]);
const newHost = (name: string): Uint8Array =>
  said([
    `target ${idOf(name)}`,
    'epoch 1',
    'organisation main',
    'version 0.1.0',
    'runner-by sudo',
    'sshsig passkeys',
    `receipt-key ${KEY}`,
    'openssh OpenSSH_9.2 OpenSSH_9.2p1',
    `host-key ${KEY}`,
    `time ${NOW}`,
  ]);
const idOf = (name: string): string => Buffer.from(name.padEnd(16, '-')).toString('hex');

type World = {
  /** By host: what it answers to a verb; else it is well. */
  readonly hosts?: Readonly<Record<string, Readonly<Record<string, Uint8Array | Fault>>>>;
  readonly versions?: Readonly<Record<string, string>>;
  readonly state?: 'new' | 'enrolled';
  readonly answers?: Readonly<Record<string, Json>>;
};

/** Hosts that answer as install.sh does, behind an ssh that is none. Answers also what was done where. */
async function go(line: string, world: World = {}): Promise<Ran & { readonly did: string[] }> {
  const did: string[] = [];
  const pending: Json[] = [];
  const ran = await cli(['--json', ...line.split(' ')], {
    files: { '/desk/hosts.csv': 'name,address\na,10.0.0.1\nb,10.0.0.2\n' },
    answer: ({ operation, input }) => {
      const given = world.answers?.[operation];
      if (given !== undefined) return given;
      const asked = input as Record<string, Json>;
      switch (operation) {
        case 'target_list':
          return { targets: [{ id: 'host:a' }, { id: 'host:b' }, { id: 'host:c' }] };
        case 'enrolment_list':
          return {
            hosts: ['a', 'b', 'c'].map((name) => ({ target: `host:${name}`, state: 'enrolled' })),
          };
        case 'enrolment_start':
          return {
            organisation: 'main',
            controlPlane: KEY,
            keys: { reader: KEY, runner: KEY },
            next: null,
            hosts: (asked['targets'] as string[]).map((word) => {
              const name = word.replace(/^host:/, '');
              return {
                target: `host:${name}`,
                address: name,
                via: [],
                state: world.state ?? 'enrolled',
                epoch: 1,
                capability: null,
                version: null,
                hostId: idOf(name),
                opens: [],
              };
            }),
          };
        case 'enrolment_add':
          pending.push(asked['host'] ?? null);
          return {};
        case 'enrolment_remove':
          return { state: 'pending' };
        case 'enrolment_page':
          return {
            order: 'o\n',
            namespace: 'n',
            digest: 'd',
            digestWords: 'w',
            hosts: pending,
            left: 0,
            needs: '1',
            signedBy: [],
          };
        case 'enrolment_keys':
          return {
            keys: { reader: KEY, runner: KEY },
            next: { reader: KEY, runner: KEY },
            tried: ['a', 'b', 'c'].map((name) => ({ target: `host:${name}`, why: null })),
          };
        case 'enrolment_apply':
          return { says: ['signed'], missing: 0 };
        default:
          return {};
      }
    },
    commands: {
      ssh: {
        addressOf: async () => '10.0.0.5',
        material: async () => ({
          version: '0.1.0',
          script: { library: 'l', script: 's' },
          files: async () => [{ name: 'run', mode: '0755', text: '#!/bin/sh\n' }],
        }),
        send: async (door: HostDoor, script: string) => {
          const verb = /^verb (\S+)$/m.exec(script)?.[1] ?? '';
          const host = door.host;
          const given = world.hosts?.[host]?.[verb];
          if (verb !== 'probe') did.push(`${verb} ${host}`);
          if (given instanceof Fault) throw given;
          if (given !== undefined) return given;
          switch (verb) {
            case 'probe':
              return probe(world.versions?.[host] ?? null);
            case 'upgrade':
              return said(['version 0.1.0', 'previous 0.0.9']);
            case 'remove':
              return said(['time 1']);
            default:
              return newHost(host);
          }
        },
      },
    },
  });
  return { ...ran, did };
}

const GONE = new Fault('unavailable', 'ssh-failed', 'nobody answers');
const operations = (ran: Ran): readonly string[] => ran.asked.map(({ operation }) => operation);

describe('enroll', () => {
  it('looks only, with --plan', async () => {
    const ran = await go('enroll a --plan', { state: 'new' });
    assert.deepEqual([ran.exit, ran.did, operations(ran)], [0, [], ['enrolment_start']]);
  });
  it('does nothing that nobody said yes to', async () => {
    const ran = await go('enroll a', { state: 'new' });
    assert.deepEqual([ran.exit, ran.did, ran.signed], [3, [], []]);
  });
  it('installs a list and hands all of it to one signature', async () => {
    const ran = await go('enroll --from hosts.csv --batch --yes --words w', { state: 'new' });
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(ran.did.toSorted(), ['install a', 'install b']);
    assert.equal(ran.signed.length, 1);
    assert.deepEqual(
      (JSON.parse(ran.out) as { hosts: { state: string }[] }).hosts.map(({ state }) => state),
      ['enrolled', 'enrolled'],
    );
  });
  it('says pending, not enrolled, while other operators have to sign', async () => {
    const answers = { enrolment_apply: { says: ['1 more'], missing: 1 } };
    const ran = await go('enroll a --yes --words w', { state: 'new', answers });
    const { hosts, next } = JSON.parse(ran.out) as { hosts: { state: string }[]; next: string };
    assert.equal(hosts[0]?.state, 'pending');
    assert.match(next, /another operator/);
  });
  it('goes on with the others where one fails, and ends with the worst', async () => {
    const world = { state: 'new', hosts: { a: { install: said([], 'cannot-write') } } } as const;
    const ran = await go('enroll --from hosts.csv --batch --yes --no-sign', world);
    assert.equal(ran.exit, 3);
    assert.match(ran.out, /"state":"failed".*"state":"pending"/);
  });
  it('signs nothing that is not what the host said', async () => {
    const other = { target: 'host:a', hostKeys: [] };
    const page = {
      order: 'o\n',
      namespace: 'n',
      digest: 'd',
      digestWords: 'w',
      hosts: [other],
      left: 0,
      needs: '1',
      signedBy: [],
    };
    const answers = { enrolment_page: page };
    const ran = await go('enroll a --yes --words w', { state: 'new', answers });
    assert.match(ran.err, /page-differs/);
    assert.deepEqual(ran.signed, []);
  });
  it('prints a script that finds out by itself how the runner enters', async () => {
    const ran = await go('enroll a --write', { state: 'new' });
    assert.match(ran.out, /^runner-by auto$/m);
    assert.deepEqual(ran.did, []);
  });
});

describe('unenroll', () => {
  const line = 'unenroll a --yes --no-sign';
  it('takes a host for gone only when nobody answers there and it was told to', async () => {
    for (const [given, flags, exit, removed] of [
      [GONE, '', 6, false],
      [GONE, ' --force', 0, true],
      [said([], 'other-organisation'), ' --force', 3, false],
      [said([], 'not-enrolled'), '', 0, true],
      [said(['left /etc/holdfast', 'time 1']), ' --force', 7, false],
      [Buffer.from('Welcome'), ' --force', 6, false],
    ] as const) {
      const ran = await go(line + flags, { hosts: { a: { remove: given } } });
      assert.deepEqual(
        [ran.exit, operations(ran).includes('enrolment_remove')],
        [exit, removed],
        `${String(given)} ${flags}: ${ran.err}`,
      );
    }
  });
});

describe('rotate-keys', () => {
  it('puts both, tries, commits, and takes the old ones away', async () => {
    const ran = await go('rotate-keys --yes');
    assert.equal(ran.exit, 0, ran.err);
    assert.equal(ran.did.length, 6);
    const verbs = ran.asked
      .filter(({ operation }) => operation === 'enrolment_keys')
      .map(({ input }) => (input as { verb: string }).verb);
    assert.deepEqual(verbs, ['stage', 'try', 'commit']);
  });
  it('keeps the old ones in use while one host has not the next, or was not asked', async () => {
    for (const [words, world] of [
      ['rotate-keys --yes', { hosts: { b: { keys: GONE } } }],
      ['rotate-keys a --yes', {}],
      [
        'rotate-keys --yes',
        {
          answers: {
            enrolment_keys: {
              keys: { reader: KEY, runner: KEY },
              next: { reader: KEY, runner: KEY },
              tried: [{ target: 'host:a', why: 'timed-out' }],
            },
          },
        },
      ],
    ] as const) {
      const ran = await go(words, world);
      assert.ok(!JSON.stringify(ran.asked).includes('commit'), words);
    }
  });
  it('writes the same keys again when told to', async () => {
    const ran = await go('rotate-keys a --same --yes');
    assert.deepEqual([ran.exit, ran.did], [0, ['keys a']]);
    assert.ok(!operations(ran).includes('enrolment_keys'));
  });
});

describe('upgrade-hosts', () => {
  it('refuses the rest before there is a canary, and makes one', async () => {
    const early = await go('upgrade-hosts --stage all --yes');
    assert.deepEqual([early.exit, early.did], [3, []]);
    assert.match(early.err, /no-canary/);
    const canary = await go('upgrade-hosts --yes');
    assert.deepEqual([canary.exit, canary.did], [0, ['upgrade a']]);
    const versions = { b: '0.1.0' };
    assert.deepEqual((await go('upgrade-hosts --yes', { versions })).did, []);
    const rest = await go('upgrade-hosts --stage all --yes', { versions });
    assert.deepEqual([rest.exit, rest.did], [0, ['upgrade a', 'upgrade c']]);
  });
  it('stops after the first that goes back', async () => {
    const hosts = { a: { upgrade: said([], 'self-test-failed') } };
    const ran = await go('upgrade-hosts --percent 100 --yes', { hosts });
    assert.deepEqual([ran.exit, ran.did], [3, ['upgrade a']]);
  });
});
