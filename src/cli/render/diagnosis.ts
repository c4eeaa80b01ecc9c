/** What a diagnosis answered, for people: the same lines, with what matters coloured. */
import type { ChangeView } from '#execution';
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { renderChange } from './change.ts';

export const renderDiagnosis: Render<ChangeView> = (paper, change, now) => {
  if (change.output === null) {
    renderChange(paper, change, now);
    return;
  }
  for (const line of change.output.split('\n')) paper.whole(...toned(line));
};

/** Only how a line of ours begins decides; a host's own line stands behind a bar and is never more than faint. */
function toned(line: string): Piece[] {
  if (/^ *\| /.test(line)) return [{ text: line, tone: 'faint' }];
  const [, mark, severity, rest = ''] = /^(- )(critical|warning)( .*)$/.exec(line) ?? [];
  if (mark !== undefined && severity !== undefined)
    return [mark, { text: severity, tone: severity === 'critical' ? 'bad' : 'warn' }, rest];
  if (line.startsWith('Nothing wrong seen')) return [{ text: line, tone: 'good' }];
  if (line.startsWith('# ') || /^[A-Z]/.test(line)) return [{ text: line, tone: 'strong' }];
  return [line];
}
