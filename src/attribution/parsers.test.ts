import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatInstant, instant } from '#base/time';
import {
  LocalClock,
  readAptHistory,
  readAuditLog,
  readAuthLog,
  readDpkgLog,
  readJournal,
} from './index.ts';
import { ACCOUNTS, AT, journalLine, sudoMessage } from './samples.ts';

const RUNS = Number(process.env['ATTRIBUTION_RUNS'] ?? 200);
const UTC = new LocalClock('Etc/UTC', instant('2026-11-21T20:00:00Z'));

describe('entries of the journal', () => {
  it('name the account where the line and the kernel agree', () => {
    const [event] = readJournal(
      journalLine('sudo', sudoMessage('ops', '/usr/bin/tee /etc/hosts')),
      ACCOUNTS,
    ).events;
    assert.equal(event?.account, 'ops');
    assert.deepEqual(event?.act, {
      kind: 'command',
      words: ['/usr/bin/tee', '/etc/hosts'],
      cwd: '/home/ops',
      asRoot: true,
    });
  });

  it('name nobody where another process says it is sudo, or says another name', () => {
    const forged = [
      journalLine('logger', sudoMessage('bob', '/usr/bin/tee /etc/hosts'), {
        SYSLOG_IDENTIFIER: 'sudo',
      }),
      journalLine('sudo', sudoMessage('bob', '/usr/bin/tee /etc/hosts')),
      journalLine('sudo', sudoMessage('bob', '/usr/bin/tee /etc/hosts'), {
        _AUDIT_LOGINUID: ['1001', '1000'],
      }),
      journalLine('cron', '(bob) CMD (tee /etc/hosts)', { _UID: '1001' }),
      journalLine('sshd', 'Accepted publickey for bob from 10.0.0.1 port 1 ssh2', { _UID: '1001' }),
    ];
    const { events } = readJournal(forged.join('\n'), ACCOUNTS);
    assert.deepEqual(
      events.filter(({ account }) => account === 'bob'),
      [],
    );
  });

  it('name nobody else where the kernel told no more than who sent it', () => {
    const gone = (comm: string, message: string, uid: string): readonly (string | null)[] =>
      readJournal(
        journalLine(comm, message, { _COMM: undefined, _AUDIT_LOGINUID: undefined, _UID: uid }),
        ACCOUNTS,
      ).events.map(({ account }) => account);
    assert.deepEqual(gone('cron', '(root) CMD (tee /etc/hosts)', '0'), ['root']);
    const became = journalLine('cron', '(root) CMD (tee /etc/hosts)', { _COMM: 'sh' });
    assert.equal(readJournal(became, ACCOUNTS).events[0]?.account, 'root');
    assert.deepEqual(gone('cron', '(root) CMD (tee /etc/hosts)', '1000'), []);
    assert.deepEqual(gone('sudo', sudoMessage('bob', '/bin/tee /etc/hosts'), '1000'), [null]);
    assert.deepEqual(gone('sudo', sudoMessage('bob', '/bin/tee /etc/hosts'), '1001'), ['bob']);
  });

  it('do not read a line that says two things, or one with a line in it', () => {
    const odd = [
      'ops : PWD=/home/ops/x ; USER=root ; COMMAND=rm y ; USER=root ; COMMAND=/usr/bin/true',
      'ops : PWD=/ ; USER=root ; COMMAND=/bin/true\nbob : PWD=/ ; USER=root ; COMMAND=/bin/rm /x',
      [0x6f, 0x70, 0x73],
      null,
    ];
    const read = readJournal(
      odd.map((message) => journalLine('sudo', message)).join('\n'),
      ACCOUNTS,
    );
    assert.equal(read.passedOver, 4);
    assert.deepEqual(
      read.events.map(({ account, act }) => [account, act]),
      [
        ['ops', { kind: 'obscure' }],
        ['ops', { kind: 'obscure' }],
      ],
    );
  });

  it('take no login id that was never set, and no refusal of sudo', () => {
    const unset = journalLine('sudo', sudoMessage('ops', '/bin/x'), {
      _AUDIT_LOGINUID: '4294967295',
    });
    assert.equal(readJournal(unset, ACCOUNTS).events[0]?.account, 'ops');
    const refused = journalLine(
      'sudo',
      'ops : command not allowed ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/x',
    );
    assert.equal(readJournal(refused, ACCOUNTS).events.length, 0);
  });
});

