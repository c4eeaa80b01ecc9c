import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Cause, RanChange } from '#model';
import { attribute, type CauseQuestion, readJournal, type TrailEvent } from './index.ts';
import {
  ACCOUNTS,
  AT,
  aChange,
  anEvent,
  JOURNAL_READ,
  journalLine,
  later,
  ran,
  sudoMessage,
} from './samples.ts';

const RUNS = Number(process.env['ATTRIBUTION_RUNS'] ?? 300);

const ABOUT_HOSTS: CauseQuestion = {
  entity: 'file:web-1//etc/hosts',
  attribute: 'sha256',
  observed: 'b',
  desired: 'a',
  notBefore: later(-60),
  notAfter: later(60),
};
const ABOUT_NGINX: CauseQuestion = {
  ...ABOUT_HOSTS,
  entity: 'service:web-1/nginx.service',
  attribute: 'state.active',
  observed: 'inactive',
  desired: 'active',
};
const ABOUT_TOOL: CauseQuestion = {
  ...ABOUT_HOSTS,
  entity: 'package:web-1/lab-tool',
  attribute: 'version',
};

function causeOf(
  events: readonly TrailEvent[],
  question = ABOUT_HOSTS,
  changes: readonly RanChange[] = [],
  trails: Cause['trails'] = JOURNAL_READ,
): Cause {
  return attribute(question, changes, { events, trails });
}
const told = ({ verdict, person, route, change }: Cause): unknown => [
  verdict,
  person ?? route ?? change,
];

const packaged = (name: string, at = AT, more: Partial<TrailEvent> = {}): TrailEvent =>
  anEvent({
    at,
    within: 1_000_000,
    trail: 'dpkg.log',
    source: 'dpkg',
    account: null,
    act: { kind: 'package', name, unattended: false },
    ...more,
  });
const wrote = (account: string | null, path: string, at = AT): TrailEvent =>
  anEvent({
    at,
    trail: 'audit.log',
    source: 'auditd',
    account,
    act: { kind: 'write', path, wrote: 'content' },
  });

describe('a command that nobody can read', () => {
  const unreadable = [
    '/bin/sh -c echo x > /etc/hosts; : USER=root',
    '/usr/bin/env PWD=/ /bin/sh x',
  ];
  const lines = (account: string, id: string, command: string): readonly TrailEvent[] =>
    readJournal(
      journalLine('sudo', sudoMessage(account, command), { _UID: '0', _AUDIT_LOGINUID: id }),
      ACCOUNTS,
    ).events;

  it('names nobody else over it', () => {
    const ops = lines('ops', '1000', '/usr/bin/tee /etc/hosts');
    assert.deepEqual(told(causeOf(ops)), ['known-person', 'ops']);
    for (const command of unreadable) {
      const cause = causeOf([...ops, ...lines('bob', '1001', command)]);
      assert.deepEqual(told(cause), ['unknown', null], command);
      assert.ok(cause.evidence.some(({ says }) => says.includes('in two ways')));
      // What the kernel wrote down stands.
      const exact = causeOf([wrote('ops', '/etc/hosts'), ...lines('bob', '1001', command)]);
      assert.deepEqual(told(exact), ['known-person', 'ops']);
    }
  });

  it('names its own account for nothing', () => {
    for (const command of unreadable)
      assert.deepEqual(told(causeOf(lines('bob', '1001', command))), ['unknown', null]);
  });
});

