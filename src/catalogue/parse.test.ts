import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fault } from '#base/fault';
import { parseActions, parseRunbook } from './parse.ts';
import { anActionFile, aRunbookFile } from './samples.ts';

const RUN = 'run: [cachectl, flush, --, "{unit}"]';

function faultOf(make: () => unknown): Fault {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof Fault, String(error));
    assert.equal(error.code, 'invalid-action');
    assert.equal(error.kind, 'invalid');
    return error;
  }
  return assert.fail('nothing was thrown');
}

describe('a file of actions', () => {
  it('gives an action with everything said or defaulted', () => {
    const [action] = parseActions(anActionFile(), 'mine.yaml', false);
    assert.ok(action);
    assert.equal(action.id, 'cache.flush');
    assert.equal(action.capability, 'actions.change');
    assert.equal(action.cooldownSeconds, 300);
    assert.deepEqual(action.origin, { file: 'mine.yaml', line: 3, shipped: false });
    assert.match(action.digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(action.steps[0]?.argv, [
      [{ literal: 'cachectl' }],
      [{ literal: 'flush' }],
      [{ literal: '--' }],
      [{ argument: 'unit' }],
    ]);
  });

  it('has a digest that knows the content and not the place', () => {
    const digest = (text: string, file: string): string =>
      parseActions(text, file, false)[0]?.digest ?? '';
    const here = digest(anActionFile(), 'a.yaml');
    assert.equal(
      digest(
        anActionFile((text) => `# moved\n\n${text}`),
        'b.yaml',
      ),
      here,
    );
    assert.notEqual(
      digest(
        anActionFile((text) => text.replace('flush, --', 'flush, -x, --')),
        'a.yaml',
      ),
      here,
    );
  });

  it('reads doubled braces as braces and pieces of a word as one word', () => {
    const [action] = parseActions(
      anActionFile((text) => text.replace(RUN, 'run: [cachectl, "a{{b}}={size}/{path}"]')),
      'x.yaml',
      false,
    );
    assert.deepEqual(action?.steps[0]?.argv[1], [
      { literal: 'a{b}=' },
      { argument: 'size' },
      { literal: '/' },
      { argument: 'path' },
    ]);
  });

  const run = (words: string) => (text: string) => text.replace(RUN, `run: ${words}`);
  const refused: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    [
      'an unknown key',
      (t) => t.replace('summary: Flush', 'sumary: Flush'),
      /x\.yaml:5:5: unknown key "sumary".*did you mean "summary"/,
    ],
    [
      'a key given twice',
      (t) => t.replace('tier: T2', 'tier: T2\n    tier: T2'),
      /x\.yaml:8:5: duplicate key "tier".*line 7/,
    ],
    [
      'a tag',
      (t) => t.replace('tier: T2', 'tier: !!str T2'),
      /x\.yaml:7:\d+: tags are not accepted/,
    ],
    [
      'a tag that nobody knows',
      (t) => t.replace('tier: T2', 'tier: !mine T2'),
      /x\.yaml:7:\d+: tags are not accepted/,
    ],
    [
      'an alias',
      (t) => t.replace('tier: T2', 'tier: &a T2\n    capability: *a'),
      /x\.yaml:8:\d+: aliases are not accepted/,
    ],
    ['a second document', (t) => `${t}---\nversion: 1\n`, /second document/],
    [
      'another version of the form',
      (t) => t.replace('version: 1', 'version: 2'),
      /x\.yaml:1:10: version 2 is not known/,
    ],
    ['no actions', () => 'version: 1\nactions: []\n', /x\.yaml:2:\d+: actions is empty/],
    [
      'a tier that does not exist',
      (t) => t.replace('T2', 'T4'),
      /tier "T4" is not known.*T0, T1, T2, T3/,
    ],
    [
      'an id in capitals',
      (t) => t.replace('cache.flush', 'Cache.Flush'),
      /id "Cache.Flush" must be lower-case/,
    ],
    [
      'T0 that changes something',
      (t) => t.replace('T2', 'T0'),
      /T0 and sideEffect none go together/,
    ],
    [
      'T1 with data',
      (t) => t.replace('T2', 'T1').replace('sideEffect: state', 'sideEffect: data'),
      /data is at least T2/,
    ],
    ['T1 with free text', (t) => t.replace('T2', 'T1'), /free text is at least T2/],
    [
      'destruction below T3',
      (t) => t.replace('sideEffect: state', 'sideEffect: destructive'),
      /destroys data is T3/,
    ],
    [
      'no way back below T3',
      (t) => t.replace('tier: T2', 'tier: T2\n    irreversible: Gone'),
      /cannot be taken back is T3/,
    ],
    [
      'what the machine Holdfast runs on would do without a signature',
      (t) => t.replace('tier: T2', 'tier: T1\n    carrier: controller'),
      /what the controller carries is at least T2/,
    ],
    [
      'T3 on many',
      (t) => t.replace('tier: T2', 'tier: T3\n    maxTargets: 2'),
      /exactly one target/,
    ],
    [
      'a retried change',
      (t) => t.replace('tier: T2', 'tier: T2\n    retries: 1'),
      /only T0 is retried/,
    ],
    [
      'a change without verification',
      (t) => t.replace(/ {4}verify:[^]*$/, ''),
      /verify is missing/,
    ],
    [
      'a step without an inverse',
      (t) => t.replace('        inverse: none\n', ''),
      /x\.yaml:\d+:\d+: inverse is missing/,
    ],
    [
      'an argument that goes nowhere',
      (t) => t.replace('--owner, "{owner}", ', ''),
      /argument owner is used nowhere/,
    ],
    [
      'an unknown argument type',
      (t) => t.replace('type: account', 'type: user'),
      /type "user" is not known/,
    ],
    [
      'a number without bounds',
      (t) => t.replace('min: 1, ', ''),
      /min is missing: a number has bounds/,
    ],
    ['a number that may be negative', (t) => t.replace('min: 1', 'min: -1'), /from 0 to/],
    [
      'a default out of bounds',
      (t) => t.replace('default: 3', 'default: 10'),
      /default must be a whole number from 1 to 9/,
    ],
    ['a path without a root', (t) => t.replace('within: [/etc], ', ''), /within is missing/],
    [
      'a root that is not normal',
      (t) => t.replace('[/etc]', '[/etc/../root]'),
      /no "\." or "\.\." segment/,
    ],
    [
      'a key for another type',
      (t) => t.replace('type: account', 'type: account, within: [/etc]'),
      /within means nothing for type account/,
    ],
    [
      'an entity kind nobody knows',
      (t) => t.replace('package:{@host}', 'packge:{@host}'),
      /kind "packge" is not known: did you mean "package"/,
    ],
    [
      'an attribute nobody knows',
      (t) => t.replace('attribute: version', 'attribute: versoin'),
      /attribute "versoin" of package is not known: did you mean "version"/,
    ],
    [
      'a bound fact without a reason',
      (t) => t.replace('        why: It is what was there\n', ''),
      /why is missing/,
    ],
    [
      'a placeholder for nothing',
      run('[cachectl, "--x={units}"]'),
      /names "\{units\}", which is no argument: did you mean "unit"/,
    ],
    ['a lone brace', run('[cachectl, "a}b"]'), /has a lone "\}": write "\}\}"/],
    ['a program with a placeholder', run('["{unit}"]'), /must be a program: literal/],
    ['a relative program', run('[./cachectl]'), /must be a program/],
    ['a program that climbs', run('[/usr/../bin/x]'), /no "\." or "\.\." segment/],
    ['an option for a program', run('[-x]'), /must be a program/],
    ['no program', run('[]'), /is empty: give the program/],
    ['a shell', run('[sh, -c, "{unit}"]'), /"sh" is a shell/],
    ['a shell by its path', run('[/bin/bash, -c, x]'), /"\/bin\/bash" is a shell/],
    [
      'a shell behind another program',
      run('[find, /tmp, -exec, sh, -c, x]'),
      /word 4 "sh" is a shell/,
    ],
    ['a launcher', run('[sudo, x]'), /runs what other words say/],
    ['an interpreter', run('[python3.11, x]'), /runs what other words say/],
    [
      'a name that could be an option',
      run('[cachectl, "{owner}"]'),
      /begins with a name from outside: put "--" before it/,
    ],
    [
      'a bound value that could be one',
      run('[cachectl, "{previous}"]'),
      /begins with a name from outside/,
    ],
    ['text in an argv', run('[cachectl, --, "x{body}"]'), /has free text, which has no place here/],
    ['a word that is not ASCII', run('[cachectl, "ä"]'), /must be printable ASCII/],
    [
      'a control character in a word',
      run('[cachectl, "a\\u001bb"]'),
      /control, bidirectional or invisible/,
    ],
    ['a file that is not listed', run('["{@file.1}"]'), /names file 1 of 0/],
    [
      'stdin that is no text',
      (t) => t.replace(RUN, `${RUN}\n        stdin: unit`),
      /must name an argument of type text/,
    ],
    ['nesting without end', () => `version: 1\nactions: ${'['.repeat(4_000)}`, /x\.yaml:\d+:\d+: /],
  ];
  for (const [what, change, words] of refused) {
    it(`refuses ${what}, saying where`, () => {
      const fault = faultOf(() => parseActions(anActionFile(change), 'x.yaml', false));
      assert.match(fault.message, words);
      assert.match(fault.message, /x\.yaml:\d+:\d+: /);
    });
  }

  it('accepts a script that is listed as a file', () => {
    const [action] = parseActions(
      anActionFile((text) =>
        text.replace(
          RUN,
          'run: ["{@file.1}", --, "{unit}"]\n        files: [/usr/local/lib/flush.sh]',
        ),
      ),
      'x.yaml',
      false,
    );
    assert.deepEqual(action?.steps[0]?.argv[0], { file: 1 });
  });

  it('tells every problem at once', () => {
    const fault = faultOf(() =>
      parseActions(
        anActionFile((text) => text.replace('T2', 'T9').replace('type: account', 'type: x')),
        'x.yaml',
        false,
      ),
    );
    assert.match(fault.message, /2 problems/);
  });
});