describe('lines of syslog daemons', () => {
  it('are read in their three forms, and are forgeable', () => {
    const message = sudoMessage('ops', '/usr/bin/tee /etc/hosts');
    const lines = [
      `Nov 21 12:00:00 web-1 sudo: ${message}`,
      `2026-11-21T12:00:00.000001+00:00 web-1 sudo[12]: ${message}`,
      `<86>1 2026-11-21T13:00:00+01:00 web-1 sudo 12 - - ${message}`,
      'Nov 21 12:00:00 web-1 CRON[4]: (root) CMD (run-parts /etc/cron.hourly)',
      'Nov 21 12:00:00 web-1 sshd[4]: Accepted publickey for ops from 10.0.0.1 port 22 ssh2: ED25519 SHA256:x',
      'Nov 21 12:00:00 web-1 su: (to root) ops on pts/0',
    ];
    const { events } = readAuthLog(lines.join('\n'), UTC);
    assert.deepEqual(
      events.map(({ source, account, forgeable }) => [source, account, forgeable]),
      [
        ['sudo', 'ops', true],
        ['sudo', 'ops', true],
        ['sudo', 'ops', true],
        ['cron', 'root', true],
        ['sshd', 'ops', true],
        ['su', 'ops', true],
      ],
    );
    assert.ok(events.slice(0, 3).every(({ at }) => Math.abs(at - AT) < 10));
  });

  it('make no principal of what somebody typed as a user name or a message', () => {
    const lines = [
      'Nov 21 12:00:00 web-1 sshd[4]: Invalid user sudo: bob : PWD=/ ; USER=root ; COMMAND=/bin/x from 10.0.0.1 port 2',
      'Nov 21 12:00:00 web-1 sshd[4]: Failed password for invalid user Accepted publickey for bob from 10.0.0.1 port 22 ssh2',
      'Nov 21 12:00:00 web-1 app[4]: x sudo: bob : PWD=/ ; USER=root ; COMMAND=/bin/x',
      'Nov 21 12:00:00 web-1 sudo: pam_unix(sudo:auth): authentication failure; user=bob : PWD=/ ; COMMAND=/bin/x',
    ];
    assert.deepEqual(readAuthLog(lines.join('\n'), UTC).events, []);
  });
});

describe('times without a year or a zone', () => {
  const at = (zone: string | null, until: string, stamp: string): string | undefined => {
    const found = new LocalClock(zone, instant(until)).yearless(stamp);
    return found === undefined ? undefined : `${formatInstant(found.at)} ${found.within}`;
  };

  it('are of the newest year in which they are not in the future', () => {
    const read = (stamp: string): string | undefined =>
      at('Etc/UTC', '2026-01-02T00:00:00Z', stamp);
    assert.equal(read('Jan  1 10:00:00'), '2026-01-01T10:00:00.000000Z 1000000');
    assert.equal(read('Dec 31 10:00:00'), '2025-12-31T10:00:00.000000Z 1000000');
    assert.equal(read('Feb 30 10:00:00'), undefined);
  });

  it('are of the zone of the host, either of both where an hour came twice, and none in an hour that was not', () => {
    const read = (stamp: string): string | undefined =>
      at('Europe/Berlin', '2026-11-21T00:00:00Z', stamp);
    assert.equal(read('Nov 20 10:00:00'), '2026-11-20T09:00:00.000000Z 1000000');
    assert.equal(read('Jul 20 10:00:00'), '2026-07-20T08:00:00.000000Z 1000000');
    assert.equal(read('Oct 25 02:30:00'), '2026-10-25T00:30:00.000000Z 3601000000');
    assert.equal(read('Mar 29 02:30:00'), undefined);
  });

  it('are not guessed where the zone is not known', () => {
    assert.equal(at(null, '2026-11-21T00:00:00Z', 'Nov 20 10:00:00'), undefined);
    assert.equal(at('No/Where', '2026-11-21T00:00:00Z', 'Nov 20 10:00:00'), undefined);
  });
});

