import type { Render } from '../desk.ts';
import type { Paper, Piece, Tone } from '../text/paper.ts';
import { age, brief, count, moment } from '../text/words.ts';
import { renderAnything } from './anything.ts';
import { type CoverageRow, renderCoverage } from './facts.ts';

type Finding = {
  readonly id: string;
  readonly target: string;
  readonly baseline?: string;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: 'missing' | 'unexpected' | 'changed' | 'unknown';
  readonly severity: 'info' | 'warning' | 'critical';
  readonly observed: unknown;
  readonly desired: unknown;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly status: 'open' | 'waived' | 'ignored' | 'resolved';
};

export type DriftAnswer = {
  readonly findings: readonly Finding[];
  readonly coverage: readonly CoverageRow[];
  /** Targets without a baseline, when the service tells. */
  readonly baselines?: readonly unknown[];
};

const SEVERITIES = ['critical', 'warning', 'info'] as const;
const TONES = { critical: 'bad', warning: 'warn', info: 'plain' } as const satisfies Record<
  Finding['severity'],
  Tone
>;
const MOST_ATTRIBUTES = 8;

export function renderDrift(
  paper: Paper,
  answer: DriftAnswer,
  screen: { readonly now: number },
  all: boolean,
): void {
  const listed = all
    ? answer.findings
    : answer.findings.filter((finding) => finding.status === 'open');
  if (answer.baselines?.length === 0) {
    paper.whole('There is no baseline to compare with. Next: holdfast baseline bless');
  } else if (listed.length === 0) {
    paper.whole({ text: 'No drift: ', tone: 'good' }, 'what was seen is as the baseline says.');
    if (answer.baselines === undefined)
      paper.whole({
        text: 'Only blessed targets are compared: holdfast baseline list',
        tone: 'faint',
      });
  }
  for (const [target, findings] of Map.groupBy(listed, (finding) => finding.target)) {
    paper.blank();
    paper.line({ text: target, tone: 'strong' }, `  ${tally(findings)}`);
    for (const finding of findings.toSorted(bySeverity)) {
      paper.blank();
      writeFinding(paper, finding, screen.now);
    }
  }
  const hidden = answer.findings.length - listed.length;
  if (hidden > 0) {
    paper.blank();
    paper.whole({
      text: `${count(hidden, 'finding')} waived, ignored or resolved: holdfast drift --all`,
      tone: 'faint',
    });
  }
  renderCoverage(paper, answer.coverage);
}

function tally(findings: readonly Finding[]): string {
  const parts = SEVERITIES.map((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? '' : `${number} ${severity}`;
  }).filter((part) => part !== '');
  return `${count(findings.length, 'finding')} (${parts.join(', ')})`;
}

function bySeverity(a: Finding, b: Finding): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (a.entity < b.entity ? -1 : a.entity > b.entity ? 1 : 0)
  );
}

function writeFinding(paper: Paper, finding: Finding, now: number): void {
  const { entity, attribute, kind, severity, status, id } = finding;
  paper.line('  ', { text: severity.padEnd(8), tone: TONES[severity] }, `  ${kind.padEnd(10)}  `, {
    text: attribute === '*' ? entity : `${entity}  ${attribute}`,
    tone: 'strong',
  });
  for (const line of change(finding)) paper.line('            ', ...line);
  const first = since(finding.firstSeen, now);
  const last = since(finding.lastSeen, now);
  paper.line({
    text: `            ${status}, first seen ${first}, last ${last}, ${id}`,
    tone: 'faint',
  });
}

/** Before → after; a whole entity attribute by attribute. */
function change({ kind, attribute, observed, desired }: Finding): readonly (readonly Piece[])[] {
  switch (kind) {
    case 'changed':
      return [[brief(desired), ' → ', brief(observed)]];
    case 'missing':
      return attribute === '*' ? whole('-', 'bad', desired) : [[brief(desired), ' → nothing']];
    case 'unexpected':
      return attribute === '*' ? whole('+', 'good', observed) : [['nothing → ', brief(observed)]];
    case 'unknown':
      return [[brief(desired), ' → could not be seen']];
  }
}

function whole(sign: string, tone: Tone, value: unknown): readonly (readonly Piece[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [[{ text: `${sign} `, tone }, brief(value)]];
  const attributes = Object.entries(value);
  const lines: Piece[][] = attributes
    .slice(0, MOST_ATTRIBUTES)
    .map(([name, member]) => [{ text: `${sign} `, tone }, `${name} `, brief(member)]);
  const more = attributes.length - MOST_ATTRIBUTES;
  return more > 0
    ? [...lines, [{ text: `  and ${count(more, 'attribute')} more`, tone: 'faint' }]]
    : lines;
}

function since(time: string, now: number): string {
  const at = Date.parse(time) * 1_000;
  if (Number.isNaN(at)) return moment(time);
  const passed = age(Math.max(0, (now - at) / 1_000_000));
  return passed === 'just now' ? passed : `${passed} ago`;
}

export const renderBlessed: Render<Record<string, unknown>> = (paper, blessed) => {
  paper.whole({ text: 'Blessed', tone: 'good' });
  renderAnything(paper, blessed, { now: 0 as never, asked: '' });
  paper.whole('Next: holdfast observe && holdfast drift');
};

type BaselineRow = Readonly<Record<string, unknown>>;

export const renderBaselines: Render<{ readonly baselines: readonly BaselineRow[] }> = (
  paper,
  { baselines },
) => {
  if (baselines.length === 0) {
    paper.whole('No baselines. Next: holdfast baseline bless');
    return;
  }
  paper.table(
    [
      { head: 'NAME', least: 8 },
      { head: 'TARGET', least: 8 },
      { head: 'STATUS' },
      { head: 'BLESSED' },
      { head: 'FACTS', align: 'right' },
      { head: 'BY', least: 8 },
      { head: 'SIGNED' },
      { head: 'ID', least: 12 },
    ],
    baselines.map((row): Piece[] => [
      brief(row['name']),
      brief(row['target']),
      { text: brief(row['status']), tone: row['status'] === 'active' ? 'good' : 'faint' },
      moment(row['blessedAt']),
      brief(row['facts']),
      brief(row['blessedBy']),
      brief(row['signature']),
      brief(row['id']),
    ]),
  );
};

export const renderBaseline: Render<unknown> = renderAnything;

export const renderWaivers: Render<{ readonly waivers: readonly BaselineRow[] }> = (
  paper,
  { waivers },
) => {
  if (waivers.length === 0) {
    paper.whole(
      "No waivers. To accept a finding: holdfast waive FINDING --reason '…' --until 'in 7d'",
    );
    return;
  }
  paper.table(
    [
      { head: 'TARGET', least: 8 },
      { head: 'ENTITY', least: 12 },
      { head: 'ATTRIBUTE', least: 8 },
      { head: 'STATUS' },
      { head: 'UNTIL' },
      { head: 'REASON', least: 10 },
      { head: 'OWNER', least: 8 },
      { head: 'SIGNED' },
      { head: 'ID', least: 12 },
    ],
    waivers.map((row): Piece[] => [
      brief(row['target']),
      brief(row['entity']),
      brief(row['attribute']),
      brief(row['status']),
      moment(row['expiresAt']),
      brief(row['reason']),
      brief(row['owner']),
      brief(row['signature']),
      brief(row['id']),
    ]),
  );
};

/** A short word that it is done, then what the service said. */
export function renderDone(word: string): Render<unknown> {
  return (paper, value, screen) => {
    paper.whole({ text: word, tone: 'good' });
    renderAnything(paper, value, screen);
  };
}
