import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { formatInstant } from '#base/time';
import { resolveTarget } from '#inventory';
import { FINDING_STATUS, type Finding } from '#model';
import { fitting, rowBytes } from './budget.ts';
import { readCoverage } from './coverage.ts';
import { baselinesOf, driftOf, unknownBaseline } from './drift-state.ts';
import { readScopes } from './filters.ts';
import { isText, readCursor, readMoment, writeCursor } from './moments.ts';
import { look } from './operation.ts';
import {
  coverageShape,
  cursorInput,
  findingShape,
  limitInput,
  nextCursor,
  scopeInput,
  showCoverage,
} from './shapes.ts';

const COVERAGE_ROWS = 60;

/** What differs from the blessed baselines now. Changes nothing: findings are recorded when an observation or a bless arrives. */
export const driftScan = look({
  name: 'drift_scan',
  title: 'Scan for drift',
  summary:
    'Answers what differs from the baseline a person blessed: missing, unexpected, changed, or unknown when it could not be seen.',
  capability: 'drift.read',
  taints: true,
  assistants: true,
  input: z.strictObject({
    target: z.string().min(1).max(LIMITS.nameChars).optional().describe('default: every target'),
    baseline: z
      .string()
      .min(1)
      .max(LIMITS.nameChars)
      .optional()
      .describe('id or name; default: every active one'),
    status: z
      .enum([...FINDING_STATUS, 'all'])
      .optional()
      .describe('default: all but resolved'),
    limit: limitInput,
    cursor: cursorInput,
    scope: scopeInput,
  }),
  output: z.object({
    findings: z.array(findingShape),
    nextCursor,
    coverage: z
      .array(coverageShape)
      .describe('of what the baselines need; every row that is not complete is listed first'),
    baselines: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        target: z.string(),
        signature: z.literal('unsigned'),
      }),
    ),
    next: z.string().optional(),
  }),
  run(input, { facts, declared }, asking) {
    const { cursor, limit, ...question } = input;
    const scopes = readScopes(input.scope, asking);
    const targets =
      input.target === undefined
        ? asking.inventory.targets.filter((target) => scopes.includes(target.scope))
        : [resolveTarget(asking.inventory, input.target, scopes)];
    const pinned = cursor === undefined ? undefined : readCursor(cursor, question, 1, isText);
    const at = pinned?.moments[0] ?? readMoment({}, asking.now, facts);
    const scanned = targets.flatMap((target) =>
      driftOf(facts, target, at, asking.inventory, declared, {
        only: (baseline) =>
          input.baseline === undefined ||
          baseline.id === input.baseline ||
          baseline.name === input.baseline,
      }),
    );
    if (input.baseline !== undefined && scanned.length === 0)
      throw unknownBaseline(targets.flatMap((target) => baselinesOf(facts, target, at)));
    const active = scanned
      .filter(({ baseline }) => baseline.status === 'active')
      .map(({ baseline }) => baseline);
    const needed = new Set(
      active.flatMap((baseline) => baseline.kinds.map((kind) => `${baseline.target} ${kind}`)),
    );
    const coverage = targets
      .flatMap((target) =>
        readCoverage(facts, { scopes: [target.scope], target: target.id }, at, asking.inventory),
      )
      .filter(
        (row) =>
          row.status === 'never' || needed.size === 0 || needed.has(`${row.target} ${row.kind}`),
      )
      .toSorted((a, b) => Number(a.status === 'complete') - Number(b.status === 'complete'))
      .slice(0, COVERAGE_ROWS)
      .map(showCoverage);
    const findings = scanned
      .flatMap(({ reconciled }) => [
        ...reconciled.standing,
        ...reconciled.resolved,
        ...reconciled.past,
      ])
      .filter((finding) => wanted(finding, input.status))
      .map((finding) => ({ place: placeOf(finding), shown: showFinding(finding) }))
      .toSorted((a, b) => (a.place < b.place ? -1 : 1))
      .filter(({ place }) => pinned === undefined || place > pinned.place);
    const spent = coverage.reduce((sum, row) => sum + rowBytes(row), 1_024);
    const page = fitting(findings.slice(0, limit ?? LIMITS.queryMax), asking.answerBytes - spent);
    const last = page.at(-1);
    return {
      findings: page.map(({ shown }) => shown),
      nextCursor:
        last !== undefined && page.length < findings.length
          ? writeCursor(question, [at], last.place)
          : null,
      coverage,
      baselines: active.map(({ id, name, target, signature }) => ({ id, name, target, signature })),
      ...(active.length === 0
        ? {
            next: 'no baseline is active, so nothing is declared: an operator blesses one with holdfast baseline bless',
          }
        : {}),
    };
  },
});

function wanted(finding: Finding, status: string | undefined): boolean {
  if (status === 'all') return true;
  return status === undefined ? finding.status !== 'resolved' : finding.status === status;
}

/** Worst first, then by place; text that sorts. */
function placeOf(finding: Finding): string {
  const rank = { critical: 0, warning: 1, info: 2 }[finding.severity];
  return [
    rank,
    finding.target,
    finding.entity,
    finding.attribute,
    finding.kind,
    finding.baseline,
  ].join('\u0001');
}

export function showFinding(finding: Finding): typeof findingShape._zod.input {
  return {
    ...finding,
    firstSeen: formatInstant(finding.firstSeen),
    lastSeen: formatInstant(finding.lastSeen),
  };
}
