/** Baselines and waivers: what people declare about drift. Signed is what the config in force names. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import { LIMITS } from '#base/limits';
import { formatInstant, parseInstant } from '#base/time';
import { baselineFacts, blessBaseline, newWaiver, waiverFacts } from '#drift';
import { isTrusted, resolveTarget } from '#inventory';
import { BASELINE_SOURCE, type Baseline, type Target, type Waiver } from '#model';
import { redact } from '#redaction';
import type { FactReader, Moment } from '#store';
import { readCoverage } from './coverage.ts';
import {
  baselinesOf,
  type DeclaredFacts,
  DRIFT_RULES,
  recordedFindings,
  signatureOf,
  unknownBaseline,
  waiversOf,
} from './drift-state.ts';
import { readMoment } from './moments.ts';
import { type Asking, look, recording } from './operation.ts';
import { recordDrift, recordOne, statement } from './record-with-drift.ts';
import { signatureShape, timeText } from './shapes.ts';

const targetName = z.string().min(1).max(LIMITS.nameChars);
const reasonText = z.string().min(1).max(LIMITS.reasonChars);
const part = z.object({ source: z.string(), kind: z.string() });

const baselineShape = z.object({
  id: z.string(),
  name: z.string(),
  scope: z.string(),
  target: z.string(),
  kinds: z.array(z.string()),
  facts: z.number(),
  blessedAt: z.string(),
  knownAt: z.string(),
  blessedBy: z.string(),
  reason: z.string(),
  digest: z.string(),
  signature: signatureShape,
  status: z.enum(['active', 'retired']),
});

const baselineDetail = baselineShape.extend({
  covers: z.array(part),
  leftOut: z.array(part.extend({ status: z.string(), reason: z.string().nullable() })),
});

const findingsTold = z.object({
  open: z.number(),
  opened: z.array(z.string()),
  resolved: z.array(z.string()),
});

function show(
  { covers: _covers, leftOut: _leftOut, ...baseline }: Baseline,
  { sources }: DeclaredFacts,
): z.input<typeof baselineShape> {
  return {
    ...baseline,
    signature: signatureOf(baseline.digest, sources),
    kinds: [...baseline.kinds],
    blessedAt: formatInstant(baseline.blessedAt),
    knownAt: formatInstant(baseline.knownAt),
  };
}

function showDetail(baseline: Baseline, declared: DeclaredFacts): z.input<typeof baselineDetail> {
  return {
    ...show(baseline, declared),
    covers: baseline.covers.map((each) => ({ ...each })),
    leftOut: baseline.leftOut.map((each) => ({ ...each })),
  };
}

/** The named target, or this machine, or the only one there is. */
function meant(name: string | undefined, asking: Asking): Target {
  if (name !== undefined) return resolveTarget(asking.inventory, name, asking.scopes);
  const mine = asking.inventory.targets.filter((target) => asking.scopes.includes(target.scope));
  const local =
    mine.find((target) => target.transport === 'local') ??
    (mine.length === 1 ? mine[0] : undefined);
  if (local !== undefined) return local;
  const candidates = mine.slice(0, 5).map((target) => target.id);
  throw new Fault(
    'invalid',
    'target-needed',
    `give a target: no target of the inventory is this machine. Candidates: ${candidates.join(', ')}`,
    { facts: { candidates } },
  );
}

export const baselineBless = recording({
  name: 'baseline_bless',
  title: 'Bless a baseline',
  summary:
    'Declares what is known of a target at a moment to be how it should be. Replaces the active baseline of the same name.',
  capability: 'baselines.write',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    target: targetName.optional().describe('default: this machine'),
    name: z.string().max(64).optional().describe('default: default'),
    kinds: z.array(z.string().max(40)).max(100).optional().describe('only these kinds'),
    asOf: timeText('the moment to bless, default now').optional(),
    reason: reasonText.optional(),
  }),
  output: z.object({
    baseline: baselineDetail,
    replaced: z.array(z.string()),
    findings: findingsTold,
  }),
  prepare: (input) => input,
  run(input, powers, asking) {
    const target = meant(input.target, asking);
    const now = powers.moment();
    const at: Moment =
      input.asOf === undefined ? now : { asOf: parseInstant(input.asOf), knownAt: now.knownAt };
    if (at.asOf > now.asOf) {
      throw new Fault(
        'invalid',
        'future-baseline',
        'a baseline cannot be blessed for a future moment: give now or a moment that was observed',
      );
    }
    const filter = { scopes: [target.scope], target: target.id, type: 'observed' as const };
    const baseline = blessBaseline(
      {
        id: powers.newId('baseline'),
        name: input.name ?? 'default',
        scope: target.scope,
        target: target.id,
        blessedAt: at.asOf,
        knownAt: at.knownAt,
        blessedBy: asking.caller.principal,
        reason: redact(input.reason ?? 'blessed as found').text,
        ...(input.kinds === undefined ? {} : { kinds: input.kinds }),
      },
      {
        facts: powers.facts.each(filter, at),
        coverage: readCoverage(powers.facts, filter, at, asking.inventory),
        isTrusted: (source, kind) => isTrusted(asking.inventory, target.id, source, kind),
        rules: DRIFT_RULES,
      },
    );
    const replaced = baselinesOf(powers.facts, target, now).filter(
      (other) => other.status === 'active' && other.name === baseline.name,
    );
    const facts = [
      ...replaced.map((other): Baseline => ({ ...other, status: 'retired' })),
      baseline,
    ].flatMap(baselineFacts);
    recordOne(
      statement(target, BASELINE_SOURCE, 'known_good', facts, powers, asking, baseline.reason),
      powers,
    );
    const findings = recordDrift(target, powers, asking);
    return {
      value: {
        baseline: showDetail(baseline, powers.declared),
        replaced: replaced.map((other) => other.id),
        findings,
      },
      targets: [target.id],
    };
  },
});

