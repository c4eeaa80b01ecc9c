import type { Render } from '../desk.ts';
import type { Column, Paper, Piece } from '../text/paper.ts';
import { age, brief, count, moment } from '../text/words.ts';

type Fact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: unknown;
  readonly target: string;
  readonly source: string;
  readonly ageSeconds: number;
  readonly altered?: boolean;
};

export type CoverageRow = {
  readonly target: string;
  readonly source: string | null;
  readonly kind: string;
  readonly status: string;
  readonly ageSeconds: number | null;
  readonly reason: string | null;
};

export type FactsAnswer = {
  readonly facts: readonly Fact[];
  readonly nextCursor: string | null;
  readonly coverage: readonly CoverageRow[];
  readonly candidates?: readonly string[];
  readonly onRecord?: readonly string[];
};

const ENTITY: Column = { head: 'ENTITY', least: 16, once: true };
const ATTRIBUTE: Column = { head: 'ATTRIBUTE', least: 10 };
const VALUE: Column = { head: 'VALUE', least: 12 };

export const renderFacts: Render<FactsAnswer> = (paper, answer, screen) => {
  const { facts, coverage, nextCursor, candidates = [], onRecord = [] } = answer;
  if (facts.length === 0) {
    paper.whole('No facts match.');
    if (onRecord.length > 0)
      paper.whole(
        `Not at that moment, but at another: ${onRecord.join(', ')}. When: holdfast history '${onRecord[0]}'`,
      );
    else if (candidates.length > 0) paper.whole(`Did you mean: ${candidates.join(', ')}`);
    else if (coverage.length > 0 && coverage.every((row) => row.status === 'never'))
      paper.whole('Nothing was observed yet. Next: holdfast observe');
    else paper.whole("Try a wider pattern: holdfast query '*name*', or holdfast describe");
  } else {
    const manyTargets = differs(facts, 'target');
    const manySources = differs(facts, 'source');
    paper.table(
      [
        ENTITY,
        ATTRIBUTE,
        VALUE,
        ...(manyTargets ? [{ head: 'TARGET', least: 8 }] : []),
        ...(manySources ? [{ head: 'SOURCE', least: 8 }] : []),
        { head: 'AGE', align: 'right' },
      ],
      facts.map((fact): Piece[] => [
        fact.entity,
        fact.attribute,
        brief(fact.value) + (fact.altered ? ' (cleaned)' : ''),
        ...(manyTargets ? [fact.target] : []),
        ...(manySources ? [fact.source] : []),
        { text: age(fact.ageSeconds), tone: 'faint' },
      ]),
    );
    const from = manyTargets ? '' : ` of ${facts[0]?.target}`;
    const by = manySources ? '' : `, seen by ${facts[0]?.source}`;
    paper.line({ text: `${count(facts.length, 'fact')}${from}${by}`, tone: 'faint' });
  }
  renderNext(paper, nextCursor, screen.asked);
  renderCoverage(paper, coverage);
};

/** What is not completely known, so that nothing that is absent reads as "not there". */
export function renderCoverage(paper: Paper, coverage: readonly CoverageRow[]): void {
  const short = coverage.filter((row) => row.status !== 'complete');
  if (short.length === 0) return;
  paper.blank();
  paper.line({ text: 'Not fully known:', tone: 'warn' });
  paper.table(
    [
      { head: 'TARGET', least: 8, once: true },
      { head: 'KIND', least: 6 },
      { head: 'STATUS' },
      { head: 'SEEN' },
      { head: 'WHY', least: 16 },
    ],
    short.map((row): Piece[] => [
      row.target,
      row.kind,
      { text: row.status, tone: row.status === 'unreachable' ? 'bad' : 'warn' },
      row.ageSeconds === null ? 'never' : `${age(row.ageSeconds)} ago`.replace('now ago', 'now'),
      why(row),
    ]),
    '  ',
  );
}

/** What is reported one by one is not known to be all there is. */
export function why({ status, reason }: Pick<CoverageRow, 'status' | 'reason'>): string {
  return reason ?? (status === 'partial' ? 'nobody said that what was reported is all' : '');
}

export function renderNext(paper: Paper, cursor: string | null, asked: string): void {
  if (cursor === null) return;
  paper.whole({ text: `There is more: holdfast ${asked} --cursor ${cursor}`, tone: 'faint' });
}

type Version = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: unknown;
  readonly target: string;
  readonly source: string;
  readonly validFrom: string;
  readonly validTo: string | null;
  readonly recordedAt: string;
  readonly supersededAt: string | null;
  readonly actor: string;
  readonly reason: string | null;
};

type HistoryAnswer = {
  readonly versions: readonly Version[];
  readonly nextCursor: string | null;
  readonly candidates?: readonly string[];
};