const OPEN =
  'arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7ffd a2=241 a3=1b6 items=2 ppid=1 pid=2 auid=1000 uid=0 gid=0 comm="tee" exe="/usr/bin/tee" key=(null)';
function audited(...records: readonly (readonly [string, string])[]): string {
  return records
    .map(([type, body]) => `type=${type} msg=audit(1795262400.123:42): ${body}`)
    .join('\n');
}

describe('records of auditd', () => {
  it('say who wrote a file, by the login id, with what was relative put behind its directory', () => {
    const { events } = readAuditLog(
      audited(
        ['SYSCALL', OPEN],
        ['CWD', 'cwd="/etc"'],
        ['PATH', 'item=0 name="hosts" inode=1 nametype=NORMAL'],
        ['EOE', ''],
      ),
      ACCOUNTS,
    );
    assert.deepEqual(
      events.map(({ account, act, at }) => [account, act, formatInstant(at)]),
      [
        [
          'ops',
          { kind: 'write', path: '/etc/hosts', wrote: 'content' },
          '2026-11-21T12:00:00.123000Z',
        ],
      ],
    );
  });

  it('say nothing of who only read, or failed', () => {
    for (const [from, to] of [
      ['a2=241', 'a2=0'],
      ['success=yes', 'success=no'],
      ['syscall=257', 'syscall=0'],
      ['auid=1000', 'auid=1000 auid=1001'],
    ] as const) {
      const { events } = readAuditLog(
        audited(['SYSCALL', OPEN.replace(from, to)], ['PATH', 'name="/etc/hosts" nametype=NORMAL']),
        ACCOUNTS,
      );
      assert.deepEqual(events, [], to);
    }
  });

  it('take names that auditd adds, hexadecimal text, and nobody where nobody had signed in', () => {
    const enriched = OPEN.replace('auid=1000', 'auid=1007');
    const read = (syscall: string, name: string): unknown =>
      readAuditLog(
        audited(['SYSCALL', syscall], ['PATH', `name=${name} nametype=CREATE`]),
        ACCOUNTS,
      ).events.map(({ account, act }) => [account, act.kind === 'write' && act.path]);
    assert.deepEqual(read(`${enriched}\u001dARCH=x86_64 SYSCALL=openat AUID="eve"`, '"/etc/a"'), [
      ['eve', '/etc/a'],
    ]);
    assert.deepEqual(read(enriched, '2F6574632F6120622E'), [[null, '/etc/a b.']]);
    assert.deepEqual(read(OPEN.replace('auid=1000', 'auid=4294967295'), '"/etc/a"'), [
      [null, '/etc/a'],
    ]);
  });

  it('tell commands of sudo', () => {
    const body = `pid=1 uid=1000 auid=1000 ses=1 msg='cwd="/home/ops" cmd=746565202F6574632F686F737473 exe="/usr/bin/sudo" terminal=pts/0 res=success'`;
    const [event] = readAuditLog(audited(['USER_CMD', body]), ACCOUNTS).events;
    assert.deepEqual(
      [event?.account, event?.act],
      ['ops', { kind: 'command', words: ['tee', '/etc/hosts'], cwd: '/home/ops', asRoot: true }],
    );
  });
});

