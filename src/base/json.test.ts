import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cpuMs } from '#test/cpu';
import { throwsFault } from '#test/throws-fault';
import { canonicalJson, jsonLoss, jsonProblem, parseJson } from './json.ts';

const loss = (text: string): string | undefined => jsonLoss(text, JSON.parse(text));

describe('JSON that is kept', () => {
  it('has one form, that of ECMAScript', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean()),
        (value) => {
          assert.equal(canonicalJson(value), JSON.stringify(value));
        },
      ),
    );
    assert.equal(canonicalJson([-0, null, 1e21]), '[0,null,1e+21]');
  });

  it('says where the first thing stands that cannot be kept', () => {
    assert.deepEqual(jsonProblem({ a: [1, { b: '\ud800' }] }), {
      path: '$.a[1].b',
      problem: 'has a lone surrogate',
    });
    assert.equal(jsonProblem([[1]], 1)?.path, '$[0]');
    assert.equal(jsonProblem([[1]], 2), undefined);
  });
});

describe('JSON from outside', () => {
  it('is refused when a name stands twice, however it is written', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '[{"x":{"a":1,"\\u0061":1}}]',
      '{"__proto__":1,"__proto__":2}',
    ])
      assert.match(loss(text) ?? '', /stands twice/, text);
  });

  it('is refused when a number cannot be held', () => {
    for (const text of [
      '9007199254740993',
      '[12345678901234567890]',
      '1e-400',
      '{"a":-0.12345678901234567890123}',
    ])
      assert.match(loss(text) ?? '', /cannot be held/, text);
  });

  it('is taken when all of it is kept', () => {
    for (const text of [
      '9007199254740992',
      '1e23',
      '100000000000000000000',
      '0.10000000000000001',
      '-0',
      '0e5',
      '1.50',
      '{"a:\\"":":","b\\\\":{"a":"1e400, 9007199254740993"}}',
      `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    ])
      assert.equal(loss(text), undefined, text.slice(0, 60));
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        assert.equal(jsonLoss(JSON.stringify(value), value), undefined);
        assert.equal(jsonLoss(JSON.stringify(value, null, 2), value), undefined);
      }),
    );
  });

  it('says which input it was', async () => {
    const fault = await throwsFault(() => parseJson('{"a":1,"a":2}', 'input.json'), 'invalid-json');
    assert.match(fault.message, /input\.json/);
  });

  it('says where a file stops being JSON, and quotes nothing of it', async () => {
    const text = '{"password": "hunter2",\n  oops}';
    const { message } = await throwsFault(() => parseJson(text, 'input.json'), 'invalid-json');
    assert.equal(message, 'not JSON: input.json at line 2 column 3');
  });

  it('takes time in proportion to its length', () => {
    const long = `["${'\\\\'.repeat(1_000_000)}","${'\\"'.repeat(1_000_000)}",${'1,'.repeat(1_000_000)}1]`;
    const value: unknown = JSON.parse(long);
    const start = cpuMs();
    assert.equal(jsonLoss(long, value), undefined);
    assert.ok(cpuMs() - start < 1_000);
  });
});