export const renderHistory: Render<HistoryAnswer> = (paper, answer, screen) => {
  const { versions, nextCursor, candidates = [] } = answer;
  if (versions.length === 0) {
    paper.whole('Nothing was ever recorded of it.');
    paper.whole(
      candidates.length > 0
        ? `Did you mean: ${candidates.join(', ')}`
        : "Look for its name: holdfast query '*name*'",
    );
  }
  for (const stream of streams(versions)) {
    const [first] = stream;
    if (first === undefined) continue;
    paper.blank();
    paper.line(
      { text: `${first.entity}  ${first.attribute}`, tone: 'strong' },
      { text: `  of ${first.target}, seen by ${first.source}`, tone: 'faint' },
    );
    for (const version of stream) writeVersion(paper, version);
  }
  renderNext(paper, nextCursor, screen.asked);
};

/** When it was true and what it was; below, when and by whom it was recorded. */
function writeVersion(paper: Paper, version: Version): void {
  const { validFrom, validTo, value, recordedAt, supersededAt, actor, reason } = version;
  const past = supersededAt !== null;
  // A belief that was given up says nothing of now.
  const open = past ? 'on' : 'now';
  const until = (validTo === null ? open : moment(validTo)).padEnd(20);
  const text = `  ${moment(validFrom)} → ${until}  `;
  paper.line(
    { text, tone: past ? 'faint' : 'plain' },
    { text: brief(value), tone: past ? 'faint' : 'strong' },
  );
  const why = reason === null ? '' : `: ${reason}`;
  const believed = past ? `, believed until ${moment(supersededAt)}` : '';
  paper.line({
    text: `      recorded ${moment(recordedAt)}${believed}, by ${actor}${why}`,
    tone: 'faint',
  });
}

type Difference = {
  readonly entity: string;
  readonly attribute: string;
  readonly target: string;
  readonly before?: unknown;
  readonly after?: unknown;
};

type ComparisonAnswer = {
  readonly added: readonly Difference[];
  readonly removed: readonly Difference[];
  readonly changed: readonly Difference[];
  readonly nextCursor: string | null;
};

export const renderComparison: Render<ComparisonAnswer> = (paper, answer, screen) => {
  const { added, removed, changed, nextCursor } = answer;
  const rows: { row: Difference; sign: Piece }[] = [
    ...added.map((row) => ({ row, sign: { text: '+', tone: 'good' } as const })),
    ...removed.map((row) => ({ row, sign: { text: '-', tone: 'bad' } as const })),
    ...changed.map((row) => ({ row, sign: { text: '~', tone: 'warn' } as const })),
  ].toSorted((a, b) => order(a.row, b.row));
  if (rows.length === 0) {
    paper.whole('Nothing differs between the two moments.');
  } else {
    const manyTargets = differs(
      rows.map(({ row }) => row),
      'target',
    );
    paper.table(
      [
        { head: ' ' },
        ENTITY,
        ATTRIBUTE,
        { head: 'BEFORE', least: 8 },
        { head: 'AFTER', least: 8 },
        ...(manyTargets ? [{ head: 'TARGET', least: 8 }] : []),
      ],
      rows.map(({ row, sign }): Piece[] => [
        sign,
        row.entity,
        row.attribute,
        brief(row.before),
        brief(row.after),
        ...(manyTargets ? [row.target] : []),
      ]),
    );
    paper.line({
      text: `${added.length} added, ${removed.length} removed, ${changed.length} changed${nextCursor === null ? '' : ' on this page'}`,
      tone: 'faint',
    });
  }
  renderNext(paper, nextCursor, screen.asked);
};

type Receipt = {
  readonly observationId: string;
  readonly recordedAt: string;
  readonly written: number;
  readonly unchanged: number;
  readonly superseded: number;
  readonly retired: number;
  readonly altered?: number;
};

export const renderReceipt: Render<Receipt> = (paper, receipt) => {
  paper.whole(`Recorded ${receipt.observationId} at ${moment(receipt.recordedAt)}`);
  paper.line(
    `${receipt.written} written, ${receipt.unchanged} unchanged, ${receipt.superseded} superseded, ${receipt.retired} retired`,
  );
  if (receipt.altered !== undefined && receipt.altered > 0)
    paper.line({ text: `${count(receipt.altered, 'value')} cleaned of secrets`, tone: 'warn' });
};

function differs<Row>(rows: readonly Row[], key: keyof Row): boolean {
  return rows.some((row) => row[key] !== rows[0]?.[key]);
}

function order(a: Difference, b: Difference): number {
  const left = `${a.target}\n${a.entity}\n${a.attribute}`;
  const right = `${b.target}\n${b.entity}\n${b.attribute}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function streams(versions: readonly Version[]): readonly (readonly Version[])[] {
  return [
    ...Map.groupBy(versions, ({ entity, attribute, target, source }) =>
      JSON.stringify([entity, attribute, target, source]),
    ).values(),
  ];
}
