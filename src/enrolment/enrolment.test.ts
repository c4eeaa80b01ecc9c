import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { enrolmentDocument } from '#authority';
import { Fault } from '#base/fault';
import { parseNewHost, parseProbe } from './answer.ts';
import { formOf, readHosts } from './inventories.ts';
import { formatPayload, type Payload, scriptFor } from './payload.ts';
import { planHost } from './plan.ts';
import { enrolmentRecord, mustFit, parsePins, pinsOf } from './record.ts';

function throwsFault(act: () => unknown, code: string): Fault {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof Fault && thrown.code === code, String(thrown));
    return thrown;
  }
  return assert.fail(`expected the fault ${code}`);
}

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPn3sQ4RYkP1ZrZ9VbP2hQn4Xy3H2mZ0Zs6q1n0iZp9T';
const HOST = [
  `target ${'1'.repeat(32)}`,
  'epoch 1',
  'organisation acme',
  'version 0.1.0',
  'runner-by sudo',
  'sshsig passkeys',
  `receipt-key ${KEY}`,
  'openssh OpenSSH_9.2 OpenSSH_9.2p1',
  `host-key ${KEY}`,
  'time 1772366400',
];
const PROBE = [
  'root yes',
  'os Debian%2012',
  'openssh OpenSSH_9.2 OpenSSH_9.2p1',
  'sshsig passkeys',
  'shell dash',
  'awk mawk',
  ...'awk base64 cmp cut flock head od setpriv setsid sha256sum sort ssh-keygen sudo tail timeout tr useradd userdel visudo systemctl logger'
    .split(' ')
    .map((tool) => `tool ${tool} yes`),
  'place /usr/local/lib 999999',
  'place /etc 999999',
  'place /var/lib 999999',
  'group adm',
  `host-key ${KEY}`,
  'time 1772366400',
];
const said = (
  lines: readonly string[],
  head: readonly string[] = ['verdict ok', 'code -', 'detail %'],
): Uint8Array =>
  Buffer.from(`${['holdfast-enrol-answer 1', ...head, ...lines, 'end'].join('\n')}\n`);
const WISHES = {
  readerOnly: false,
  groups: ['adm', 'systemd-journal'],
  again: false,
  organisation: 'acme',
  version: '0.1.0',
  opens: [],
  now: 1_772_366_400,
} as const;
const INSTALL: Payload = {
  verb: 'install',
  organisation: 'acme',
  controlPlane: KEY,
  keys: { reader: KEY, runner: KEY },
  version: '0.1.0',
  epoch: 1,
  again: false,
  runnerBy: 'sudo',
  groups: ['adm'],
  opens: [],
  files: [{ name: 'run', mode: '0755', text: '#!/bin/sh\necho "$(id)" `x` é\n' }],
};

describe('what a host says of itself', () => {
  it('is read in its one form', () => {
    const host = parseNewHost(said(HOST));
    assert.deepEqual(
      [host.hostId, host.epoch, host.receiptKey, host.hostKeys],
      ['1'.repeat(32), 1, KEY, [KEY]],
    );
    assert.equal(parseProbe(said(PROBE)).os, 'Debian 12');
  });

  const without = (key: string): string[] => HOST.filter((line) => !line.startsWith(`${key} `));
  const lies: readonly (readonly [string, Uint8Array])[] = [
    ['nothing', Buffer.from('')],
    ['words of its shell first', Buffer.concat([Buffer.from('Welcome!\n'), said(HOST)])],
    ['something behind its end', Buffer.concat([said(HOST), Buffer.from('more\n')])],
    ['a terminal sequence', said([...without('version'), 'version \u001b[2J'])],
    ['an unknown key', said([...HOST, 'colour red'])],
    ['a key twice', said([...HOST, 'epoch 2'])],
    ['no host key', said(without('host-key'))],
    ['two host keys of one type', said([...HOST, `host-key ${KEY.replace('AAAAC3', 'AAAAC4')}`])],
    ['a host key that is an option', said([...without('host-key'), `host-key @revoked ${KEY}`])],
    ['an epoch of nothing', said([...without('epoch'), 'epoch 0'])],
    ['an epoch with a sign', said([...without('epoch'), 'epoch +1'])],
    ['a short id', said([...without('target'), 'target 11'])],
    ['a line that never ends', Buffer.from('a'.repeat(70_000))],
    [
      'more lines than anybody needs',
      said([...HOST, ...Array<string>(80).fill(`host-key ${KEY}`)]),
    ],
  ];
  for (const [what, bytes] of lies) {
    it(`is no answer with ${what}`, () => {
      throwsFault(() => parseNewHost(bytes), 'enrol-answer');
    });
  }

  it('may be a refusal, told with what to do', () => {
    const refused = said([], ['verdict refused', 'code already-enrolled', 'detail target%20x']);
    const fault = throwsFault(() => parseNewHost(refused), 'host-refused');
    assert.match(fault.message, /already-enrolled: target x\. Give --again/);
  });
});

