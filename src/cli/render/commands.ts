/** What a command would do, and the commands that are known, for people. */
import type { Json } from '#base/json';
import type { CommandAnalysis, Family, FoundCommand } from '#commands';
import type { Render } from '../desk.ts';
import type { Piece, Tone } from '../text/paper.ts';
import { renderAnything } from './anything.ts';
import { shownWord } from './change.ts';

const TONES: Readonly<Record<CommandAnalysis['verdict'], Tone>> = {
  allow: 'good',
  'needs-approval': 'warn',
  deny: 'bad',
};
const SAYS: Readonly<Record<CommandAnalysis['verdict'], string>> = {
  allow: 'only reads, and runs',
  'needs-approval': 'waits for a person',
  deny: 'is refused',
};

export const renderAnalysis: Render<CommandAnalysis> = (paper, analysis) => {
  const { verdict, tier, label, because, normalForm, parts, safer, similar } = analysis;
  paper.whole({ text: SAYS[verdict], tone: TONES[verdict] }, ` · ${tier} · ${label}`);
  paper.whole({ text: 'because: ', tone: 'faint' }, because);
  if (normalForm !== null)
    paper.whole({ text: 'runs as: ', tone: 'faint' }, normalForm.map(shownWord).join(' '));
  if (parts.length > 0)
    paper.table(
      [
        { head: 'WORD', whole: true },
        { head: 'WHAT IT DOES', least: 16 },
      ],
      parts.map(({ word, means }): Piece[] => [shownWord(word), means]),
    );
  for (const advice of safer) paper.whole({ text: 'instead: ', tone: 'faint' }, advice);
  for (const example of similar) paper.whole({ text: 'reads: ', tone: 'faint' }, example);
};

export const renderFamilies: Render<readonly Family[]> = (paper, families) => {
  paper.table(
    [
      { head: 'FAMILY', whole: true },
      { head: 'PROGRAMS' },
      { head: 'READING FORMS' },
      { head: 'NAMES', least: 16 },
    ],
    families.map(({ name, programs, reading }): Piece[] => [
      name,
      String(programs.length),
      String(reading),
      programs.join(' '),
    ]),
  );
};

export const renderFound: Render<readonly FoundCommand[]> = (paper, found) => {
  if (found.length === 0) {
    paper.whole('No command fits. Next: holdfast catalogue list');
    return;
  }
  paper.table(
    [
      { head: 'PROGRAM', whole: true },
      { head: 'FAMILY' },
      { head: 'WHAT IT DOES', least: 16 },
      { head: 'EXAMPLE', least: 16 },
    ],
    found.map(({ program, family, summary, examples }): Piece[] => [
      program,
      family,
      summary,
      examples[0] ?? '',
    ]),
  );
};

export const renderEntry: Render<Json> = renderAnything;
