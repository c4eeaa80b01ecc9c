/** A change that goes from batch to batch, and what an undo would meet, for people. */
import type { ChangeView, RolloutTargetState, UndoLook } from '#execution';
import type { Render } from '../desk.ts';
import type { Paper, Piece, Tone } from '../text/paper.ts';
import { moment } from '../text/words.ts';

const TONE: Readonly<Record<RolloutTargetState, Tone>> = {
  waiting: 'faint',
  running: 'warn',
  held: 'good',
  failed: 'bad',
  untouched: 'faint',
};

export function batches(paper: Paper, { rollout }: ChangeView): void {
  if (rollout === null) return;
  for (const [i, { state, targets }] of rollout.batches.entries()) {
    paper.whole(
      { text: i === 0 ? 'batches   ' : '          ', tone: 'faint' },
      `${i + 1}. `,
      { text: state, tone: TONE[state] },
      `  ${targets.map(({ target }) => target).join(' ')}`,
    );
    for (const one of targets) {
      if (one.state !== 'failed') continue;
      paper.whole(
        '             ',
        { text: `${one.target} failed`, tone: 'bad' },
        `${one.code === null ? '' : ` (${one.code})`}: ${one.says ?? ''}`,
      );
    }
  }
  const { paused } = rollout;
  if (paused === null) return;
  paper.whole(
    { text: 'PAUSED    ', tone: 'bad' },
    `${moment(paused.at)}  by ${paused.by} (${paused.code}): ${paused.why}`,
  );
}

export function nextOfRollout({ changeId: id, rollout }: ChangeView): readonly string[] {
  if (rollout?.paused == null) {
    return [
      `holdfast changes ${id}   it goes on by itself`,
      `holdfast rollout pause ${id} --reason '…'   begins no further batch`,
    ];
  }
  return [
    `holdfast rollout resume ${id} --reason '…'   lets it go on: what failed so far is forgiven`,
    `holdfast rollout end ${id} --reason '…'   ends it; what did not begin never will`,
  ];
}

export const renderUndoLook: Render<UndoLook> = (paper, { changeId, compared, moved, unmoved }) => {
  if (compared.length > 0) {
    paper.table(
      [
        { head: 'TARGET', least: 8 },
        { head: 'WHAT', least: 12 },
        { head: 'BEFORE', least: 8 },
        { head: 'THE CHANGE MADE', least: 8 },
        { head: 'IS NOW', least: 8 },
      ],
      compared.map((each): Piece[] => [
        each.target,
        each.what,
        each.before,
        each.made,
        { text: each.now, tone: each.moved ? 'bad' : 'plain' },
      ]),
    );
  }
  if (moved.length === 0) {
    paper.whole('All is as the change left it.');
    paper.whole({ text: 'Next: ', tone: 'strong' }, `holdfast undo ${changeId} --reason '…'`);
    return;
  }
  paper.whole({ text: 'Moved since: ', tone: 'bad' }, moved.join(' '));
  paper.whole(
    { text: 'Next: ', tone: 'strong' },
    unmoved.length === 0
      ? 'look at who changed it, and propose what fits'
      : `holdfast undo ${changeId} --only ${unmoved.join(',')} --reason '…'   takes back the rest`,
  );
};
