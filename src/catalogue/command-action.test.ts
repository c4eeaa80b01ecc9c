import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { throwsFault } from '#test/throws-fault';
import { buildCatalogue } from './catalogue.ts';
import { argvOf, COMMAND_ACTION, commandAction } from './command-action.ts';
import { parseActions } from './parse.ts';

describe('a command as an action', () => {
  it('runs its words and nothing else, whatever they look like', () => {
    const argv = ['echo', '{argument}', '{{}}', '$(id)', ''] as const;
    const action = commandAction({ argv, tier: 'T2', means: 'prints {words}' });
    assert.deepEqual(
      action.steps.map((step) => step.argv),
      [argv.map((literal) => [{ literal }])],
    );
    assert.equal(action.steps[0]?.inverse, null);
    assert.equal(typeof action.irreversible, 'string');
  });

  it('needs as much as its tier does, and T3 goes to one target', () => {
    const told = (['T0', 'T1', 'T2', 'T3'] as const).map((tier) => {
      const { capability, maxTargets } = commandAction({ argv: ['x'], tier, means: '' });
      return [capability, maxTargets === 1];
    });
    assert.deepEqual(told, [
      ['actions.look', false],
      ['actions.change', false],
      ['actions.change', false],
      ['actions.irreversible', true],
    ]);
  });

  it('is another with another word or tier', () => {
    const digests = [
      commandAction({ argv: ['a', 'b c'], tier: 'T2', means: '' }),
      commandAction({ argv: ['a', 'b', 'c'], tier: 'T2', means: '' }),
      commandAction({ argv: ['a', 'b c'], tier: 'T3', means: '' }),
    ].map(({ digest }) => digest);
    assert.equal(new Set(digests).size, 3);
  });

  it('is proposed with a list of words, and with nothing else', async () => {
    assert.deepEqual(argvOf('["ls","-l"]'), ['ls', '-l']);
    for (const wrong of [
      '',
      'ls -l',
      '[]',
      '["ls",1]',
      '{"0":"ls"}',
      '["a\\u0000b"]',
      '["\\ud800"]',
      ['ls'],
      null,
      JSON.stringify(Array(257).fill('x')),
    ])
      await throwsFault(() => argvOf(wrong), 'invalid-arguments');
  });

  it('has a name that no file can take', async () => {
    const yaml = `version: 1
actions:
  - id: ${COMMAND_ACTION}
    version: 1
    summary: Pretends
    family: look
    tier: T0
    sideEffect: none
    hostTypes: [debian]
    steps:
      - run: [uptime]
        effect: Looks
`;
    const actions = parseActions(yaml, 'own.yaml', false).filter((each) => each.kind === 'action');
    assert.equal(actions.length, 1);
    await throwsFault(() => buildCatalogue({ actions, runbooks: [] }), 'invalid-action');
  });
});
