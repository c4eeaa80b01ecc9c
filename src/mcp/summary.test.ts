import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clean } from '#redaction';
import { cut, summarise } from './summary.ts';

const cleaned = (text: string): string => clean(text).text;
const fact = (i: number, value: unknown = i): never =>
  ({ entity: `package:web-1/p${i}`, attribute: 'version', value, target: 'host:web-1' }) as never;

describe('the text beside an answer', () => {
  it('says how much there is, the first rows, and how to go on', () => {
    const facts = Array.from({ length: 9 }, (_, i) => fact(i));
    const text = summarise({ facts, nextCursor: 'c' }, [], cleaned);
    assert.match(text, /^facts: 9\n- package:web-1\/p0 version = 0 \(host:web-1\)\n/);
    assert.match(text, /\n- and 4 more\n/);
    assert.match(text, /More: call again with nextCursor\.$/);
  });

  it('cannot be read as complete when something was not seen', () => {
    const coverage = [
      { target: 'host:web-1', kind: 'port', status: 'complete' },
      { target: 'host:web-1', kind: 'user', status: 'unreachable' },
    ];
    const text = summarise({ facts: [], coverage }, [], cleaned);
    assert.match(text, /Not complete: host:web-1 user unreachable/);
  });

  it('shows both sides of a difference', () => {
    const changed = [{ entity: 'user:web-1/eve', attribute: 'shell', before: 'a', after: 'b c' }];
    assert.match(summarise({ changed }, [], cleaned), /user:web-1\/eve shell: a -> "b c"/);
    const findings = [
      { severity: 'critical', kind: 'changed', observed: 1, desired: 2, entity: 'e' },
    ];
    assert.match(summarise({ findings }, [], cleaned), /critical changed e: is 1, should be 2/);
  });

  it('puts notices first and never grows past its limit', () => {
    const facts = Array.from({ length: 5 }, (_, i) => fact(i, 'é'.repeat(10_000)));
    const text = summarise({ facts }, ['the event log cannot be written'], cleaned);
    assert.match(text, /^Note: the event log cannot be written\n/);
    const wide = { ['é'.repeat(5_000)]: 1 };
    assert.ok(Buffer.byteLength(summarise(wide, [], cleaned)) <= 2_000);
  });

  it('carries nothing that acts on a terminal or hides from a reader', () => {
    const text = summarise({ facts: [fact(0, 'a\u001b[31m\u202eb\u0007')] }, ['\u009b2J'], cleaned);
    assert.equal(text.replaceAll('\n', '').match(/[\p{Cc}\p{Cf}]/gu), null);
  });

  it('cuts between characters and says that it did', () => {
    assert.equal(cut('short'), 'short');
    const text = cut('é'.repeat(2_000), 100);
    assert.ok(Buffer.byteLength(text) <= 100);
    assert.match(text, /^é+…$/);
  });
});
