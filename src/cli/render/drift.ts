import type { Render } from '../desk.ts';
import type { Paper, Piece, Tone } from '../text/paper.ts';
import { age, brief, count, moment } from '../text/words.ts';
import { type CoverageRow, renderCoverage, renderNext, why } from './facts.ts';

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
  readonly notBefore?: string | null;
  readonly status: 'open' | 'pending' | 'waived' | 'ignored' | 'resolved';
  readonly owner?: string | null;
  readonly because?: {
    readonly id: string | null;
    readonly title: string;
    readonly remediation: string | null;
    readonly at: string | null;
  } | null;
};

export type DriftAnswer = {
  readonly findings: readonly Finding[];
  readonly nextCursor: string | null;
  readonly coverage: readonly CoverageRow[];
  readonly baselines: readonly {
    readonly name: string;
    readonly kind?: string;
    readonly signature: string;
  }[];
  readonly scores?: readonly {
    readonly scope: string;
    readonly target: string | null;
    readonly score: number;
    readonly worst?: number;
  }[];
};

const SEVERITIES = ['critical', 'warning', 'info'] as const;
const TONES = { critical: 'bad', warning: 'warn', info: 'plain' } as const satisfies Record<
  Finding['severity'],
  Tone
>;
const MOST_ATTRIBUTES = 8;

/** With `openOnly`, what is waived or ignored is counted and not listed; what is not believed yet is shown apart. */
export function renderDrift(openOnly: boolean): Render<DriftAnswer> {
  return (paper, answer, screen) => {
    const { findings, nextCursor, coverage, baselines, scores = [] } = answer;
    const shown = openOnly ? findings.filter(isToShow) : findings;
    const listed = openOnly ? shown.filter(({ status }) => status !== 'pending') : shown;
    if (baselines.length === 0 && listed.length === 0) {
      paper.whole('No baseline is active, so nothing is declared. Next: holdfast baseline bless');
    } else if (listed.length === 0) {
      const isSeen = shown.every(({ kind }) => kind !== 'unknown');
      const [what, tone] = !openOnly
        ? (['No such findings.', 'plain'] as const)
        : isSeen
          ? (['No drift.', 'good'] as const)
          : (['No drift that could be seen, and not all of it could be.', 'warn'] as const);
      paper.whole({ text: what, tone }, openOnly && isSeen ? ' What was seen is as declared.' : '');
    }
    for (const [target, its] of Map.groupBy(listed, (finding) => finding.target)) {
      paper.blank();
      paper.line({ text: target, tone: 'strong' }, `  ${tally(its)}${scored(target, scores)}`);
      for (const finding of its.toSorted(bySeverity)) {
        paper.blank();
        writeFinding(paper, finding, screen.now);
      }
    }
    const pending = shown.filter((finding) => !listed.includes(finding));
    if (pending.length > 0) {
      paper.blank();
      paper.whole({
        text: `Not there for long enough to be believed: ${count(pending.length, 'finding')}`,
        tone: 'faint',
      });
      for (const finding of pending.toSorted(bySeverity)) {
        paper.blank();
        writeFinding(paper, finding, screen.now);
      }
    }
    const hidden = findings.length - shown.length;
    paper.blank();
    if (hidden > 0)
      paper.whole({
        text: `${count(hidden, 'finding')} waived or ignored: holdfast drift --status all`,
        tone: 'faint',
      });
    if (baselines.length > 0) {
      const names = new Set(baselines.map(nameOf));
      paper.line({ text: `Compared with: ${[...names].join(', ')}`, tone: 'faint' });
    }
    for (const { scope, target, score, worst } of scores)
      if (target === null && scores.length > 1)
        paper.whole({
          text: `Score of ${scope}: ${score}${worst === undefined ? '' : `, worst ${worst}`}`,
          tone: 'faint',
        });
    renderNext(paper, nextCursor, screen.asked);
    renderCoverage(paper, coverage);
  };
}

function isToShow({ status }: Finding): boolean {
  return status === 'open' || status === 'pending';
}

function nameOf({ name, kind, signature }: DriftAnswer['baselines'][number]): string {
  const by = kind === undefined || kind === 'blessed' ? '' : `${kind} `;
  return `${by}${name} (${signature})`;
}

function scored(target: string, scores: NonNullable<DriftAnswer['scores']>): string {
  const its = scores.find((each) => each.target === target);
  return its === undefined ? '' : `, score ${its.score}`;
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
  paper.whole('  ', { text: severity.padEnd(8), tone: TONES[severity] }, `  ${kind.padEnd(10)}  `, {
    text: attribute === '*' ? entity : `${entity}  ${attribute}`,
    tone: 'strong',
  });
  for (const line of change(finding)) paper.line('            ', ...line);
  const first = since(finding.firstSeen, now);
  const last = since(finding.lastSeen, now);
  writeBecause(paper, finding);
  const { notBefore } = finding;
  const began =
    notBefore === null || notBefore === undefined ? '' : `, as declared ${since(notBefore, now)}`;
  const whose =
    finding.owner === null || finding.owner === undefined ? '' : `, of ${finding.owner}`;
  paper.whole({
    text: `            ${id}  ${status}${whose}, first seen ${first}, last ${last}${began}`,
    tone: 'faint',
  });
}

