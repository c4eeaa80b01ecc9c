import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { ProgramResult, ProgramRun } from '#base/ports';
import { nodeClock } from '#machine';
import type { Declaration } from '#model';
import { SimulatedDisk } from '#test/simulated-files';
import type { AnsibleRoot } from '../settings.ts';
import type { ToolLook } from '../tool-look.ts';
import { ansibleDeclaration } from './declaration.ts';
import { type AnsibleRootNow, ansibleLook } from './look.ts';
import { aReport, type SampleTask } from './samples.ts';

const SECRET = 'hunter2-hunter2';
const ROOT: AnsibleRoot = {
  name: 'site',
  root: '/srv/ansible',
  inventory: 'hosts.yml',
  playbooks: ['site.yml'],
  targets: new Map([['host:web-1', 'web-1']]),
  at: 'automation.yaml:3',
};
const ARCHIVE = Buffer.from('an archive');
const NOW: AnsibleRootNow = {
  root: ROOT,
  content: { archive: ARCHIVE, sha256: sha256(ARCHIVE), problems: [] },
  isInForce: true,
};
const INVENTORY = Buffer.from(
  JSON.stringify({ _meta: { hostvars: {} }, web: { hosts: ['web-1', 'web-2'] } }),
);

type Answer = Partial<ProgramResult>;

async function look(
  check: Answer | readonly SampleTask[],
  { now = NOW, target = 'host:web-1', inventory = { stdout: INVENTORY } as Answer } = {},
): Promise<{ seen: ToolLook; runs: readonly ProgramRun[] }> {
  const runs: ProgramRun[] = [];
  const answer: Answer = Array.isArray(check)
    ? { stdout: aReport(check as readonly SampleTask[]) }
    : (check as Answer);
  const seen = await ansibleLook({
    programs: {
      run: async (run) => {
        runs.push(run);
        const given = run.argv[1] === 'hosts' ? inventory : answer;
        return {
          ended: 'exited',
          exit: 0,
          stdout: Buffer.alloc(0),
          stderr: Buffer.alloc(0),
          ...given,
        };
      },
    },
    files: new SimulatedDisk().start(),
    clock: nodeClock(),
    target,
    roots: [now],
    stateDirectory: '/state',
    programDirectory: '/program',
  });
  return { seen, runs };
}

function declaredBy({ facts }: ToolLook): Declaration {
  const target = { id: 'host:web-1', scope: 'main/main' };
  return ansibleDeclaration({ target, playbook: 'site/site.yml', facts });
}

function value({ facts }: ToolLook, entity: string, attribute: string): unknown {
  return facts.find((each) => each.entity === entity && each.attribute === attribute)?.value;
}
const WHOLE = 'playbook:web-1/site/site.yml';

