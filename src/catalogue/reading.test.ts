/** Looks of shipped actions go through the unprivileged reader of a host: the grammar has to let each of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseActions, SHIPPED_FILES, type TemplatePiece } from '#catalogue';
import { shippedJudge } from '#test/commands';

const judge = shippedJudge();
const VALUES: Readonly<Record<string, string>> = { root: '/tmp', path: '/etc/motd', minutes: '5' };

function spelt(piece: TemplatePiece): string {
  if ('literal' in piece) return piece.literal;
  if ('argument' in piece) return VALUES[piece.argument] ?? '1';
  return 'context' in piece && piece.context === 'backup' ? '/var/lib/holdfast/chg' : 'x1';
}

describe('every preview, probe and T0 step of a shipped action', () => {
  const actions = SHIPPED_FILES.flatMap((file) =>
    parseActions(readFileSync(join('src/catalogue/actions', file), 'utf8'), file, true),
  );

  it('only reads, so that it can be asked of any host', () => {
    let looks = 0;
    for (const action of actions) {
      if (action.kind !== 'action') continue;
      const steps = action.tier === 'T0' ? action.steps : [];
      for (const { argv } of [...action.preview, ...action.verify.probes, ...steps]) {
        const words = argv.map((word) => ('file' in word ? '/x' : word.map(spelt).join('')));
        const { because, ...told } = judge.judge(words);
        assert.equal(told.class, 'read', `${action.id}: ${words.join(' ')}: ${because}`);
        looks += 1;
      }
    }
    assert.ok(looks > 20, `${looks} looks`);
  });
});
