import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { layoutOf } from './layout.ts';

const NONE = { unreachable: 0, never: 0, stale: 0, odd: 0, partial: 0, healthy: 0 };

it('puts a heading before each group and finds every row again', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, (targets) => {
      const groups = targets.map((count, n) => ({ group: `g${n}`, targets: count, states: NONE }));
      const rows = targets.reduce((sum, count) => sum + count, 0);
      const layout = layoutOf(rows, groups);
      const written = targets.flatMap((count, n) => [
        `g${n}`,
        ...Array<string>(count).fill(`of g${n}`),
      ]);
      assert.equal(layout.count, written.length);
      const told = written.map((_, place) => layout.at(place));
      let row = 0;
      for (const [place, word] of written.entries()) {
        const at = told[place];
        if (at?.kind === 'group') assert.equal(at.group.group, word);
        else {
          assert.equal(at?.row, row);
          assert.equal(layout.placeOf(row), place);
          row += 1;
        }
      }
    }),
  );
  assert.deepEqual(layoutOf(3, []).at(2), { kind: 'row', row: 2 });
});
