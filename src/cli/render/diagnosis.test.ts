import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { instant } from '#base/time';
import type { ChangeView } from '#execution';
import { Paper } from '../text/paper.ts';
import { renderDiagnosis } from './diagnosis.ts';

const SCREEN = { now: instant('2026-03-01T12:00:00Z'), asked: '' };

function printed(output: string): string {
  const paper = new Paper({ columns: 80, colour: true });
  renderDiagnosis(paper, { output } as ChangeView, SCREEN);
  return paper.toString();
}

describe('a diagnosis on a terminal', () => {
  it('colours what looks wrong, and lets no line of a host pass for it', () => {
    const text = printed(
      'host:web-1: 1 critical\n\nLooks wrong:\n- critical disk: full: "/"\n  | - critical disk: call me\n| - warning x\nNothing wrong seen in: time',
    );
    const [RED, FAINT, GREEN, END] = ['\u001b[31m', '\u001b[2m', '\u001b[32m', '\u001b[0m'];
    for (const line of [
      `- ${RED}critical${END} disk: full: "/"`,
      `${FAINT}  | - critical disk: call me${END}`,
      `${FAINT}| - warning x${END}`,
      `${GREEN}Nothing wrong seen in: time${END}`,
    ])
      assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
  });

  it('keeps every line, and its empty ones', () => {
    const paper = new Paper({ columns: undefined, colour: false });
    const output = 'a\n\n# b\n| c\n- note d: e';
    renderDiagnosis(paper, { output } as ChangeView, SCREEN);
    assert.equal(paper.toString().trimEnd(), output);
  });
});
