import type { Render } from '../desk.ts';
import type { Piece } from '../text/paper.ts';
import { brief, moment } from '../text/words.ts';
import { renderAnything } from './anything.ts';

type Event = {
  readonly seq: number;
  readonly time: string;
  readonly kind: string;
  readonly principal: string;
  readonly operation: string;
  readonly targets: readonly string[];
  readonly outcome: string;
  readonly fault: string | null;
};

type EventsAnswer = { readonly events: readonly Event[]; readonly next: number | null };

export const renderEvents: Render<EventsAnswer> = (paper, { events, next }, screen) => {
  if (events.length === 0) {
    paper.whole('No events match.');
    return;
  }
  paper.table(
    [
      { head: 'SEQ', align: 'right' },
      { head: 'TIME' },
      { head: 'WHO', least: 10 },
      { head: 'OPERATION', least: 12 },
      { head: 'TARGETS', least: 8 },
      { head: 'OUTCOME', least: 10 },
    ],
    events.map((event): Piece[] => [
      String(event.seq),
      moment(event.time),
      event.principal,
      event.kind === 'operation' ? event.operation : `${event.kind} ${event.operation}`.trim(),
      event.targets.join(' '),
      {
        text: event.fault === null ? event.outcome : `${event.outcome} ${event.fault}`,
        tone: event.outcome === 'refused' ? 'warn' : event.outcome === 'failed' ? 'bad' : 'plain',
      },
    ]),
  );
  if (next !== null)
    paper.whole({
      text: `There is more: holdfast ${screen.asked} --before ${next}`,
      tone: 'faint',
    });
};

/** What `verify`, `backup`, `restore` and `doctor` say; `ok` decides the exit code. */
export type CheckAnswer = {
  readonly ok?: boolean;
  readonly checks?: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly says?: string;
    readonly mend?: string;
  }[];
};

export const renderVerdict: Render<CheckAnswer> = (paper, answer, screen) => {
  paper.whole(
    answer.ok === true
      ? { text: 'Verified: everything holds.', tone: 'good' }
      : { text: 'NOT VERIFIED', tone: 'bad' },
  );
  const { ok: _, ...rest } = answer;
  renderAnything(paper, rest, screen);
};

export const renderChecks: Render<CheckAnswer> = (paper, answer, screen) => {
  const { checks, ok, ...rest } = answer;
  if (checks !== undefined) {
    for (const check of checks) {
      paper.whole(
        { text: check.ok ? 'ok    ' : 'MEND  ', tone: check.ok ? 'good' : 'bad' },
        `${check.name}${check.says === undefined ? '' : `: ${brief(check.says)}`}`,
      );
      if (!check.ok && check.mend !== undefined) paper.whole(`      ${check.mend}`);
    }
  }
  if (Object.keys(rest).length > 0) renderAnything(paper, rest, screen);
  if (ok !== undefined) paper.whole(ok ? 'All is well.' : 'Something needs mending.');
};
