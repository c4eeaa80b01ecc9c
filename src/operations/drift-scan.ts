import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { type Inventory, resolveTarget } from '#inventory';
import { DECLARATION_KINDS, FINDING_STATUS, type Finding, type Target } from '#model';
import type { FactReader, Moment } from '#store';
import { fitting, rowBytes } from './budget.ts';
import { memoryOf, scanTarget, type TargetDrift } from './drift-memory.ts';
import {
  type DeclaredFacts,
  recordedFindings,
  signatureOf,
  unknownBaseline,
} from './drift-state.ts';
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
  showFinding,
  signatureShape,
} from './shapes.ts';

const COVERAGE_ROWS = 60;
const BASELINE_ROWS = 1_000;
const SCORE_ROWS = 20;

const scoreShape = z.object({
  scope: z.string(),
  target: z.string().nullable().describe('null: the mean of the scope'),
  score: z.number(),
  worst: z.number().optional(),
  compared: z.number().optional().describe('weight of all that is declared'),
  differs: z.number().optional(),
  excepted: z.number().optional().describe('weight of what is waived or ignored'),
  unseen: z.number().optional(),
});

/** What differs from what is declared now. Changes nothing: findings are recorded when an observation or a bless arrives. */
export const driftScan = look({
  name: 'drift_scan',
  title: 'Scan for drift',
  summary:
    'Answers what differs from what is declared: missing, unexpected, changed, or unknown when it could not be seen.',
  capability: 'drift.read',
  taints: true,
  assistants: true,
  narrows: true,
  input: z.strictObject({
    target: z.string().min(1).max(LIMITS.nameChars).optional().describe('default: every target'),
    baseline: z.string().min(1).max(LIMITS.nameChars).optional().describe('id or name'),
    source: z.enum(DECLARATION_KINDS).optional(),
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
        kind: z.enum(DECLARATION_KINDS),
        signature: signatureShape,
      }),
    ),
    scores: z
      .array(scoreShape)
      .describe('100: all that is declared holds; first the scopes, then the worst targets'),
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
    const scanned = scan(input, facts, targets, at, asking.inventory, declared);
    if (input.baseline !== undefined && scanned.every(({ all }) => all.length === 0))
      throw unknownBaseline(
        targets.flatMap((target) => scanTarget(facts, target, at, asking.inventory, declared).all),
      );
    const active = scanned.flatMap((each) => each.active);
    const needed = new Set(
      active.flatMap((each) => each.kinds.map((kind) => `${each.target} ${kind}`)),
    );
    const coverage = scanned
      .flatMap((each) => each.coverage)
      .filter(
        (row) =>
          row.status === 'never' || needed.size === 0 || needed.has(`${row.target} ${row.kind}`),
      )
      .toSorted((a, b) => Number(a.status === 'complete') - Number(b.status === 'complete'))
      .slice(0, COVERAGE_ROWS)
      .map(showCoverage);
    const findings = scanned
      .flatMap((each) => [...each.findings, ...pastOf(each, input.status, facts, at)])
      .filter((finding) => wanted(finding, input.status))
      .map((finding) => ({ place: placeOf(finding), finding }))
      .toSorted((a, b) => (a.place < b.place ? -1 : 1))
      .filter(({ place }) => pinned === undefined || place > pinned.place);
    const scores = scoresOf(scanned);
    const spent = [...coverage, ...scores].reduce((sum, row) => sum + rowBytes(row), 1_024);
    const shown = findings
      .slice(0, limit ?? LIMITS.queryMax)
      .map(({ place, finding }) => ({ place, shown: showFinding(finding) }));
    const page = fitting(shown, asking.answerBytes - spent);
    const last = page.at(-1);
    return {
      findings: page.map((each) => each.shown),
      nextCursor:
        last !== undefined && page.length < findings.length
          ? writeCursor(question, [at], last.place)
          : null,
      coverage,
      baselines: active.slice(0, BASELINE_ROWS).map(({ id, name, kind, target, digest }) => ({
        id,
        name,
        kind,
        target,
        // As it is now: what was remembered of a comparison may have been signed, or edited, since.
        signature: signatureOf(digest, declared.sources),
      })),
      scores,
      ...(active.length === 0
        ? {
            next: 'no baseline is active and nothing else is declared: an operator blesses one with holdfast baseline bless, or names other sources in declarations.yaml',
          }
        : {}),
    };
  },
});

type Asked = { readonly baseline?: string | undefined; readonly source?: string | undefined };

/** Where only some declarations are asked for, others that are damaged do not stand in the way. */
function scan(
  { baseline, source }: Asked,
  facts: FactReader,
  targets: readonly Target[],
  at: Moment,
  inventory: Inventory,
  declared: DeclaredFacts,
): readonly TargetDrift[] {
  if (baseline === undefined && source === undefined)
    return memoryOf(declared).scan(facts, targets, at, inventory, declared);
  return targets.map((target) =>
    scanTarget(
      facts,
      target,
      at,
      inventory,
      declared,
      ({ id, name, kind }) =>
        (baseline === undefined || id === baseline || name === baseline) &&
        (source === undefined || kind === source),
    ),
  );
}

/** What was over before, where it is asked for. */
function pastOf(
  { target, all, findings }: TargetDrift,
  status: string | undefined,
  facts: FactReader,
  at: Moment,
): readonly Finding[] {
  if (status !== 'all' && status !== 'resolved') return [];
  const known = new Set(findings.map(({ id }) => id));
  const by = new Set(all.map(({ id }) => id));
  return recordedFindings(facts, target, at).filter(
    (finding) =>
      finding.status === 'resolved' && by.has(finding.baseline) && !known.has(finding.id),
  );
}

/** Of each scope, then of the worst targets. */
function scoresOf(scanned: readonly TargetDrift[]): z.input<typeof scoreShape>[] {
  const known = scanned.flatMap(({ target, score: { score, ...weights } }) =>
    score === null ? [] : [{ scope: target.scope, target: target.id, score, ...weights }],
  );
  const ofScopes = [...Map.groupBy(known, ({ scope }) => scope)].map(([scope, its]) => {
    const mean = its.reduce((sum, { score }) => sum + score, 0) / its.length;
    const worst = its.reduce((least, { score }) => Math.min(least, score), 100);
    return { scope, target: null, score: Math.floor(mean * 10) / 10, worst };
  });
  const worst = known.toSorted((a, b) => a.score - b.score).slice(0, SCORE_ROWS);
  return [...ofScopes, ...worst];
}

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