describe('a look through Ansible', () => {
  it('asks for exactly one host, with a list of words and an environment of ours', async () => {
    const { seen, runs } = await look([{ name: 'One' }]);
    const path = `/state/ansible/${sha256(ARCHIVE)}.tar`;
    assert.deepEqual(
      runs.map(({ argv }) => argv),
      [
        [
          '/program/ansible-run',
          'hosts',
          '--',
          path,
          '/program/report.py',
          sha256(ARCHIVE),
          'hosts.yml',
        ],
        [
          '/program/ansible-run',
          'check',
          '--',
          path,
          '/program/report.py',
          sha256(ARCHIVE),
          'hosts.yml',
          'web-1',
          'site.yml',
        ],
      ],
    );
    for (const { env } of runs)
      assert.deepEqual(Object.keys(env ?? {}).toSorted(), ['LC_ALL', 'PATH']);
    assert.equal(value(seen, WHOLE, 'state'), 'ok');
    assert.deepEqual(seen.complete, ['playbook', 'task']);
  });

  it('tells field by field what would change, and declares what it would become', async () => {
    const { seen } = await look([
      {
        name: 'Mode',
        state: 'changed',
        diff: [
          { title: '', before: { mode: '0777', path: '/x' }, after: { mode: '0750', path: '/x' } },
        ],
      },
      {
        name: 'Text',
        state: 'changed',
        diff: [{ title: '/etc/motd', before: 'same\nold\n', after: 'same\nnew\n' }],
      },
    ]);
    const mode = 'task:web-1/site/site.yml/site.yml:3 Mode';
    const text = 'task:web-1/site/site.yml/site.yml:4 Text';
    assert.equal(value(seen, mode, 'is.mode'), '0777');
    assert.deepEqual(value(seen, mode, 'wants'), { mode: '0750' });
    assert.equal(value(seen, text, 'diff'), '@ /etc/motd\n- old\n+ new');
    const declared = declaredBy(seen);
    assert.deepEqual(
      declared.expectations.map(({ entity, attribute, test }) => [
        entity,
        attribute,
        test.op === 'equals' ? test.value : test.op,
      ]),
      [
        [WHOLE, 'state', 'one-of'],
        [mode, 'state', 'one-of'],
        [mode, 'is.mode', '0750'],
        [text, 'state', 'one-of'],
        [text, 'is.content', `sha256:${sha256('same\nnew\n')}`],
      ],
    );
    assert.deepEqual(
      declared.needs.map(({ kind }) => kind),
      ['playbook', 'task'],
    );
  });

  it('keeps back what the content hides, and secrets that it does not', async () => {
    const { seen } = await look([
      { name: 'Hidden', state: 'changed', hidden: true },
      {
        name: 'Open',
        state: 'changed',
        diff: [
          { title: '', before: { password: SECRET }, after: { password: `${SECRET}2` } },
          { title: '', before: '', after: `password=${SECRET}\n` },
        ],
      },
    ]);
    assert.ok(!JSON.stringify(seen).includes(SECRET));
    assert.equal(value(seen, 'task:web-1/site/site.yml/site.yml:3 Hidden', 'diff'), null);
  });

  it('is never clean where the check failed, was cut, or the host was away', async () => {
    const cases: readonly (readonly [string, Answer])[] = [
      ['failed', { exit: 2, stdout: aReport([{ name: 'a', state: 'failed', message: 'no' }]) }],
      [
        'unreachable',
        { exit: 4, stdout: aReport([{ name: 'a', state: 'unreachable', message: 'no' }]) },
      ],
      ['refused', { exit: 2, stdout: aReport([{ name: 'a' }]) }],
      ['refused', { exit: 4, stdout: aReport([{ name: 'a' }]) }],
      ['refused', { exit: 0, stdout: aReport([{ name: 'a', state: 'unreachable' }]) }],
      ['refused', { exit: 1, stdout: aReport([{ name: 'a' }]) }],
      ['refused', { exit: 0 }],
      ['refused', { exit: 0, stdout: aReport([{ name: 'a' }]).slice(0, -1) }],
      ['refused', { ended: 'timeout', exit: null, stdout: aReport([{ name: 'a' }]) }],
      ['refused', { ended: 'too-much', exit: null, stdout: aReport([{ name: 'a' }]) }],
      ['refused', { ended: 'missing', exit: null }],
      ['refused', { exit: 0, stdout: aReport([{ name: 'a' }], 'web-2') }],
    ];
    for (const [state, answer] of cases) {
      const { seen } = await look(answer);
      assert.equal(value(seen, WHOLE, 'state'), state, JSON.stringify(answer));
      assert.deepEqual(seen.complete, ['playbook']);
      assert.equal(seen.shortfalls[0]?.kind, 'task');
      const declared = declaredBy(seen);
      const [first] = declared.expectations;
      assert.ok(first?.test.op === 'one-of' && !first.test.values.includes(state));
      assert.equal(first?.severity, 'critical');
    }
  });

  it('says in words of ours why nothing was checked, and runs nothing then', async () => {
    const refused = new Fault(
      'refused',
      'content-refused',
      'content cannot be taken: /srv/ansible: a link',
    );
    const cases: readonly (readonly [AnsibleRootNow, RegExp])[] = [
      [{ ...NOW, isInForce: false }, /not what an operator signed/],
      [{ ...NOW, content: refused }, /content cannot be taken/],
      [
        { ...NOW, content: { archive: ARCHIVE, sha256: 'x', problems: ['a.yml:3: delegate_to'] } },
        /a\.yml:3/,
      ],
    ];
    for (const [now, wanted] of cases) {
      const { seen, runs } = await look([], { now });
      assert.deepEqual(runs, []);
      assert.match(String(value(seen, WHOLE, 'reason')), wanted);
      assert.equal(value(seen, WHOLE, 'archive'), null);
    }
    await assert.rejects(
      ansibleLook({
        programs: { run: () => Promise.reject(new Error('nothing is run')) },
        files: new SimulatedDisk().start(),
        clock: nodeClock(),
        target: 'host:web-1',
        roots: [],
        stateDirectory: '/state',
        programDirectory: '/program',
      }),
      /no root of Ansible is set/,
    );
  });

  it('is of hosts that the inventory knows; a name that was given must be there, and be one host', async () => {
    const { seen } = await look([], { target: 'host:db-1' });
    assert.deepEqual(seen, {
      source: 'collector.ansible',
      facts: [],
      complete: ['playbook', 'task'],
      shortfalls: [],
    });
    for (const name of ['web', 'gone']) {
      const now = { ...NOW, root: { ...ROOT, targets: new Map([['host:web-1', name]]) } };
      const told = await look([], { now });
      assert.match(String(value(told.seen, WHOLE, 'reason')), /no single host/);
      assert.equal(told.runs.length, 1);
    }
  });

  it('keeps names of tasks fit for questions, and apart', async () => {
    const { seen } = await look([
      { name: 'a*b\u001b[31m', at: 'x:1' },
      { name: 'a*b', at: 'x:1' },
      { name: 'y'.repeat(400), at: 'x:1' },
    ]);
    const entities = [...new Set(seen.facts.map(({ entity }) => entity))].filter((each) =>
      each.startsWith('task:'),
    );
    assert.equal(entities.length, 3, entities.join('\n'));
    for (const each of entities)
      assert.match(each, /^task:web-1\/site\/site\.yml\/[ -)+-~]{1,400}$/);
  });
});

