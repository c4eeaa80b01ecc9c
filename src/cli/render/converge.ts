import type { ChangeView } from '#execution';
import type { Render } from '../desk.ts';
import type { Paper } from '../text/paper.ts';
import { brief, count, moment } from '../text/words.ts';
import { renderResult } from './change.ts';

type Left = {
  readonly finding: string;
  readonly target: string | null;
  readonly says: string;
  readonly remediation: string | null;
};

function writeLeft(paper: Paper, left: readonly Left[]): void {
  if (left.length === 0) return;
  paper.blank();
  paper.line({ text: `${count(left.length, 'finding')} without a way back:`, tone: 'warn' });
  for (const { finding, target, says, remediation } of left) {
    paper.whole(`  ${finding}  `, target ?? '', `: ${says}`);
    if (remediation !== null) paper.whole(`    declared remedy: ${brief(remediation)}`);
  }
}

export const renderConverged: Render<{
  readonly changes: readonly ChangeView[];
  readonly left: readonly Left[];
}> = (paper, { changes, left }, screen) => {
  for (const [i, change] of changes.entries()) {
    if (i > 0) paper.blank();
    renderResult(paper, change, screen);
  }
  writeLeft(paper, left);
};

export type Way = {
  readonly action: string;
  readonly tier: string;
  readonly summary: string;
  readonly arguments: Readonly<Record<string, unknown>>;
};

export function writeWay(paper: Paper, { action, tier, summary, arguments: given }: Way): void {
  paper.whole(`  ${tier}  ${action}  ${summary}`);
  for (const [name, value] of Object.entries(given)) paper.whole(`      ${name} = ${brief(value)}`);
}

export const renderWays: Render<{
  readonly ways: readonly {
    readonly finding: string;
    readonly target: string;
    readonly ways: readonly Way[];
  }[];
  readonly left: readonly Left[];
}> = (paper, { ways, left }) => {
  for (const { finding, target, ways: found } of ways) {
    paper.line({ text: `${finding}  ${target}`, tone: 'strong' });
    for (const way of found) writeWay(paper, way);
  }
  writeLeft(paper, left);
};

export const renderAccepted: Render<{
  readonly finding: string;
  readonly baseline: { readonly name: string; readonly amended: number };
  readonly findings: { readonly open: number };
  readonly next: string;
}> = (paper, { finding, baseline, findings, next }) => {
  paper.whole({ text: 'Accepted ', tone: 'good' }, `${finding} in ${baseline.name}.`);
  paper.whole(`${count(findings.open, 'finding')} open. ${next}`);
};

export type FindingChange = {
  readonly was: string | null;
  readonly finding: {
    readonly id: string;
    readonly target: string;
    readonly entity: string;
    readonly attribute: string;
    readonly kind: string;
    readonly severity: 'info' | 'warning' | 'critical';
    readonly status: string;
    readonly observed: unknown;
    readonly desired: unknown;
    readonly firstSeen: string;
  };
};

/** One line for what happened, one for what it is. */
export const renderFindingChange: Render<FindingChange> = (paper, { was, finding }) => {
  const { id, target, entity, attribute, kind, severity, status, observed, desired } = finding;
  const tone = status === 'resolved' ? 'good' : severity === 'critical' ? 'bad' : 'warn';
  paper.whole(
    { text: status.padEnd(9), tone },
    `${severity.padEnd(9)}${target}  ${entity}${attribute === '*' ? '' : `  ${attribute}`}  ${kind}`,
  );
  paper.line(
    {
      text: `  ${id}  was ${was ?? 'not there'}, since ${moment(finding.firstSeen)}: `,
      tone: 'faint',
    },
    brief(desired),
    ' → ',
    brief(observed),
  );
};
