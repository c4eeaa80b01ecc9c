import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { throwsFault } from '#test/throws-fault';
import { aboutTarget, aTarget } from '../samples.ts';
import { acceptInFile } from './accept.ts';
import { gitMaker } from './index.ts';

const TEXT = `version: 1
for: all
# who serves
expect:
  - title: nginx   # the web server
    service:
      nginx.service: { state.active: active, state.enabled: enabled }  # both
      other.service:
        state.active:
          one-of: [active, inactive]
        # a comment that stays
        state.enabled: disabled
    package: {vim: present, nano: absent}
  - facts:
      - { kind: quota, name: home, attribute: bytes, is: { at-most: 5 } }   # quota
  - host: { hostname: "\${target.name}" }
`;
const file = { file: 'a.yaml', text: TEXT };

function edited(
  entity: string,
  attribute: string,
  line: number,
  becomes: Parameters<typeof acceptInFile>[2]['becomes'],
): string {
  const after = acceptInFile(file, aTarget(), { entity, attribute, line, becomes }).split('\n');
  const before = TEXT.split('\n');
  const moved = after.filter((each) => !before.includes(each));
  const kept = before.filter((each) => after.includes(each));
  assert.ok(kept.length >= before.length - 2, 'more than one value moved');
  return moved.join('\n');
}

describe('accepting what is observed', () => {
  it('writes one value anew and leaves every other byte', () => {
    assert.equal(
      edited('service:web-1/nginx.service', 'state.active', 7, { value: 'inactive' }),
      '      nginx.service: { state.active: inactive, state.enabled: enabled }  # both',
    );
    assert.equal(
      edited('service:web-1/other.service', 'state.active', 9, { value: 'failed' }).trim(),
      'failed',
    );
    assert.equal(
      edited('quota:web-1/home', 'bytes', 15, { value: 7 }),
      '      - { kind: quota, name: home, attribute: bytes, is: 7 }   # quota',
    );
    assert.equal(
      edited('package:web-1/vim', '*', 13, 'absent'),
      '    package: {vim: absent, nano: absent}',
    );
    assert.equal(
      edited('service:web-1/nginx.service', 'state.enabled', 7, 'absent'),
      '      nginx.service: { state.active: active, state.enabled: {absent: true} }  # both',
    );
  });

  it('refuses what is no one value of that file', async () => {
    const accept = (entity: string, line: number) => () =>
      acceptInFile(file, aTarget(), { entity, attribute: 'hostname', line, becomes: 'absent' });
    await throwsFault(accept('host:web-2', 16), 'proposal-refused');
    await throwsFault(accept('host:web-1', 3), 'proposal-refused');
    await throwsFault(accept('host:web-1', 16), 'proposal-refused');
  });

  it('declares exactly what was observed, whatever that was', () => {
    const value = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        'true',
        'null',
        '1',
        '',
        ' ',
        '#x',
        'a: b',
        '- a',
        "'",
        '${a}',
        '$${',
        '\u2028',
      ),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }),
      fc.record({ ref: fc.string({ minLength: 1, maxLength: 9 }) }, { noNullPrototype: true }),
    );
    fc.assert(
      fc.property(value, (observed) => {
        const entity = 'quota:web-1/home';
        const text = acceptInFile(file, aTarget(), {
          entity,
          attribute: 'bytes',
          line: 15,
          becomes: { value: observed },
        });
        const read = gitMaker.read([{ file: 'a.yaml', text }]);
        const made = gitMaker.compile(read, { name: 's', at: 'd:1' }, aboutTarget());
        const found = made.expectations.find((each) => each.entity === entity);
        assert.deepEqual(found?.test, { op: 'equals', value: observed });
      }),
      { numRuns: 100 },
    );
  });
});