function writeBecause(paper: Paper, { because }: Finding): void {
  if (because === null || because === undefined) return;
  const { id, title, remediation, at } = because;
  const name = id === null ? title : `${id}: ${title}`;
  paper.whole(`            ${name}${at === null ? '' : ` (${at})`}`);
  if (remediation !== null) paper.whole(`            To mend it: ${remediation}`);
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

type Baseline = {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly kinds: readonly string[];
  readonly facts: number;
  readonly blessedAt: string;
  readonly blessedBy: string;
  readonly reason: string;
  readonly signature: string;
  readonly status: string;
};
type Detail = Baseline & {
  readonly leftOut: readonly {
    readonly kind: string;
    readonly status: string;
    readonly reason: string | null;
  }[];
};
type Told = {
  readonly open: number;
  readonly opened: readonly string[];
  readonly resolved: readonly string[];
};

function writeBaseline(paper: Paper, baseline: Baseline): void {
  const { name, target, status, signature, facts, kinds, blessedAt, blessedBy, reason, id } =
    baseline;
  paper.line(
    { text: name, tone: 'strong' },
    ` of ${target}  `,
    { text: status, tone: status === 'active' ? 'good' : 'faint' },
    `, ${signature}`,
  );
  paper.whole(`  ${count(facts, 'fact')} as of ${moment(blessedAt)}: ${kinds.join(', ')}`);
  paper.whole(`  by ${blessedBy}: ${reason}`);
  paper.whole({ text: `  ${id}`, tone: 'faint' });
}

function writeLeftOut(paper: Paper, { leftOut }: Detail): void {
  if (leftOut.length === 0) return;
  paper.blank();
  paper.line({ text: 'Not declared, because it was not seen in full:', tone: 'warn' });
  paper.table(
    [{ head: 'KIND', least: 6 }, { head: 'STATUS' }, { head: 'WHY', least: 16 }],
    leftOut.map((row): Piece[] => [row.kind, row.status, why(row)]),
    '  ',
  );
}

/** What a declaration did to the findings. */
export function writeTold(paper: Paper, { open, opened, resolved }: Told): void {
  if (opened.length + resolved.length > 0)
    paper.line(`${count(opened.length, 'finding')} opened, ${resolved.length} resolved`);
  paper.whole(
    open === 0
      ? 'No open findings.'
      : { text: `${count(open, 'open finding')}: holdfast drift`, tone: 'warn' },
  );
}

type BlessedAnswer = {
  readonly baseline: Detail;
  readonly replaced: readonly string[];
  readonly findings: Told;
};

export const renderBlessed: Render<BlessedAnswer> = (paper, { baseline, replaced, findings }) => {
  paper.whole({ text: 'Blessed', tone: 'good' });
  writeBaseline(paper, baseline);
  if (replaced.length > 0)
    paper.whole({ text: `  replaces ${replaced.join(', ')}`, tone: 'faint' });
  writeLeftOut(paper, baseline);
  paper.blank();
  writeTold(paper, findings);
  paper.whole('Next: holdfast observe && holdfast drift');
};

export const renderBaselines: Render<{ readonly baselines: readonly Baseline[] }> = (
  paper,
  { baselines },
) => {
  if (baselines.length === 0) paper.whole('No baselines. Next: holdfast baseline bless');
  for (const baseline of baselines) {
    paper.blank();
    writeBaseline(paper, baseline);
  }
};

export const renderBaseline: Render<Detail> = (paper, baseline) => {
  writeBaseline(paper, baseline);
  writeLeftOut(paper, baseline);
};

export const renderRetired: Render<{ readonly baseline: Baseline; readonly findings: Told }> = (
  paper,
  { baseline, findings },
) => {
  writeBaseline(paper, baseline);
  paper.blank();
  writeTold(paper, findings);
};

type Waiver = {
  readonly id: string;
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
  readonly reason: string;
  readonly owner: string;
  readonly expiresAt: string;
  readonly signature: string;
  readonly status: string;
};

function writeWaiver(paper: Paper, waiver: Waiver, now: number): void {
  const { id, target, entity, attribute, reason, owner, expiresAt, signature, status } = waiver;
  const over = status === 'active' && Date.parse(expiresAt) * 1_000 <= now;
  paper.whole(
    { text: attribute === '*' ? entity : `${entity}  ${attribute}`, tone: 'strong' },
    ` of ${target}  `,
    over
      ? { text: 'expired', tone: 'faint' }
      : { text: status, tone: status === 'active' ? 'good' : 'faint' },
    ` until ${moment(expiresAt)}, ${signature}`,
  );
  paper.whole(`  ${owner}: ${reason}`);
  paper.whole({ text: `  ${id}`, tone: 'faint' });
}

export const renderWaivers: Render<{ readonly waivers: readonly Waiver[] }> = (
  paper,
  { waivers },
  { now },
) => {
  if (waivers.length === 0)
    paper.whole(
      "No waivers. To accept a finding: holdfast waive FINDING --reason '…' --until 'in 7d'",
    );
  for (const waiver of waivers) {
    paper.blank();
    writeWaiver(paper, waiver, now);
  }
};

export const renderWaived: Render<{ readonly waiver: Waiver; readonly findings: Told }> = (
  paper,
  { waiver, findings },
  { now },
) => {
  writeWaiver(paper, waiver, now);
  paper.blank();
  writeTold(paper, findings);
};
