import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentOf, loadPolicies, SHIPPED_CONTENT, SHIPPED_SCHEMA } from './load.ts';
import { PROBE } from './probe.ts';
import { shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

describe('the shipped policies', () => {
  it('are the ones whose validation a start may leave out', () => {
    assert.equal(contentOf(shippedFiles()), SHIPPED_CONTENT);
    const schema = shippedFiles().filter(({ path }) => path.endsWith('.cedarschema'));
    assert.equal(contentOf(schema), SHIPPED_SCHEMA);
  });

  it('are valid, when they are validated like anybody else’s', () => {
    const [first, ...rest] = shippedFiles();
    assert.ok(first);
    loadPolicies([{ ...first, text: `${first.text}\n` }, ...rest], DEFAULT_SETTINGS);
  });

  it('decide a look as Cedar does, though nobody asks it, and an ordinary question', () => {
    const [first, ...rest] = shippedFiles();
    assert.ok(first);
    const shipped = loadPolicies(shippedFiles(), DEFAULT_SETTINGS);
    const asked = loadPolicies([{ ...first, text: `${first.text}\n` }, ...rest], DEFAULT_SETTINGS);
    for (const kind of ['operator', 'assistant', 'service', 'nobody'] as const) {
      for (const capabilities of [['facts.read'], []]) {
        const caller = { kind: kind as 'operator', profile: 'any', capabilities };
        assert.deepEqual(
          shipped.decideLook(caller, 'facts.read'),
          asked.decideLook(caller, 'facts.read'),
        );
      }
    }
    assert.deepEqual(shipped.decide(PROBE), asked.decide(PROBE));
    assert.notEqual(shipped.decide(PROBE).because, 'policy-unavailable');
  });

  it('under the wrong names are no policies', () => {
    const swapped = shippedFiles().map((file) =>
      file.path.endsWith('.cedarschema')
        ? { ...file, path: 'look.cedar' }
        : file.path.endsWith('look.cedar')
          ? { ...file, path: 'holdfast.cedarschema' }
          : file,
    );
    assert.throws(() => loadPolicies(swapped, DEFAULT_SETTINGS), { code: 'invalid-policy' });
  });

  it('with one word more are validated again', () => {
    const wrong = shippedFiles().map((file) =>
      file.path.endsWith('look.cedar')
        ? { ...file, text: file.text.replace('context.held', 'context.hold') }
        : file,
    );
    assert.throws(() => loadPolicies(wrong, DEFAULT_SETTINGS), { code: 'invalid-policy' });
  });
});
