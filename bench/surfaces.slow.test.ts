import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { SIZES } from './sizes.ts';
import { surfaceRows } from './surfaces.ts';

it('measures the real programs over both eras and both transports', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-test-'));
  try {
    const rows = await surfaceRows({
      sizes: SIZES.tiny,
      directory,
      wants: () => true,
      say: () => {},
    });
    assert.deepEqual([...new Set(rows.map(({ id }) => id))], ['F3', 'F4', 'M1']);
    for (const { what, ours } of rows) assert.ok(Number.isFinite(ours) && ours > 0, what);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