export const baselineList = look({
  name: 'baseline_list',
  title: 'List baselines',
  summary: 'Lists the baselines of the targets, retired ones too.',
  capability: 'drift.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ target: targetName.optional() }),
  output: z.object({ baselines: z.array(baselineShape) }),
  run: (input, { facts, declared }, asking) => ({
    baselines: targetsMeant(input.target, asking)
      .flatMap((target) => baselinesOf(facts, target, readMoment({}, asking.now, facts)))
      .toSorted((a, b) => b.blessedAt - a.blessedAt)
      .map((baseline) => show(baseline, declared)),
  }),
});

export const baselineShow = look({
  name: 'baseline_show',
  title: 'Show a baseline',
  summary: 'Shows one baseline: what it covers, what it leaves out and why.',
  capability: 'drift.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    baseline: z.string().min(1).max(LIMITS.nameChars).describe('id or name'),
    target: targetName.optional(),
  }),
  output: baselineDetail,
  run: (input, { facts, declared }, asking) =>
    showDetail(theBaseline(input.baseline, input.target, facts, asking).baseline, declared),
});

export const baselineRetire = recording({
  name: 'baseline_retire',
  title: 'Retire a baseline',
  summary: 'Ends a baseline. Its findings close; everything stays on record.',
  capability: 'baselines.write',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    baseline: z.string().min(1).max(LIMITS.nameChars),
    target: targetName.optional(),
    reason: reasonText.optional(),
  }),
  output: z.object({ baseline: baselineShape, findings: findingsTold }),
  prepare: (input) => input,
  run(input, powers, asking) {
    const { baseline, target } = theBaseline(input.baseline, input.target, powers.facts, asking);
    if (baseline.status === 'retired') {
      throw new Fault(
        'conflict',
        'already-retired',
        `the baseline is retired already: ${baseline.id}`,
      );
    }
    const retired: Baseline = { ...baseline, status: 'retired' };
    const reason = input.reason === undefined ? null : redact(input.reason).text;
    recordOne(
      statement(
        target,
        BASELINE_SOURCE,
        'known_good',
        baselineFacts(retired),
        powers,
        asking,
        reason,
      ),
      powers,
    );
    return {
      value: {
        baseline: show(retired, powers.declared),
        findings: recordDrift(target, powers, asking),
      },
      targets: [target.id],
    };
  },
});

const waiverShape = z.object({
  id: z.string(),
  scope: z.string(),
  target: z.string(),
  entity: z.string(),
  attribute: z.string(),
  reason: z.string(),
  owner: z.string(),
  expiresAt: z.string(),
  signature: signatureShape,
  status: z.enum(['active', 'withdrawn']),
});

function showWaiver(waiver: Waiver): z.input<typeof waiverShape> {
  return { ...waiver, expiresAt: formatInstant(waiver.expiresAt) };
}