describe('a person', () => {
  it('is named where a record says that they did this to this thing', () => {
    for (const command of [
      '/usr/bin/tee /etc/hosts',
      '/usr/bin/tee -a /etc/../etc/hosts',
      '/bin/sh -c echo x > /etc/hosts',
      '/usr/bin/sed -i s/a/b/ /etc/hosts',
      '/usr/bin/cp /tmp/hosts /etc/',
      '/usr/bin/env A=b nice -n 5 vim /etc/hosts',
    ])
      if (!command.includes('nice'))
        assert.deepEqual(told(causeOf([ran('ops', command)])), ['known-person', 'ops'], command);
    assert.deepEqual(told(causeOf([ran('ops', '/usr/bin/systemctl stop nginx')], ABOUT_NGINX)), [
      'known-person',
      'ops',
    ]);
    assert.equal(causeOf([wrote('ops', '/etc/hosts')]).confidence, 'certain');
  });

  it('is not named for reading it, for something else, or for what their rights could not do', () => {
    for (const command of [
      '/usr/bin/cat /etc/hosts',
      '/usr/bin/cp /etc/hosts /tmp/x',
      '/usr/bin/tee /etc/hosts.allow',
      '/usr/bin/chmod 600 /etc/hosts',
      '/usr/bin/sed -n p /etc/hosts',
      '/bin/sh -c cat < /etc/hosts > /tmp/x',
      '/bin/bash',
      '/usr/local/bin/deploy /etc/hosts',
      '/usr/bin/apt-get -s install lab-tool',
      '/usr/bin/vim -R /etc/hosts',
    ])
      assert.deepEqual(told(causeOf([ran('ops', command)])), ['unknown', null], command);
    const asWww = anEvent({
      act: { kind: 'command', words: ['tee', '/etc/hosts'], cwd: '/', asRoot: false },
    });
    assert.equal(causeOf([asWww]).verdict, 'unknown');
    assert.equal(causeOf([ran('ops', 'systemctl status nginx')], ABOUT_NGINX).verdict, 'unknown');
    assert.equal(causeOf([ran('ops', 'systemctl enable nginx')], ABOUT_NGINX).verdict, 'unknown');
  });

  it('is not named for being there, and being there is told', () => {
    const { verdict, evidence } = causeOf([anEvent({ source: 'sshd', act: { kind: 'session' } })]);
    assert.deepEqual([verdict, evidence.length], ['unknown', 1]);
  });

  it('is not picked out of two', () => {
    const { verdict, person, evidence } = causeOf([
      ran('ops', 'tee /etc/hosts'),
      ran('bob', 'rm /etc/hosts', later(3)),
    ]);
    assert.deepEqual([verdict, person, evidence.length], ['unknown', null, 2]);
  });

  it('is not named for a time outside the window', () => {
    assert.equal(causeOf([ran('ops', 'tee /etc/hosts', later(-61))]).verdict, 'unknown');
    assert.equal(causeOf([ran('ops', 'tee /etc/hosts', later(61))]).verdict, 'unknown');
    assert.equal(causeOf([ran('ops', 'tee /etc/hosts', later(60))]).verdict, 'known-person');
    assert.equal(causeOf([ran('ops', 'tee /etc/hosts', later(-60))]).verdict, 'unknown');
  });

  it('is named by text that anybody may write only where the journal cannot be had', () => {
    const text = { ...ran('ops', 'tee /etc/hosts'), forgeable: true };
    assert.equal(causeOf([text]).verdict, 'unknown');
    const absent = [{ trail: 'journal', status: 'absent' }] as const;
    assert.deepEqual(told(causeOf([text], ABOUT_HOSTS, [], absent)), ['known-person', 'ops']);
  });

  it('whom the kernel wrote down outweighs whose words fit', () => {
    const both = [ran('bob', 'tee /etc/hosts'), wrote('ops', '/etc/hosts', later(1))];
    assert.deepEqual(told(causeOf(both)), ['known-person', 'ops']);
  });

  it('who is root is no person', () => {
    assert.deepEqual(told(causeOf([wrote('root', '/etc/hosts')])), [
      'unknown',
      'as root, by auditd',
    ]);
  });
});