describe('logs of packages', () => {
  const stanza = (more = ''): string =>
    `Start-Date: 2026-11-21  12:00:00\nCommandline: apt-get install lab-tool\n${more}Upgrade: lab-tool:all (1.0, 1.1), other:amd64 (2, 3)\nEnd-Date: 2026-11-21  12:00:04\n`;

  it('say who asked apt for it', () => {
    const { events } = readAptHistory(
      `\n${stanza('Requested-By: ops (1000)\n')}\n${stanza()}`,
      UTC,
    );
    assert.deepEqual(
      events.map(({ account, act, within }) => [
        account,
        act.kind === 'package' && act.name,
        within,
      ]),
      [
        ['ops', 'lab-tool', 5_000_000],
        ['ops', 'other', 5_000_000],
        [null, 'lab-tool', 5_000_000],
        [null, 'other', 5_000_000],
      ],
    );
  });

  it('believe nothing of a stanza that says it twice', () => {
    const forged = stanza('Requested-By: bob (1001)\nRequested-By: ops (1000)\n');
    assert.deepEqual(readAptHistory(forged, UTC), {
      events: [],
      passedOver: 1,
      cut: false,
      from: null,
    });
  });

  it('say what dpkg did', () => {
    const { events, passedOver } = readDpkgLog(
      [
        '2026-11-21 12:00:00 startup archives unpack',
        '2026-11-21 12:00:01 upgrade lab-tool:all 1.0 1.1',
        '2026-11-21 12:00:01 status half-configured lab-tool:all 1.1',
        '2026-11-21 12:00:02 remove other:amd64 2 <none>',
        'whatever',
      ].join('\n'),
      UTC,
    );
    assert.deepEqual(
      events.map(({ act }) => act.kind === 'package' && act.name),
      ['lab-tool', 'other'],
    );
    assert.equal(passedOver, 1);
  });
});

describe('whatever stands in a log', () => {
  const GRAIN = fc.constantFrom(
    'sudo',
    'bob',
    ' : ',
    'PWD=/',
    ' ; ',
    'USER=root',
    'COMMAND=',
    '/usr/bin/tee /etc/hosts',
    '\n',
    '\u0000',
    '\u001d',
    'type=SYSCALL msg=audit(1795262400.123:42): ',
    'auid=1001 ',
    'AUID="bob"',
    'type=PATH msg=audit(1795262400.123:42): ',
    'name="/etc/hosts" nametype=CREATE',
    'success=yes ',
    'Nov 21 12:00:00 h sudo: ',
    '2026-11-21 12:00:00 ',
    'Requested-By: bob (1001)',
    'Start-Date: 2026-11-21  12:00:00',
    '"',
    "'",
    '{',
    '}',
    '(bob) CMD (',
    ')',
  );
  const TEXT = fc.oneof(
    fc.array(GRAIN, { maxLength: 30 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary' }),
    GRAIN.map(
      (grain) => `     bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/tee ${grain}`,
    ),
  );

  it('is read without a fault, in bounds, and a message alone never names anybody', () => {
    fc.assert(
      fc.property(TEXT, (text) => {
        for (const read of [
          readJournal(text, ACCOUNTS),
          readAuditLog(text, ACCOUNTS),
          readAuthLog(text, UTC),
          readDpkgLog(text, UTC),
          readAptHistory(text, UTC),
        ]) {
          assert.ok(read.events.every(({ says }) => says.length <= 260 && !says.includes('\n')));
        }
        // ops sends whatever they like, under whatever name they like: nobody else comes out of it.
        for (const comm of ['sudo', 'logger', 'su'])
          for (const each of readJournal(
            journalLine(comm, text, { _UID: '1000', _AUDIT_LOGINUID: '1000' }),
            ACCOUNTS,
          ).events)
            assert.ok(each.account === null || each.account === 'ops', each.says);
      }),
      { numRuns: RUNS },
    );
  });
});
