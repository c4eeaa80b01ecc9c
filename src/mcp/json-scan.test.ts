import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { JsonScan } from './json-scan.ts';
import { readMessage } from './read-message.ts';

function scan(text: string, pieces: readonly number[] = []): JsonScan {
  const found = new JsonScan();
  let rest: Uint8Array = Buffer.from(text);
  for (const length of pieces) {
    found.feed(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  found.feed(rest);
  return found;
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe('a scan of JSON', () => {
  it('agrees with the parser on depth and id, however the bytes arrive', () => {
    const id = fc.oneof(fc.integer(), fc.string(), fc.constant('"id":1,{['));
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
        fc.option(id, { nil: undefined }),
        fc.array(fc.nat({ max: 9 })),
        fc.boolean(),
        fc.constantFrom(undefined, 2),
        (members, given, pieces, first, indent) => {
          const { id: _own, ...others } = members as Record<string, unknown>;
          const message = {
            ...(first && given !== undefined ? { id: given } : {}),
            ...others,
            ...(!first && given !== undefined ? { id: given } : {}),
          };
          const found = scan(JSON.stringify(message, undefined, indent), pieces);
          assert.equal(found.deepest, depthOf(message));
          assert.equal(found.id, given ?? null);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes no id from deeper inside, from a batch, or from what is no id', () => {
    assert.equal(scan('{"params":{"id":1},"x":["id",{"id":2}]}').id, null);
    assert.equal(scan('[{"id":1}]').id, null);
    for (const odd of ['{}', '[1]', 'null', 'true', '1e999'])
      assert.equal(scan(`{"id":${odd}}`).id, null, odd);
    assert.equal(scan('{"x":"id","id":7').id, null);
  });
});

describe('reading a message', () => {
  it('takes a value of sixty-four levels and refuses what nothing could keep', () => {
    const nested = (depth: number): string =>
      `{"id":3,"params":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    assert.equal(readMessage(Buffer.from(nested(70))).ok, true);
    const refused = readMessage(Buffer.from(nested(5_000_000)));
    assert.deepEqual(refused.ok ? undefined : [refused.error.id, refused.error.code], [3, -32_600]);
  });
});
