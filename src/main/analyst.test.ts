import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { grammarForHosts } from './analyst.ts';

const OWN = `family: mine
entries:
  - program: my-status
    summary: a status
    forms:
      - class: read
        means: says how it is
        examples: [my-status]
`;

describe('the grammar that hosts are given', () => {
  it('has what ships, and nothing that somebody wrote beside it and no operator signed', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hf-analyst-'));
    try {
      mkdirSync(join(home, 'commands'));
      writeFileSync(join(home, 'commands', 'mine.yaml'), OWN);
      const text = await grammarForHosts(home);
      assert.match(text, /^entry\tmd5sum\t/m);
      assert.doesNotMatch(text, /my-status/);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
