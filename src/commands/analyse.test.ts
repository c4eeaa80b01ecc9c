import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyse, type CommandAsker } from './analyse.ts';
import { findCommands, showEntry } from './find-commands.ts';
import { aJudge } from './samples.ts';

const judge = aJudge(`
  - program: see
    summary: Shows files
    safer: Use "see -n 5 FILE".
    options:
      - { names: [-f], class: deny, code: never-ends, means: follows }
      - { names: [-o], value: path, class: write, tier: T1, means: writes }
    forms:
      - class: read
        means: a file
        operands: [{ name: file, value: file }]
        examples: [see /etc/hosts, see /var/log/syslog]
      - verb: [run]
        rest: exec
        means: runs
`);
const verdict = (line: string, asker: CommandAsker): string => {
  const found = analyse(judge, { line }, asker);
  return `${found.class} ${found.tier} ${found.label} ${found.verdict}`;
};

describe('an analysis', () => {
  it('says what becomes of a command, by who asks', () => {
    for (const [line, assistant, operator] of [
      ['see /etc/hosts', 'read T0 LOW allow', 'read T0 LOW allow'],
      ['see -o /tmp/x /etc/hosts', 'write T1 LOW needs-approval', 'write T1 LOW needs-approval'],
      ['see run x', 'exec T3 HIGH needs-approval', 'exec T3 HIGH needs-approval'],
      ['frobnicate x', 'deny deny CRITICAL deny', 'deny T3 HIGH needs-approval'],
      ['see --frob x', 'deny deny CRITICAL deny', 'deny T3 HIGH needs-approval'],
      ['see /etc/shadow', 'deny deny CRITICAL deny', 'deny deny CRITICAL deny'],
      ['see /dev/sda', 'deny deny CRITICAL deny', 'deny deny CRITICAL deny'],
      ["see 'x", 'deny deny CRITICAL deny', 'deny deny CRITICAL deny'],
      ['sеe x', 'deny deny CRITICAL deny', 'deny deny CRITICAL deny'],
      ['see a | see b', 'exec T3 HIGH needs-approval', 'exec T3 HIGH needs-approval'],
    ] as const) {
      assert.equal(verdict(line, 'assistant'), assistant, line);
      assert.equal(verdict(line, 'operator'), operator, line);
    }
    const own = analyse(judge, { line: 'frobnicate -x "a b"' }, 'operator');
    assert.deepEqual(own.normalForm, ['frobnicate', '-x', 'a b']);
  });

  it('tells each word, and how to do it safely', () => {
    const found = analyse(judge, { argv: ['see', '-o', '/tmp/x', 'etc/hosts'] }, 'assistant');
    assert.deepEqual(found.parts, [
      { word: 'see', means: 'Shows files' },
      { word: '-o /tmp/x', means: 'writes' },
      { word: 'etc/hosts', means: 'file' },
    ]);
    assert.deepEqual(found.safer, ['Use "see -n 5 FILE".']);
    assert.ok(
      analyse(judge, { line: 'see a | see b' }, 'assistant').safer[0]?.startsWith('Give each part'),
    );
    assert.ok(
      analyse(judge, { line: 'see -f /var/log/syslog' }, 'assistant').safer.some((way) =>
        way.includes('tail -n 100'),
      ),
    );
    assert.deepEqual(
      analyse(judge, { line: 'see --all /var/log/syslog' }, 'assistant').similar[0],
      'see /var/log/syslog',
    );
    assert.deepEqual(analyse(judge, { line: 'se x' }, 'assistant').similar, [
      'see /etc/hosts',
      'see /var/log/syslog',
    ]);
  });

  it('shows what was written as text only: nothing in it can be obeyed', () => {
    const { because } = analyse(judge, { argv: ['se\u001b[2Je'] }, 'assistant');
    assert.match(because, /^[\u0020-\u007e]*$/);
    assert.match(
      analyse(judge, { argv: ['see', '--é\u00e9'] }, 'assistant').because,
      /^see: option/,
    );
  });
});

describe('the commands', () => {
  it('are found by what they say, and shown by name', () => {
    assert.deepEqual(
      findCommands(judge, 'shows file').map(({ program }) => program),
      ['see'],
    );
    assert.deepEqual(findCommands(judge, 'nothing such'), []);
    assert.equal(showEntry(judge, 'see').length, 1);
    assert.throws(() => showEntry(judge, 'sea'), /no entry has that name: "sea": did you mean see/);
  });
});