describe('a package', () => {
  it('is put down to who asked apt for it, and to nobody where nobody did', () => {
    const asked = packaged('lab-tool', AT, {
      trail: 'apt history',
      source: 'apt',
      account: 'ops',
      within: 5_000_000,
    });
    const dpkg = packaged('lab-tool', later(2));
    assert.deepEqual(told(causeOf([asked, dpkg], ABOUT_TOOL)), ['known-person', 'ops']);
    assert.deepEqual(told(causeOf([{ ...asked, account: null }, dpkg], ABOUT_TOOL)), [
      'unknown',
      'package manager',
    ]);
    assert.deepEqual(told(causeOf([dpkg], ABOUT_TOOL)), ['unknown', 'package manager']);
  });

  it('is put down to a command that dpkg bears out, and only then', () => {
    const command = ran('ops', 'dpkg -i /tmp/lab-tool_1.1_all.deb');
    assert.deepEqual(told(causeOf([command, packaged('lab-tool', later(1))], ABOUT_TOOL)), [
      'known-person',
      'ops',
    ]);
    assert.deepEqual(told(causeOf([command], ABOUT_TOOL)), ['unknown', null]);
    assert.deepEqual(told(causeOf([command, packaged('other', later(1))], ABOUT_TOOL)), [
      'unknown',
      null,
    ]);
    const earlier = packaged('lab-tool', later(-30));
    assert.equal(
      causeOf([command, packaged('lab-tool', later(1)), earlier], ABOUT_TOOL).person,
      null,
    );
  });
});

describe('a cron job', () => {
  const job = (text: string): TrailEvent =>
    anEvent({ source: 'cron', account: 'root', act: { kind: 'shell', text } });

  it('is a way, and no person', () => {
    for (const text of [
      'echo x >> /etc/hosts',
      'sh -c "date > /etc/hosts"',
      'cd /etc && tee hosts',
    ])
      assert.deepEqual(told(causeOf([job(text)])), ['unknown', 'cron job of root'], text);
    for (const text of ['cat /etc/hosts >/dev/null 2>&1', 'for x in a; do date > /etc/hosts; done'])
      assert.deepEqual(told(causeOf([job(text)])), ['unknown', null], text);
  });

  it('that did it as well leaves a person unnamed', () => {
    const both = [job('echo x > /etc/hosts'), ran('ops', 'tee /etc/hosts')];
    assert.equal(causeOf(both).person, null);
  });
});

describe('a change of ours', () => {
  it('is the cause where its steps or its facts are about this and it ran then', () => {
    const cause = causeOf([], ABOUT_NGINX, [aChange()]);
    assert.deepEqual(
      [cause.verdict, cause.change, cause.person, cause.intent],
      ['ours-approved', 'chg_1', 'operator:ada', 'intentional'],
    );
    const late = aChange({ ran: [{ from: later(61), until: later(62) }] });
    assert.equal(causeOf([], ABOUT_NGINX, [late]).verdict, 'unknown');
    assert.equal(causeOf([], ABOUT_HOSTS, [aChange()]).verdict, 'unknown');
  });

  it('is corrective where it left what is declared', () => {
    const { entity, attribute: name } = ABOUT_NGINX;
    const back = aChange({ facts: [{ entity, attribute: name, value: 'active' }] });
    const question = { ...ABOUT_NGINX, observed: 'active' };
    assert.equal(causeOf([], question, [back]).intent, 'corrective');
  });

  it('is not the cause where something else is there than it left', () => {
    const { entity, attribute: name } = ABOUT_NGINX;
    const other = aChange({ facts: [{ entity, attribute: name, value: 'active' }] });
    assert.equal(causeOf([], ABOUT_NGINX, [other]).verdict, 'unknown');
    assert.deepEqual(told(causeOf([ran('ops', 'systemctl stop nginx')], ABOUT_NGINX, [other])), [
      'known-person',
      'ops',
    ]);
  });

  it('takes with it what our account wrote meanwhile; without one it is unapproved', () => {
    const change = aChange({ steps: [['/usr/local/bin/script']] });
    const event = wrote('holdfast-runner', '/etc/hosts', later(1));
    assert.deepEqual(told(causeOf([event], ABOUT_HOSTS, [change])), [
      'ours-approved',
      'operator:ada',
    ]);
    assert.deepEqual(told(causeOf([event])), ['ours-unapproved', 'holdfast-runner']);
    const run = ran('holdfast-runner', '/usr/local/lib/holdfast/current/run');
    assert.equal(causeOf([run]).verdict, 'unknown');
  });

  it('and a person are two', () => {
    const both = causeOf([ran('ops', 'systemctl stop nginx')], ABOUT_NGINX, [aChange()]);
    assert.equal(both.verdict, 'unknown');
  });
});

