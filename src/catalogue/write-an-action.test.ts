import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ARGUMENT_TYPES } from './action.ts';
import { buildCatalogue } from './catalogue.ts';
import { parseActions, parseRunbook } from './parse.ts';
import { CONTRACT_KEYS } from './read-contract.ts';
import { shippedActions } from './samples.ts';

const PAGE = readFileSync(
  join(import.meta.dirname, '..', '..', 'docs', 'operate', 'write-an-action.md'),
  'utf8',
);

describe('the page about writing actions', () => {
  const blocks = [...PAGE.matchAll(/^```yaml\n([^]*?)^```$/gm)].map((match) => match[1] ?? '');

  it('shows an action and a runbook that are accepted, and fit the shipped ones', () => {
    assert.equal(blocks.length, 2);
    const actions = parseActions(blocks[0] ?? '', 'page.yaml', false);
    const runbook = parseRunbook(blocks[1] ?? '', 'page.yaml', false);
    const catalogue = buildCatalogue({
      actions: [...shippedActions(), ...actions],
      runbooks: [runbook],
    });
    assert.equal(catalogue.find('runbook.close-for-maintenance').tier, 'T2');
  });

  it('names every type of argument and every key of an action', () => {
    for (const type of ARGUMENT_TYPES) assert.match(PAGE, new RegExp(`\`${type}\``), type);
    for (const key of CONTRACT_KEYS)
      assert.match(PAGE, new RegExp(`\`${key}\`|^ +${key}:|- ${key}:`, 'm'), key);
  });
});