describe('a runbook file', () => {
  it('gives actions and scripts in their order', () => {
    const runbook = parseRunbook(aRunbookFile(), 'r.yaml', false);
    assert.equal(runbook.kind, 'runbook');
    assert.deepEqual(
      runbook.steps.map((step) => ('action' in step ? step.action : step.script)),
      ['checks/configuration.sh', 'service.restart@1'],
    );
  });

  const refused: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    [
      'an id that hides what it is',
      (t) => t.replace('runbook.renew', 'renew'),
      /begins with "runbook\."/,
    ],
    [
      'a script that climbs',
      (t) => t.replace('checks/configuration.sh', '../x.sh'),
      /no "\." or "\.\." segment/,
    ],
    ['an absolute script', (t) => t.replace('checks/configuration.sh', '/x.sh'), /empty segment/],
    ['a script below T2', (t) => t.replace('T2', 'T1'), /with a script is at least T2/],
    [
      'a script without an inverse',
      (t) => t.replace('      inverse: none\n', ''),
      /inverse is missing/,
    ],
    [
      'a step of both kinds',
      (t) => t.replace('- action:', '- script: x.sh\n      action:'),
      /names an action or a script/,
    ],
    [
      'an action with words of its own',
      (t) => t.replace('with: {', 'args: [x]\n      with: {'),
      /args is the action's own/,
    ],
    ['a shell among the words', (t) => t.replace('--strict', 'sh'), /is a shell/],
    [
      'a name that could be an option',
      (t) => t.replace('--strict, --, ', ''),
      /begins with a name from outside/,
    ],
    ['nothing', () => 'version: 1\n', /r\.yaml:1:1: runbook is missing/],
  ];
  for (const [what, change, words] of refused) {
    it(`refuses ${what}`, () => {
      const fault = faultOf(() => parseRunbook(aRunbookFile(change), 'r.yaml', false));
      assert.match(fault.message, words);
      assert.match(fault.message, /r\.yaml:\d+/);
    });
  }
});