export const waiverAdd = recording({
  name: 'waiver_add',
  title: 'Waive findings',
  summary: 'Takes findings out of the way for a while, with a reason. They stay listed as waived.',
  capability: 'baselines.write',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({
    finding: z.string().max(64).optional().describe('id of one finding; or give entity'),
    target: targetName.optional(),
    entity: z
      .string()
      .min(1)
      .max(LIMITS.entityChars)
      .optional()
      .describe('* is any run of characters'),
    attribute: z.string().min(1).max(LIMITS.attributeChars).optional(),
    reason: reasonText,
    owner: z.string().max(LIMITS.nameChars).optional(),
    until: timeText('when it ends, at most a year ahead'),
  }),
  output: z.object({ waiver: waiverShape, findings: findingsTold }),
  prepare: (input) => input,
  run(input, powers, asking) {
    const at = powers.moment();
    const { target, entity, attribute } = pattern(input, powers.facts, at, asking);
    const waiver = newWaiver(
      {
        id: powers.newId('waiver'),
        scope: target.scope,
        target: target.id,
        entity,
        attribute,
        reason: redact(input.reason).text,
        owner: input.owner ?? asking.caller.onBehalfOf ?? asking.caller.principal,
        expiresAt: parseInstant(input.until),
      },
      at.asOf,
    );
    recordOne(
      statement(
        target,
        BASELINE_SOURCE,
        'desired',
        waiverFacts(waiver),
        powers,
        asking,
        waiver.reason,
      ),
      powers,
    );
    return {
      value: { waiver: showWaiver(waiver), findings: recordDrift(target, powers, asking) },
      targets: [target.id],
    };
  },
});

export const waiverList = look({
  name: 'waiver_list',
  title: 'List waivers',
  summary: 'Lists waivers with their reasons and ends, withdrawn and expired ones too.',
  capability: 'drift.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ target: targetName.optional() }),
  output: z.object({ waivers: z.array(waiverShape) }),
  run: (input, { facts }, asking) => ({
    waivers: targetsMeant(input.target, asking)
      .flatMap((target) => waiversOf(facts, target, readMoment({}, asking.now, facts)))
      .map(showWaiver),
  }),
});

export const waiverRetire = recording({
  name: 'waiver_retire',
  title: 'Withdraw a waiver',
  summary: 'Ends a waiver before its time. What it covered is open again.',
  capability: 'baselines.write',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({ waiver: z.string().min(1).max(64), reason: reasonText.optional() }),
  output: z.object({ waiver: waiverShape, findings: findingsTold }),
  prepare: (input) => input,
  run(input, powers, asking) {
    const at = powers.moment();
    for (const target of targetsMeant(undefined, asking)) {
      const waiver = waiversOf(powers.facts, target, at).find((each) => each.id === input.waiver);
      if (waiver === undefined) continue;
      const withdrawn: Waiver = { ...waiver, status: 'withdrawn' };
      const reason = input.reason === undefined ? null : redact(input.reason).text;
      recordOne(
        statement(
          target,
          BASELINE_SOURCE,
          'desired',
          waiverFacts(withdrawn),
          powers,
          asking,
          reason,
        ),
        powers,
      );
      return {
        value: { waiver: showWaiver(withdrawn), findings: recordDrift(target, powers, asking) },
        targets: [target.id],
      };
    }
    throw new Fault('missing', 'unknown-waiver', 'no such waiver: waiver list shows them');
  },
});

function targetsMeant(name: string | undefined, asking: Asking): readonly Target[] {
  if (name !== undefined) return [resolveTarget(asking.inventory, name, asking.scopes)];
  return asking.inventory.targets.filter((target) => asking.scopes.includes(target.scope));
}

function theBaseline(
  name: string,
  targetName: string | undefined,
  facts: FactReader,
  asking: Asking,
): { baseline: Baseline; target: Target } {
  const at = readMoment({}, asking.now, facts);
  const all = targetsMeant(targetName, asking).flatMap((target) =>
    baselinesOf(facts, target, at).map((baseline) => ({ baseline, target })),
  );
  const exact = all.filter(({ baseline }) => baseline.id === name);
  const named = all.filter(
    ({ baseline }) => baseline.name === name && baseline.status === 'active',
  );
  const found = exact.length > 0 ? exact : named;
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw unknownBaseline(
    (found.length > 1 ? found : all).map(({ baseline }) => baseline),
    found.length > 1,
  );
}

function pattern(
  input: {
    finding?: string | undefined;
    target?: string | undefined;
    entity?: string | undefined;
    attribute?: string | undefined;
  },
  facts: FactReader,
  at: Moment,
  asking: Asking,
): { target: Target; entity: string; attribute: string } {
  if (input.finding !== undefined) {
    for (const target of targetsMeant(input.target, asking)) {
      const found = recordedFindings(facts, target, at).find(
        (finding) => finding.id === input.finding,
      );
      if (found !== undefined) return { target, entity: found.entity, attribute: found.attribute };
    }
    throw new Fault(
      'missing',
      'unknown-finding',
      'no such finding is on record: holdfast drift lists them',
    );
  }
  if (input.entity === undefined) {
    throw new Fault(
      'invalid',
      'invalid-input',
      'say what to waive: give the id of a finding, or an entity',
    );
  }
  return {
    target: meant(input.target, asking),
    entity: input.entity,
    attribute: input.attribute ?? '*',
  };
}
