import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OPERATIONS } from '#operations';
import { openApiOf } from '../../../src/web/openapi.ts';
import { capabilitiesByName, exampleOf, operationsOf, propertiesOf, typeOf } from './openapi.ts';

const document = openApiOf(OPERATIONS, { origin: 'http://localhost:7425', version: '1' });
const operations = operationsOf(document);
const named = (name: string) => {
  const found = operations.find((each) => each.name === name);
  assert.ok(found);
  return found;
};

describe('the API as it describes itself', () => {
  it('is read whole: every operation with title, effect and capability', () => {
    assert.deepEqual(
      operations.map(({ name }) => name).toSorted(),
      OPERATIONS.map(({ name }) => name).toSorted(),
    );
    for (const each of operations)
      assert.ok(each.title && each.summary && each.effect && each.capability, each.name);
    assert.equal(operations[0]?.effect, 'look');
    assert.equal(capabilitiesByName(operations).get('policy_save'), 'authority.write');
  });

  it('tells inputs in a few words, and an input to begin with', () => {
    const properties = propertiesOf(named('run_action').input);
    const of = (name: string) => properties.find((each) => each.name === name);
    assert.deepEqual([of('action')?.type, of('action')?.isRequired], ['text', true]);
    assert.equal(of('targets')?.type, 'list of text');
    assert.deepEqual(exampleOf(named('run_action').input), { action: '', targets: [], reason: '' });
    assert.deepEqual(
      propertiesOf(named('evidence_export').input).find(({ name }) => name === 'format')?.options,
      ['ocsf', 'syslog'],
    );
  });

  it('is nothing where it is not in the form that is expected', () => {
    for (const wrong of [undefined, null, [], 'x', { paths: [] }, { paths: { a: { post: 1 } } }])
      assert.deepEqual(operationsOf(wrong), []);
    assert.equal(typeOf({ anyOf: [{ type: 'string' }, { type: 'null' }] }), 'text or null');
    assert.equal(typeOf({}), 'anything');
  });
});
