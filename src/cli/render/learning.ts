/** Refused commands and suggestions, for people. Samples are what others wrote. */
import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { renderAnything } from './anything.ts';

type Suggestion = {
  readonly id: string;
  readonly state: string;
  readonly command?: string;
  readonly count: number | null;
  readonly sessions?: number;
  readonly lastAt?: string;
  readonly trouble: string | null;
};
type Suggestions = { readonly suggestions: readonly Suggestion[]; readonly next: string };

export const renderSuggestions: Render<Suggestions> = (paper, { suggestions, next }) => {
  if (suggestions.length > 0)
    paper.table(
      [
        { head: 'ID', whole: true },
        { head: 'STATE' },
        { head: 'REFUSED' },
        { head: 'SESSIONS' },
        { head: 'COMMAND', least: 16 },
      ],
      suggestions.map(({ id, state, command, count, sessions }): Piece[] => [
        id,
        state,
        count === null ? '' : String(count),
        sessions === undefined ? '' : String(sessions),
        command ?? '',
      ]),
    );
  for (const { id, trouble } of suggestions)
    if (trouble !== null) paper.whole({ text: `${id}: `, tone: 'bad' }, trouble);
  paper.whole({ text: 'next: ', tone: 'faint' }, next);
};

type Statistics = {
  readonly total: number;
  readonly since: string | null;
  readonly top: readonly {
    readonly id: string;
    readonly command: string;
    readonly code: string;
    readonly count: number;
    readonly sessions: number;
    readonly noDraft: string | null;
  }[];
};

export const renderStatistics: Render<Statistics> = (paper, { top, ...sums }, screen) => {
  renderAnything(paper, sums, screen);
  if (top.length === 0) return;
  paper.blank();
  paper.table(
    [
      { head: 'REFUSED' },
      { head: 'SESSIONS' },
      { head: 'WHY' },
      { head: 'COMMAND', least: 16 },
      { head: 'NO ENTRY BECAUSE', least: 16 },
    ],
    top.map(({ command, code, count, sessions, noDraft }): Piece[] => [
      String(count),
      String(sessions),
      code,
      command,
      noDraft ?? '',
    ]),
  );
};

type Step = {
  readonly id: string;
  readonly state: string;
  readonly path: string;
  readonly says: string | null;
  readonly next: string;
};

export const renderStep: Render<Step> = (paper, { id, state, path, says, next }) => {
  paper.whole(
    `${id} is `,
    { text: state === 'active' ? 'adopted' : state, tone: 'good' },
    ` · ${path}`,
  );
  if (says !== null) paper.whole({ text: 'mind: ', tone: 'warn' }, says);
  paper.whole({ text: 'next: ', tone: 'faint' }, next);
};
