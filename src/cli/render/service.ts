import type { Render } from '../desk.ts';
import type { ServiceAction } from '../program.ts';
import type { Piece } from '../text/paper.ts';
import { brief, count, moment } from '../text/words.ts';
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
    if (screen.asked.includes('--operation'))
      paper.whole('Operations are named as in the OPERATION column of: holdfast events');
    return;
  }
  paper.table(
    [
      { head: 'SEQ', align: 'right' },
      { head: 'TIME', whole: true },
      { head: 'WHO', least: 10 },
      { head: 'OPERATION', least: 12 },
      { head: 'TARGETS', least: 8 },
      { head: 'OUTCOME', least: 10 },
    ],
    events.map((event): Piece[] => [
      String(event.seq),
      moment(event.time),
      event.principal,
      event.kind === 'operation' || event.kind === event.operation
        ? event.operation
        : `${event.kind} ${event.operation}`.trim(),
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
    /** What to do when it is not ok. */
    readonly mend?: string;
    /** What to do although it is. */
    readonly next?: string;
  }[];
};

type Verdict = {
  readonly ok: boolean;
  readonly log: {
    readonly verdict: string;
    readonly size: number;
    readonly root: string;
    readonly firstBadRecord: number | null;
    readonly problems: readonly {
      readonly code: string;
      readonly seq: number | null;
      readonly file: string;
      readonly what: string;
    }[];
    readonly more: boolean;
    readonly checkpoints: number;
    readonly anchored: string;
    readonly undecided: readonly string[];
    readonly notes: readonly string[];
  };
  readonly facts: { readonly ok: boolean; readonly problems: readonly string[] };
};

type Problem = Verdict['log']['problems'][number];

/** One broken record makes every later checkpoint hang in the air: said once, not once for each. */
function folded(problems: readonly Problem[]): readonly { problem: Problem; alike: number }[] {
  const groups = Map.groupBy(problems, ({ seq, code, file }) => JSON.stringify([seq, code, file]));
  return [...groups.values()].flatMap(([problem, ...rest]) =>
    problem === undefined ? [] : [{ problem, alike: rest.length }],
  );
}

/** What the service says when it verified; anything else is not a verdict and shows as it is. */
export const renderVerdict: Render<Verdict> = (paper, answer) => {
  const { log, facts } = answer;
  const undecided = log.verdict === 'cannot decide' && facts.ok;
  paper.whole(
    answer.ok
      ? { text: 'Verified: what is checked holds.', tone: 'good' }
      : undecided
        ? { text: 'CANNOT DECIDE', tone: 'warn' }
        : { text: 'NOT VERIFIED', tone: 'bad' },
  );
  paper.line(
    `event log  ${log.verdict}: ${count(log.size, 'event')}, ${count(log.checkpoints, 'checkpoint')}`,
  );
  if (log.firstBadRecord !== null)
    paper.line({ text: `           first bad record: ${log.firstBadRecord}`, tone: 'bad' });
  if (log.problems.length > 0) {
    paper.table(
      [
        { head: 'RECORD', align: 'right' },
        { head: 'PROBLEM' },
        { head: 'FILE', least: 8 },
        { head: 'WHAT', least: 20 },
      ],
      folded(log.problems).map(({ problem, alike }): Piece[] => [
        problem.seq === null ? '' : String(problem.seq),
        { text: problem.code, tone: 'bad' },
        problem.file,
        alike === 0 ? problem.what : `${problem.what}, and ${alike} more like this`,
      ]),
      '           ',
    );
    if (log.more) paper.line('           and more');
  }
  for (const question of log.undecided)
    paper.whole({ text: `           undecided: ${question}`, tone: 'warn' });
  for (const note of log.notes) paper.whole({ text: `           ${note}`, tone: 'faint' });
  paper.whole({ text: `           anchored ${log.anchored}; root ${log.root}`, tone: 'faint' });
  paper.whole(
    facts.ok
      ? 'facts      hold: each observation is what its event says was kept'
      : 'facts      do not hold',
  );
  for (const problem of facts.problems) paper.whole({ text: `           ${problem}`, tone: 'bad' });
};

/** A copy of a data directory is worth what its verdict says. */
export function renderCopy(done: string, place: 'path' | 'home'): Render<CheckAnswer> {
  return (paper, answer, screen) => {
    const copy = answer as Partial<Verdict> & {
      readonly path?: string;
      readonly home?: string;
      readonly says?: readonly string[];
      readonly next?: string;
    };
    if (copy.log === undefined || copy.facts === undefined) {
      renderAnything(paper, answer, screen);
      return;
    }
    paper.whole({ text: done, tone: copy.ok ? 'good' : 'bad' }, ` ${copy[place] ?? ''}`);
    for (const line of copy.says ?? []) paper.whole('  ', line);
    renderVerdict(paper, { ok: copy.ok === true, log: copy.log, facts: copy.facts }, screen);
    if (copy.next !== undefined) paper.whole({ text: 'Next: ', tone: 'strong' }, copy.next);
  };
}

export type ServiceAnswer = {
  readonly unit?: string;
  readonly installed?: boolean;
  readonly running?: boolean;
  readonly upToDate?: boolean;
  readonly note?: string;
};

export function renderService(action: ServiceAction): Render<ServiceAnswer> {
  return (paper, answer) => {
    const { unit = '', installed, running, upToDate, note = '' } = answer;
    const runs = running === true;
    const tone = runs ? 'good' : 'warn';
    switch (action) {
      case 'install':
        paper.whole({ text: runs ? 'Installed and running' : 'Written, and NOT running', tone });
        break;
      case 'uninstall':
        paper.whole('Removed; data stays');
        break;
      case 'status':
        paper.whole({
          text: installed !== true ? 'Not installed' : runs ? 'Running' : 'Installed, NOT running',
          tone,
        });
        if (installed === true && upToDate === false)
          paper.whole(
            'The unit is not that of this checkout and data directory. Next: holdfast service install',
          );
        break;
    }
    paper.whole({ text: `  unit ${unit}`, tone: 'faint' });
    paper.whole({ text: `  ${note}`, tone: 'faint' });
    if (action === 'install' && !runs)
      paper.whole(
        'Without systemd, keep `holdfast up` running under what supervises programs there.',
      );
  };
}

export const renderChecks: Render<CheckAnswer> = (paper, answer, screen) => {
  const { checks, ok, ...rest } = answer;
  if (checks !== undefined) {
    for (const check of checks) {
      paper.whole(
        { text: check.ok ? 'ok    ' : 'MEND  ', tone: check.ok ? 'good' : 'bad' },
        `${check.name}${check.says === undefined ? '' : `: ${brief(check.says)}`}`,
      );
      const todo = check.ok ? check.next : check.mend;
      if (todo !== undefined) paper.whole(`      ${check.ok ? 'next: ' : ''}${todo}`);
    }
  }
  if (Object.keys(rest).length > 0) renderAnything(paper, rest, screen);
  if (ok !== undefined) paper.whole(ok ? 'All is well.' : 'Something needs mending.');
};