describe('the plan for a host', () => {
  const plan = (change: (lines: string[]) => string[] = (lines) => lines, wishes = {}) =>
    planHost(parseProbe(said(change([...PROBE]))), { ...WISHES, ...wishes });
  const lacking = (tool: string) => (lines: string[]) =>
    lines.map((line) => (line === `tool ${tool} yes` ? `tool ${tool} no` : line));

  it('is for all that it can check', () => {
    const { capability, runnerBy, groups, problems } = plan();
    assert.deepEqual([capability, runnerBy, groups, problems], ['full', 'sudo', ['adm'], []]);
  });
  it('is for less where it can check less, or less is wanted', () => {
    const sshsig = (word: string) => (lines: string[]) =>
      lines.map((line) => (line.startsWith('sshsig') ? `sshsig ${word}` : line));
    assert.equal(plan(sshsig('keys')).capability, 'key-only');
    assert.equal(plan(sshsig('none')).capability, 'reader-only');
    assert.equal(plan(lacking('flock')).capability, 'reader-only');
    assert.equal(plan(undefined, { readerOnly: true }).runnerBy, 'none');
    assert.equal(plan(lacking('sudo')).runnerBy, 'root');
  });
  it('does not mind a root that may not enter where sudo is', () => {
    assert.deepEqual(plan((lines) => [...lines, 'keeps-out permitrootlogin']).problems, []);
  });
  for (const [what, change, says] of [
    [
      'no root',
      (l: string[]) => l.map((x) => (x === 'root yes' ? 'root no' : x)),
      /root is needed/,
    ],
    ['no visudo beside sudo', lacking('visudo'), /missing there: visudo/],
    ['no useradd', lacking('useradd'), /missing there: useradd/],
    [
      'a full disk',
      (l: string[]) => l.map((x) => (x.startsWith('place /etc') ? 'place /etc 12' : x)),
      /too little room in \/etc/,
    ],
    [
      'a read-only place',
      (l: string[]) => l.map((x) => (x.startsWith('place /etc') ? 'place /etc read-only' : x)),
      /nothing can be written in \/etc/,
    ],
    [
      'a clock that is off',
      (l: string[]) => l.map((x) => (x.startsWith('time') ? 'time 1772366600' : x)),
      /200 s away/,
    ],
    [
      'AllowUsers without us',
      (l: string[]) => [...l, 'keeps-out allowusers'],
      /allowusers in sshd_config/,
    ],
    [
      'a root that may not enter where only root could',
      (l: string[]) => [...lacking('sudo')(l), 'keeps-out permitrootlogin'],
      /lets no root in/,
    ],
    [
      'somebody else by our name',
      (l: string[]) => [...l, 'account holdfast-reader'],
      /accounts of ours are there/,
    ],
    [
      'another organisation',
      (l: string[]) => [...l, `enrolled ${'2'.repeat(32)} 1 other`],
      /belongs to the organisation other/,
    ],
  ] as const) {
    it(`says why not: ${what}`, () => {
      assert.match(plan(change).problems.join('\n'), says);
    });
  }
});

describe('what a host is sent', () => {
  it('holds data that no shell gives a meaning to', () => {
    const text = formatPayload(INSTALL);
    assert.match(text, /^\|echo%20%22%24%28id%29%22%20%60x%60%20%C3%A9$/m);
    assert.doesNotMatch(text.replace(/^\|.*$/gm, ''), /[^A-Za-z0-9._~/:@,+= \n-]/);
    const whole = scriptFor({ library: 'a', script: 'b' }, INSTALL);
    assert.ok(
      whole.startsWith("a\nb\nenrol <<'HOLDFAST-PAYLOAD'\n") &&
        whole.endsWith('\nend\nHOLDFAST-PAYLOAD\n'),
    );
  });
  it('tells a bastion what it opens, when it opens anything', () => {
    assert.doesNotMatch(formatPayload(INSTALL), /^opens/m);
    const opens = ['10.0.0.1:22', 'db.example:2222'];
    assert.match(formatPayload({ ...INSTALL, opens }), /^opens 10\.0\.0\.1:22 db\.example:2222$/m);
    throwsFault(
      () => formatPayload({ ...INSTALL, opens: ['a:22",command="x'] }),
      'invalid-enrolment',
    );
  });
  it('is refused where a value could be more than a value', () => {
    for (const organisation of ['a\nverb remove', 'a$(id)', '', "a'b", `a${'b'.repeat(1_024)}`])
      throwsFault(() => formatPayload({ ...INSTALL, organisation }), 'invalid-enrolment');
    for (const text of ['no end', 'a\0b\n'])
      throwsFault(
        () => formatPayload({ ...INSTALL, files: [{ name: 'run', mode: '0755', text }] }),
        'invalid-enrolment',
      );
    throwsFault(
      () => formatPayload({ ...INSTALL, files: [{ name: '../run', mode: '0755', text: 'x\n' }] }),
      'invalid-enrolment',
    );
  });
});

