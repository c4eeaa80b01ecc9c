/** What docs/operate/policy.md shows is tried here, word for word. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { testPolicies } from './cases.ts';
import { explain } from './explain.ts';
import { loadPolicies } from './load.ts';
import { parseSettings } from './parse-settings.ts';
import { aQuestion, aTarget, shippedFiles } from './samples.ts';

const page = readFileSync(new URL('../../docs/operate/policy.md', import.meta.url), 'utf8');

function block(language: string): string {
  const found = page.split(`\n\`\`\`${language}\n`)[1]?.split('\n```')[0];
  assert.ok(found, `no block of ${language}`);
  return `${found}\n`;
}

describe('the page about policy', () => {
  const files = [...shippedFiles(), { path: 'policy/own.cedar', text: block('cedar') }];
  const settings = parseSettings(block('yaml'));

  it('shows policies, settings and cases that hold', () => {
    const results = testPolicies(files, settings, {
      path: 'cases.yaml',
      text: block('yaml cases'),
    });
    assert.equal(results.length, 5);
    assert.deepEqual(
      results.filter(({ differs }) => differs !== null),
      [],
    );
  });

  it('shows an explanation as it is given', () => {
    const question = aQuestion({
      mode: 'guarded',
      action: { id: 'service.restart' },
      targets: [aTarget({ id: 'host:pay-1', tags: ['payments'] })],
    });
    assert.equal(`${explain(loadPolicies(files, settings), question).join('\n')}\n`, block('text'));
  });

  it('is right about looks', () => {
    const engine = loadPolicies(files, settings);
    const look = (kind: 'assistant' | 'operator'): string =>
      engine.decideLook({ kind, profile: 'observer', capabilities: ['events.read'] }, 'events.read')
        .verdict;
    assert.deepEqual([look('assistant'), look('operator')], ['deny', 'allow']);
  });
});
