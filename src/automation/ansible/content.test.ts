import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '#base/fault';
import { nodeMachineFiles } from '#machine';
import { cpuMs } from '#test/cpu';
import type { AnsibleRoot } from '../settings.ts';
import { readAnsibleContent, requireCheckable } from './content.ts';
import { contentProblems } from './content-problems.ts';
import { ustar } from './ustar.ts';

const places: string[] = [];
afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
});

const HOSTS = 'all: { hosts: { web-1: { ansible_host: 192.0.2.1 } } }\n';
const SITE = '- hosts: all\n  tasks:\n    - name: It answers\n      ping:\n';

function aRoot(files: Readonly<Record<string, string>> = {}): AnsibleRoot {
  const root = mkdtempSync(join(tmpdir(), 'hf-root-'));
  places.push(root);
  for (const [path, text] of Object.entries({ 'hosts.yml': HOSTS, 'site.yml': SITE, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(root, path), text, { mode: 0o644 });
  }
  return {
    name: 'site',
    root,
    inventory: 'hosts.yml',
    playbooks: ['site.yml'],
    targets: new Map(),
    at: 'automation.yaml:3',
  };
}

const uid = process.getuid?.() ?? 0;
const read = (root: AnsibleRoot): ReturnType<typeof readAnsibleContent> =>
  readAnsibleContent(nodeMachineFiles(), root, uid);

async function refusal(root: AnsibleRoot, as = uid): Promise<string> {
  try {
    await readAnsibleContent(nodeMachineFiles(), root, as);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    assert.equal(thrown.code, 'content-refused');
    return thrown.message;
  }
  return 'none';
}

/** What is found wrong in one file. */
function found(path: string, text: string): readonly string[] {
  return contentProblems([{ path, bytes: Buffer.from(text), isExecutable: false }]);
}

describe('the content of a root', () => {
  it('is one archive, whenever it was written and whatever lies in its repository', async () => {
    const files = { 'roles/web/tasks/main.yml': '- ping:\n', '.git/config': 'x' };
    const [one, other] = [aRoot(files), aRoot({ ...files, '.git/config': 'y' })];
    const [first, second] = [await read(one), await read(other)];
    assert.equal(first.sha256, second.sha256);
    assert.deepEqual(first.problems, []);
    writeFileSync(join(other.root, 'site.yml'), `${SITE} `);
    assert.notEqual((await read(other)).sha256, first.sha256);
    chmodSync(join(one.root, 'site.yml'), 0o755);
    assert.notEqual((await read(one)).sha256, first.sha256, 'what may be run is content too');
  });

  it('is taken apart by tar as it was, and holds nothing else', () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(60)}/${'f'.repeat(90)}`;
    const files = ['a', 'b/c', long].map((path, index) => ({
      path,
      bytes: Buffer.alloc(index * 511, 'x'),
      isExecutable: index === 1,
    }));
    const directory = mkdtempSync(join(tmpdir(), 'hf-tar-'));
    places.push(directory);
    execFileSync('tar', ['-xf', '-', '-C', directory], { input: ustar(files) });
    const listed = execFileSync('tar', ['-tvf', '-'], { input: ustar(files), encoding: 'utf8' });
    assert.match(listed, /^-rw-r--r-- (?:root\/root|0\/0) +0 1970-01-01 \S+ a\n-rwxr-xr-x/);
    for (const { path, bytes } of files)
      execFileSync('cmp', [join(directory, path), '-'], { input: bytes });
    assert.throws(
      () => ustar([{ path: 'x'.repeat(300), bytes: Buffer.alloc(0), isExecutable: false }]),
      /too long for an archive/,
    );
  });

  it('is refused where somebody else can write, where a link leads out, and where it is not there', async () => {
    assert.match(await refusal({ ...aRoot(), root: '/nowhere/at/all' }), /is not there/);
    assert.match(await refusal({ ...aRoot(), playbooks: ['other.yml'] }), /not there: other\.yml/);
    const linked = aRoot();
    symlinkSync('/etc/passwd', join(linked.root, 'vars.yml'));
    assert.match(await refusal(linked), /vars\.yml: a link/);
    const open = aRoot({ 'vars/all.yml': 'a: b\n' });
    chmodSync(join(open.root, 'vars'), 0o777);
    assert.match(await refusal(open), /vars: others than its owner can write/);
    const file = aRoot();
    chmodSync(join(file.root, 'site.yml'), 0o664);
    assert.match(await refusal(file), /site\.yml: others than its owner/);
    if (uid === 0) return;
    assert.match(await refusal(aRoot(), uid + 1), /belongs neither to root nor to the account/);
  });

  it('is refused when it is too much', async () => {
    const big = aRoot({ 'files/big': 'x'.repeat(6 * 1024 * 1024 + 1) });
    assert.match(await refusal(big), /more than \d+ bytes/);
    const deep = aRoot({ [`${'d/'.repeat(17)}x`]: '' });
    assert.match(await refusal(deep), /deeper than 16/);
  });

  it('is not checked while anything in it would make a check no check', async () => {
    const root = aRoot({ 'site.yml': `${SITE}      check_mode: false\n` });
    const content = await read(root);
    assert.throws(
      () => requireCheckable(root, content),
      /site\.yml:5: check_mode that is not true/,
    );
  });
});

describe('what a check cannot be made of', () => {
  const task = (line: string): string => `- hosts: all\n  tasks:\n    - name: x\n      ${line}\n`;

  it('is told with file and line', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['check_mode: false', /^p\.yml:4: check_mode/],
      ['check_mode: no', /check_mode/],
      ['"check_mode": "{{ x }}"', /check_mode/],
      ['"check\\x5fmode": no', /check_mode/],
      ['{ ping: , check_mode: off }', /check_mode|not YAML/],
      ['delegate_to: localhost', /delegate_to: acts on another machine/],
      ['delegate_to: "{{ other }}"', /delegate_to/],
      ['local_action: command id', /local_action/],
      ['connection: local', /connection that is not ssh/],
      ['connection: ansible.builtin.local', /connection that is not ssh/],
      ['connection: "{{ c }}"', /connection that is not ssh/],
      ['connection: paramiko', /connection that is not ssh/],
      ['vars: { ansible_connection: local }', /ansible_connection that is not ssh/],
      ['vars: { ansible_ssh_common_args: "-o StrictHostKeyChecking=no" }', /turns the checking/],
      ['vars: { ansible_ssh_common_args: "-o ProxyCommand=evil" }', /starts programs/],
      ['vars: { ansible_ssh_args: "-4" }', /ansible_ssh_args/],
      ['vars: { ansible_ssh_executable: /tmp/x }', /ansible_ssh_executable/],
      ['vars: { ansible_host_key_checking: false }', /host keys off/],
      ['add_host: { name: x }', /add_host/],
      ['ansible.builtin.fetch: { src: /a, dest: b }', /fetch: writes files/],
      ['action: ansible.builtin.fetch src=/a dest=b', /fetch: writes files/],
      ['action: { module: add_host, name: x }', /add_host/],
      ['debugger: on_failed', /debugger/],
      ["shell: \"{{ lookup('pipe', 'id') }}\"", /the lookup pipe runs/],
      ['shell: "{{ query(\'ansible.builtin.url\', x) }}"', /the lookup url runs/],
      ['shell: "{{ q(name, x) }}"', /whose name is not written out/],
      ["shell: \"{{ lookup('file' if x else 'pipe', 'id') }}\"", /whose name is not written out/],
      ["shell: \"{{ query('pi' ~ 'pe', 'id') }}\"", /whose name is not written out/],
      ["shell: \"{{ '}}' ~ lookup('pipe', 'id') }}\"", /the lookup pipe/],
      ["shell: \"{% set l = lookup %}{{ l('pipe', 'id') }}\"", /lookup by another name/],
      ['when: lookup("pipe", "id") == ""', /the lookup pipe/],
      ['with_pipe: id', /the lookup pipe/],
      ['with_ansible.builtin.lines: id', /the lookup lines/],
      ['include_tasks: /srv/other.yml', /outside the root/],
      ['import_tasks: other.txt', /only those are looked through/],
      ['include_vars: ~/secrets.yml', /outside the root/],
    ];
    for (const [line, wanted] of cases)
      assert.match(found('p.yml', task(line)).join('\n'), wanted, line);
    assert.match(
      found('p.yml', '- hosts: all\n  strategy: debug\n  vars_prompt: [{name: a}]\n').join('\n'),
      /p\.yml:2: strategy[^]*p\.yml:3: vars_prompt/,
    );
  });

  it('is found in inventories, templates, plugins and configuration as well', () => {
    assert.match(
      found('hosts', 'web-1 ansible_connection=local\n').join(),
      /^hosts:1: ansible_conn/,
    );
    assert.match(found('hosts', '[all:vars]\nansible_ssh_args="-4"\n').join(), /^hosts:2/);
    assert.match(
      found('group_vars/all', 'ansible_connection: local\n').join(),
      /^group_vars\/all:1/,
    );
    assert.match(
      found('templates/a.j2', "x\n{{ lookup('pipe', 'id') }}\n").join(),
      /a\.j2:2: the l/,
    );
    assert.match(
      found('templates/a.j2', "x\n{{\n  lookup('pipe', 'id') }}\n").join(),
      /a\.j2:2: the lookup pipe/,
    );
    assert.match(
      found(
        'templates/a.j2',
        "#jinja2: variable_start_string:'[['\n[[ lookup('pipe', 'id')]]",
      ).join(),
      /a\.j2:1: a template that marks/,
    );
    assert.match(found('roles/a/filter_plugins/x.py', 'pass').join(), /filter_plugins would run/);
    assert.match(found('roles/a/x.py', 'pass').join(), /would run on the machine/);
    assert.match(found('files/t.yml', '{% if x %}\n- check_mode: no\n').join(), /t\.yml:2: a task/);
    assert.match(found('tasks.yml', 'a: [\n').join(), /tasks\.yml:\d+: not YAML/);
    assert.match(
      found('ansible.cfg', '[defaults]\nlog_path = /tmp/x\nhost_key_checking = False\n').join('\n'),
      /cfg:2: the setting defaults\.log_path[^]*cfg:3: the setting defaults\.host_key_checking/,
    );
    for (const line of ['callback_plugins = x', 'vault_password_file = x', 'roles_path = /x', ' x'])
      assert.equal(found('ansible.cfg', `[defaults]\n${line}\n`).length, 1, line);
  });

  it('is found in time that grows with the text, whatever it is', () => {
    const begun = cpuMs();
    for (const part of ['{', '{{', '{%', "'", '{{"'])
      for (const path of ['hosts', 'templates/a.j2'])
        contentProblems([{ path, bytes: Buffer.from(part.repeat(60_000)), isExecutable: false }]);
    assert.ok(cpuMs() - begun < 3_000);
  });

  it('is not everything: what people write every day stays', () => {
    for (const line of [
      'check_mode: true',
      'connection: ssh',
      'vars: { ansible_connection: ssh, ansible_ssh_common_args: -o IdentitiesOnly=yes }',
      'template: { src: a.j2, dest: /etc/a }',
      "shell: \"{{ lookup('file', 'a') }}\"",
      'debug: { msg: "a lookup (of sorts) is no expression" }',
      'include_tasks: more.yml',
      'include_tasks: { file: ../common.yml }',
      'include_vars: "{{ ansible_os_family }}.yml"',
      'copy: { src: a, dest: /b }\n      with_items: [a]',
      'command: id\n      when: x is defined',
    ])
      assert.deepEqual(found('p.yml', task(line)), [], line);
    assert.deepEqual(found('secret.yml', 'a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  61\n'), []);
    assert.deepEqual(found('library/own.py', 'import os\n'), []);
    assert.deepEqual(found('files/logo.png', 'a\0b check_mode: no'), []);
    assert.deepEqual(
      found(
        'ansible.cfg',
        '# ours\n[defaults]\nroles_path = roles:more\n[ssh_connection]\npipelining=true\n',
      ),
      [],
    );
  });

  it('never fails, whatever a file holds', () => {
    const pieces = fc.array(
      fc.constantFrom(
        'check_mode',
        ': ',
        'no',
        '\n',
        '- ',
        '{{',
        '}}',
        'lookup(',
        "'pipe'",
        '*a',
        '&a ',
        '!x ',
        '[',
        '{',
        '?',
        '"',
        '\t',
        '%',
        '---\n',
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        pieces,
        fc.constantFrom('p.yml', 'hosts', 'ansible.cfg', 'templates/a.yml'),
        (all, path) => {
          for (const problem of found(path, all.join('')))
            assert.match(problem, /^[a-z./]+:[1-9][0-9]*: /);
        },
      ),
      { numRuns: 500 },
    );
  });
});