describe('the record', () => {
  const pins = pinsOf('host:web-1', parseNewHost(said(HOST)));
  it('is over the very pins, and fits no others', () => {
    const record = enrolmentRecord('acme', 1_772_366_400, [pins]);
    assert.equal(mustFit(record, [pins]).hosts[0]?.capability, 'full');
    assert.equal(enrolmentDocument.format(enrolmentDocument.parse(record)), record);
    for (const over of [
      { target: 'host:web-2' },
      { hostId: '2'.repeat(32) },
      { epoch: 2 },
      { receiptKey: `${KEY}=` },
      { hostKeys: [`${KEY}=`] },
      { capability: 'key-only' as const },
    ])
      throwsFault(() => mustFit(record, [{ ...pins, ...over }]), 'enrolment-broken');
    throwsFault(() => mustFit(record, []), 'bad-order');
  });
  it('holds no host twice, under whatever name', () => {
    const twice = [pins, { ...pins, target: 'host:web-2' }];
    throwsFault(() => mustFit(enrolmentRecord('acme', 1, twice), twice), 'enrolment-broken');
  });
  it('has pins that are read back strictly', () => {
    assert.deepEqual(parsePins(JSON.parse(JSON.stringify(pins))), pins);
    for (const over of [
      { epoch: 1.5 },
      { hostKeys: [] },
      { hostKeys: ['x'] },
      { capability: 'all' },
      { server: '\u001b[1m' },
      { hostId: null },
    ])
      throwsFault(() => parsePins({ ...pins, ...over }), 'enrolment-broken');
  });
});

describe('a list of hosts', () => {
  it('may be an Ansible inventory', () => {
    const hosts = readHosts(
      'ini',
      `# all of them
mail ansible_host=10.0.0.9 ansible_port=2222 ; the old one
[web]
web[01:03].example ansible_user=deploy
[db]
db-1
[eu:children]
web
db
[eu:vars]
ansible_user = "ops"
`,
    );
    assert.deepEqual(
      hosts.map(({ name, address, port, user, tags }) => [
        name,
        address,
        port,
        user,
        tags.join(' '),
      ]),
      [
        ['mail', '10.0.0.9', 2222, null, ''],
        ['web01.example', 'web01.example', null, 'deploy', 'web eu'],
        ['web02.example', 'web02.example', null, 'deploy', 'web eu'],
        ['web03.example', 'web03.example', null, 'deploy', 'web eu'],
        ['db-1', 'db-1', null, 'ops', 'db eu'],
      ],
    );
  });
  it('may be an ssh_config, whose aliases ssh knows best', () => {
    const hosts = readHosts(
      'ssh_config',
      'Host web db-*\n  HostName %h.example\n  Port 2200\nHost *\n  User root\nMatch all\n User x\n',
    );
    assert.deepEqual(hosts, [
      { name: 'web', address: 'web.example', port: 2200, user: null, tags: [], alias: 'web' },
    ]);
  });
  it('may be a table', () => {
    const hosts = readHosts('csv', 'name,address,port,tags\n"web","10.0.0.5",22,"a b"\ndb,,,\n');
    assert.deepEqual(
      hosts.map(({ name, address, port, tags }) => [name, address, port, tags.join(' ')]),
      [
        ['web', '10.0.0.5', 22, 'a b'],
        ['db', 'db', null, ''],
      ],
    );
  });
  it('is told from its name, then from how it begins', () => {
    assert.deepEqual(
      [
        formOf('a.csv', ''),
        formOf('/x/config', ''),
        formOf('hosts', 'Host a\n'),
        formOf('hosts', 'name,port\n'),
        formOf('hosts', '[web]\n'),
      ],
      ['csv', 'ssh_config', 'ssh_config', 'csv', 'ini'],
    );
  });
  it('is refused whole, with every line that is not understood', () => {
    for (const [form, text, says] of [
      ['ini', 'web ansible_host=-oProxyCommand=x\n', /line 1: not a host name/],
      ['ini', 'web[1:\n', /a range/],
      ['ini', 'web[1:99999999]\n', /a range/],
      ['ini', 'web ansible_user="a b;id"\n', /not an account/],
      ['ini', '', /names no host/],
      ['csv', 'host\nweb\n', /one of them "name"/],
      ['csv', 'name\nweb,x\n', /line 2: a row/],
      ['csv', 'name,port\nweb,99999\n', /not a port/],
      ['csv', 'name\n$(id)\n', /not a name/],
      ['ssh_config', 'Host web\n HostName -x\n', /not a host name/],
    ] as const)
      assert.match(throwsFault(() => readHosts(form, text), 'invalid-hosts').message, says, text);
  });
});
