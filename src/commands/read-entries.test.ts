import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { buildJudge } from './judge.ts';
import { parseEntries } from './read-entries.ts';
import { aJudge, someSurroundings } from './samples.ts';

const GOOD = `family: test
entries:
  - program: see
    summary: Shows things
    options:
      - { names: [-a, --all], means: everything }
    forms:
      - class: read
        means: what there is
        operands: [{ name: file, value: file }]
`;

function problems(text: string): string {
  try {
    parseEntries(text, 'own.yaml', false);
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'invalid-commands');
    return error.message;
  }
  return 'none';
}

describe('a file of entries', () => {
  it('is read whole, with where each entry comes from', () => {
    const [entry] = parseEntries(GOOD, 'own.yaml', false);
    assert.deepEqual(entry?.origin, { file: 'own.yaml', line: 3, shipped: false });
    assert.equal(entry?.style, 'getopt');
    assert.deepEqual(entry?.forms[0]?.operands, [
      { name: 'file', value: 'file', min: 1, max: 1, stdin: false },
    ]);
  });

  it('is told every mistake with its place and what to do', () => {
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [
        'program: see',
        'program: ./see',
        /own\.yaml:3:\d+: program "\.\/see" is not in its form: write it like/,
      ],
      [
        'summary: Shows',
        'sumary: Shows',
        /4:5: unknown key "sumary" in an entry: did you mean "summary"\?/,
      ],
      [
        'class: read',
        'class: reads',
        /8:16: class "reads" is not known: did you mean "read"\?: accepted are/,
      ],
      ['class: read', 'klass: read', /unknown key/],
      ['- class: read\n', '- tier: T0\n', /class is missing in a form: give read/],
      ['class: read', 'class: deny', /code is missing in a form of class deny/],
      ['class: read', 'class: read\n        tier: T2', /tier T2 does not go with class read/],
      ['class: read', 'class: read\n        code: egress', /code does not go with class read/],
      ['class: read', 'class: read\n        rest: exec', /rest stands in place of operands/],
      ['value: file', 'value: fil', /10:\d+: value "fil" is not known: accepted are/],
      ['value: file', "value: 'number:9:1'", /nothing lies within/],
      ['value: file', 'value: file, min: 3, max: 2', /max is below min/],
      ['value: file', 'value: word, stdin: true', /stdin goes with file and tree/],
      [', means: everything', '', /means is missing in an option: add it/],
      [
        '-a, --all',
        '-all',
        /a name of an option "-all" is not in its form: write it like -x or --name/,
      ],
      ['-a, --all', '', /names is empty/],
      [
        'means: everything',
        'means: everything, rest: true',
        /rest goes with options of another class/,
      ],
      ['means: everything', 'means: everything, optional: true', /optional needs a value/],
      ['means: everything', 'means: everything, digits: true', /digits: true goes with names/],
      ['summary: Shows', 'summary: &a Shows', /^(?!none)|none/],
      ['summary: Shows things', 'summary: *a', /not YAML|must be text/],
      ['summary: Shows things', 'summary: !x y', /not YAML|must be text/],
      ['family: test', 'family: test\nfamily: test', /duplicate key "family"/],
      ['family: test\n', '', /family is missing in a file of commands/],
      ['summary: Shows things', 'summary: "\\u202eShows"', /control or invisible/],
    ];
    for (const [from, to, wanted] of cases) {
      const text = GOOD.replace(from, to);
      assert.notEqual(text, GOOD, from);
      assert.match(problems(text), wanted, to);
    }
    for (const text of [
      '',
      '[]',
      'a: b',
      '--- {}\n--- {}',
      '%YAML 1.1\n---\n{}',
      `family: ${'x'.repeat(2_000_000)}`,
    ])
      assert.notEqual(problems(text), 'none', text.slice(0, 20));
  });

  it('has one meaning for every name', () => {
    const build = (yaml: string): string => {
      try {
        aJudge(yaml);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
        return error.message;
      }
      return 'none';
    };
    const entry = (program: string, more = '', form = ''): string =>
      `  - program: ${program}\n    summary: x\n${more}    forms:\n      - class: read\n        means: x\n${form}`;
    assert.equal(build(entry('a')), 'none');
    assert.match(build(entry('a') + entry('b', '    aliases: [a]\n')), /a already names/);
    assert.match(
      build(entry('a') + entry('a', '    style: words\n')),
      /the style of a is getopt elsewhere/,
    );
    assert.match(
      build(
        entry(
          'a',
          '    options: [{names: [-x], means: x}]\n',
          '        options: [{names: [-x], means: y}]\n',
        ),
      ),
      /option -x of a is given twice/,
    );
    assert.match(
      build(entry('a', '    adds: [--x]\n')),
      /add "--x" of a is no option of class read/,
    );
    assert.match(
      build(entry('a', '', "        requires: ['-x']\n")),
      /"-x" in requires or conflicts is no option/,
    );
    assert.match(
      build(
        `${entry('a', '', '')}      - class: write\n        means: x\n      - class: read\n        means: y\n`,
      ),
      /is of class read, and stands behind another of that verb/,
    );
  });

  it('may add to a program that ships, and never make a form of another class read', () => {
    const shipped = parseEntries(
      GOOD.replace('- class: read', '- verb: [drop]\n        class: write'),
      'see.yaml',
      true,
    );
    const own = parseEntries(
      GOOD.replace('- class: read', '- verb: [drop]\n        class: read'),
      'own.yaml',
      false,
    );
    const more = parseEntries(
      GOOD.replace('- class: read', '- verb: [list]\n        class: read'),
      'own.yaml',
      false,
    );
    assert.throws(
      () => buildJudge([...shipped, ...own], someSurroundings()),
      /own\.yaml:3:1: the form drop of see is of class read/,
    );
    const judge = buildJudge([...shipped, ...more], someSurroundings());
    assert.equal(judge.judgeLine('see list /etc/hosts').class, 'read');
    assert.equal(judge.judgeLine('see drop /etc/hosts').class, 'write');
    assert.equal(judge.judgeLine('see list /etc/shadow').code, 'secret');
  });
});
