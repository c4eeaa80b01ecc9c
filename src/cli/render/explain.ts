/** Who caused a finding, and what changed before, for people. */
import type { Render } from '../desk.ts';
import type { Paper, Piece } from '../text/paper.ts';
import { brief, count, moment } from '../text/words.ts';
import { type Way, writeWay } from './converge.ts';

type Trails = readonly { readonly trail: string; readonly status: string }[];

type Explained = {
  readonly finding: {
    readonly entity: string;
    readonly attribute: string;
    readonly kind: string;
    readonly observed: unknown;
    readonly desired: unknown;
  };
  readonly cause: {
    readonly verdict: 'ours-approved' | 'ours-unapproved' | 'known-person' | 'unknown';
    readonly person: string | null;
    readonly change: string | null;
    readonly route: string | null;
    readonly intent: string | null;
    readonly confidence: string;
    readonly notBefore: string | null;
    readonly notAfter: string;
    readonly evidence: readonly {
      readonly at: string;
      readonly source: string;
      readonly says: string;
    }[];
    readonly trails: Trails;
  };
  readonly changedThen: readonly {
    readonly entity: string;
    readonly attribute: string;
    readonly relation: string;
    readonly seenAt: string;
    readonly before?: unknown;
    readonly after?: unknown;
  }[];
  readonly moreChanged: boolean;
  readonly wayBack: {
    readonly ways: readonly Way[];
    readonly says?: string;
  };
  readonly next?: string;
};

const MOST_CHANGED = 12;

export const renderExplained: Render<Explained> = (paper, answer) => {
  const { finding, cause, changedThen, moreChanged, wayBack, next } = answer;
  paper.whole({
    text: finding.attribute === '*' ? finding.entity : `${finding.entity}  ${finding.attribute}`,
    tone: 'strong',
  });
  paper.whole(`  ${finding.kind}: ${brief(finding.desired)} → ${brief(finding.observed)}`);
  paper.whole(
    `  it began ${cause.notBefore === null ? '' : `after ${moment(cause.notBefore)} and `}not after ${moment(cause.notAfter)}`,
  );
  paper.whole('  ', verdictOf(cause));
  if (cause.evidence.length > 0) {
    paper.blank();
    paper.table(
      [{ head: 'WHEN' }, { head: 'SOURCE' }, { head: 'WHAT IT SAYS', least: 30 }],
      cause.evidence.map(({ at, source, says }): Piece[] => [moment(at), source, says]),
      '  ',
    );
  }
  if (changedThen.length > 0) {
    paper.blank();
    paper.line('Changed in the same time, nearest first:');
    paper.table(
      [{ head: 'SEEN' }, { head: 'WHAT', least: 24 }, { head: 'WAS → IS', least: 16 }],
      changedThen
        .slice(0, MOST_CHANGED)
        .map(({ entity, attribute, seenAt, before, after }): Piece[] => [
          moment(seenAt),
          `${entity} ${attribute}`,
          wasIs(before, after),
        ]),
      '  ',
    );
    const more = changedThen.length - MOST_CHANGED;
    if (more > 0 || moreChanged)
      paper.line({
        text: `  and ${more > 0 ? count(more, 'more', 'more') : 'more'}: with --json`,
        tone: 'faint',
      });
  }
  paper.blank();
  if (wayBack.ways.length === 0) paper.whole(`No way back: ${wayBack.says ?? ''}`);
  else {
    paper.line('Ways back, as holdfast drift converge proposes them:');
    for (const way of wayBack.ways) writeWay(paper, way);
  }
  paper.blank();
  writeTrails(paper, cause.trails, next);
};

function verdictOf({
  verdict,
  person,
  change,
  route,
  intent,
  confidence,
}: Explained['cause']): Piece {
  switch (verdict) {
    case 'ours-approved':
      return {
        text: `Our change ${change}, approved by ${person ?? 'nobody known'}${route === null ? '' : ` (${route})`}, ${intent}`,
        tone: 'good',
      };
    case 'ours-unapproved':
      return { text: `By our account ${person}, with no change of ours behind it`, tone: 'bad' };
    case 'known-person':
      return { text: `By ${person} (${confidence})`, tone: 'warn' };
    case 'unknown':
      return {
        text: route === null ? 'Nobody is known to have done it' : `By nobody known: ${route}`,
        tone: 'warn',
      };
  }
}

type Changed = {
  readonly target: string;
  readonly from: string;
  readonly until: string;
  readonly changes: readonly {
    readonly at: string;
    readonly what: 'fact' | 'change' | 'log';
    readonly entity?: string;
    readonly attribute?: string;
    readonly before?: unknown;
    readonly after?: unknown;
    readonly changeId?: string;
    readonly action?: string;
    readonly approvedBy?: readonly string[];
    readonly source?: string;
    readonly says?: string;
  }[];
  readonly more: boolean;
  readonly trails: Trails;
  readonly next?: string;
};

export const renderChanged: Render<Changed> = (paper, answer) => {
  const { target, from, until, changes, more, trails, next } = answer;
  if (changes.length === 0)
    paper.whole(
      `Nothing is known to have changed on ${target} from ${moment(from)} to ${moment(until)}.`,
    );
  else
    paper.table(
      [{ head: 'WHEN' }, { head: 'WHAT' }, { head: 'CHANGED', least: 40 }],
      changes.map((row): Piece[] => [moment(row.at), row.source ?? row.what, saysOf(row)]),
    );
  if (more)
    paper.line({
      text: 'There was more: ask for a shorter --window, or one entity',
      tone: 'faint',
    });
  paper.blank();
  writeTrails(paper, trails, next);
};

function saysOf(row: Changed['changes'][number]): string {
  switch (row.what) {
    case 'fact':
      return `${row.entity} ${row.attribute}  ${wasIs(row.before, row.after)}`;
    case 'change':
      return `${row.changeId} ${row.action}, approved by ${row.approvedBy?.join(', ') ?? ''}`;
    case 'log':
      return row.says ?? '';
  }
}

function wasIs(before: unknown, after: unknown): string {
  return `${before === undefined ? 'nothing' : brief(before)} → ${after === undefined ? 'nothing' : brief(after)}`;
}

/** What could not be read is said, or an empty answer would look like a clean one. */
function writeTrails(paper: Paper, trails: Trails, next: string | undefined): void {
  const told = trails.map(({ trail, status }) => `${trail} ${status}`);
  if (told.length > 0) paper.whole({ text: `Audit trails: ${told.join(', ')}`, tone: 'faint' });
  if (next !== undefined) paper.whole({ text: `Next: ${next}`, tone: 'faint' });
}