describe('the runner', () => {
  const directory = join(import.meta.dirname, '..', '..', '..', 'host', 'automation');
  const report = join(directory, 'report.py');
  const run = (...argv: readonly string[]): number | null =>
    spawnSync(join(directory, 'ansible-run'), argv, { encoding: 'utf8' }).status;

  it('refuses whatever is no one host, no path below the root, and no archive that was checked', () => {
    const words = ['--', report, report, 'a'.repeat(64)] as const;
    for (const limit of [
      'web-1,web-2',
      'all',
      'ALL',
      '*',
      'web*',
      'localhost',
      '127.0.0.1',
      '@x',
      '~w',
      '-i',
      '!x',
      'a:b',
      'a b',
      '',
      '{{ x }}',
    ])
      assert.equal(run('apply', ...words, 'hosts.yml', limit, 'site.yml'), 64, limit);
    for (const path of ['../site.yml', '/etc/x.yml', 'a/../b.yml', '-e', '', 'a;b', '--check'])
      for (const argv of [
        [path, 'web-1', 'site.yml'],
        ['hosts.yml', 'web-1', path],
      ])
        assert.equal(run('apply', ...words, ...argv), 64, path);
    assert.equal(run('apply', ...words, 'hosts.yml', 'web-1'), 64);
    assert.equal(run('else', ...words, 'hosts.yml', 'web-1', 'site.yml'), 64);
    assert.equal(run('apply', ...words, 'hosts.yml', 'web-1', 'site.yml'), 65);
  });
});