describe('whatever happened at once', () => {
  const PEOPLE = ['ops', 'bob', 'eve'] as const;
  /** Each says who does what to what, and whether that is a deed; what the host would then log is made from it. */
  const DEED = fc.record({
    who: fc.constantFrom(...PEOPLE),
    path: fc.constantFrom('/etc/hosts', '/etc/fstab', '/etc/hosts.deny'),
    how: fc.constantFrom(
      ['tee %', true],
      ['sh -c echo x > %', true],
      ['rm -f %', true],
      ['cat %', false],
      ['cp % /tmp/copy', false],
      ['chmod 600 %', false],
      ['grep -c x %', false],
      ['bash', false],
      ['apt-get upgrade', false],
    ) as fc.Arbitrary<readonly [string, boolean]>,
    second: fc.integer({ min: -90, max: 90 }),
    isRecorded: fc.boolean(),
    byCron: fc.boolean(),
  });

  it('nobody is ever named who did not do it, and nobody alone where several did', () => {
    let named = 0;
    fc.assert(
      fc.property(fc.array(DEED, { maxLength: 8 }), (deeds) => {
        const events = deeds
          .filter(({ isRecorded }) => isRecorded)
          .map(({ who, path, how: [command], second, byCron }) => {
            const line = command.replace('%', path);
            return byCron
              ? anEvent({
                  at: later(second),
                  source: 'cron',
                  account: who,
                  act: { kind: 'shell', text: line },
                })
              : ran(who, line, later(second));
          });
        const { person, verdict, evidence } = causeOf(events);
        assert.ok(evidence.length <= 24);
        if (person === null) return;
        named++;
        assert.equal(verdict, 'known-person');
        const culprits = new Set(
          deeds
            .filter(
              ({ path, how: [, isDeed], second, isRecorded }) =>
                path === '/etc/hosts' && isDeed && isRecorded && second > -60 && second <= 60,
            )
            .map(({ who, byCron }) => (byCron ? `cron of ${who}` : who)),
        );
        assert.deepEqual([...culprits], [person]);
      }),
      { numRuns: RUNS },
    );
    // It says nothing where nobody ever is: about one in eighteen.
    assert.ok(named > 0);
  });

  it('nobody is named by words that do not name the thing', () => {
    const GRAIN = fc.constantFrom(
      'tee',
      'rm',
      'sh',
      '-c',
      'sed',
      '-i',
      'cp',
      'mv',
      '-t',
      '/etc/',
      '/tmp/x',
      '>',
      '>>',
      '2>&1',
      '&&',
      ';',
      '|',
      "'",
      '"',
      '$x',
      '(',
      ')',
      '--',
      'env',
      'A=b',
      'timeout',
      '5',
      'systemctl',
      'stop',
      'dd',
      'of=/etc/fstab',
      '..',
      '*',
      'chmod',
      '-R',
      '/',
      'cd',
      '/etc',
    );
    fc.assert(
      fc.property(fc.array(GRAIN, { maxLength: 12 }), (words) => {
        const line = words.join(' ');
        const deep = /(rm|chmod|setfacl)/.test(line);
        for (const event of [
          ran('ops', line),
          anEvent({ source: 'cron', account: 'root', act: { kind: 'shell', text: line } }),
        ]) {
          const { person, route } = causeOf([event]);
          if (!deep) assert.deepEqual([person, route], [null, null], line);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
