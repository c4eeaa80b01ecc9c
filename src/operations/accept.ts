/** Accepting what is, in place of changing it back: one field of what is declared moves, and nothing else. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import { amend, baselineFacts } from '#drift';
import { BASELINE_SOURCE, type Baseline, type Finding, type Target } from '#model';
import { redact } from '#redaction';
import { reasonInput } from './change-shapes.ts';
import { baselinesOf, DRIFT_RULES, factsOf } from './drift-state.ts';
import { findingOf } from './finding-ways.ts';
import { readMoment } from './moments.ts';
import { recording } from './operation.ts';
import { recordDrift, recordOne, statement } from './record-with-drift.ts';

export const findingAccept = recording({
  name: 'finding_accept',
  title: 'Accept what is',
  summary:
    'Declares what is observed of one field to be how it should be, in the baseline that says otherwise.',
  capability: 'baselines.write',
  taints: false,
  assistants: false,
  narrows: true,
  input: z.strictObject({ finding: z.string().min(1).max(64), reason: reasonInput }),
  output: z.object({
    finding: z.string(),
    baseline: z.object({
      id: z.string(),
      name: z.string(),
      digest: z.string(),
      amended: z.number(),
    }),
    findings: z.object({
      open: z.number(),
      opened: z.array(z.string()),
      resolved: z.array(z.string()),
    }),
    next: z.string(),
  }),
  prepare(input, { facts }, asking) {
    const at = readMoment({}, asking.now, facts);
    const located = findingOf(input.finding, facts, at, asking);
    if (located === undefined)
      throw new Fault(
        'missing',
        'unknown-finding',
        'no such finding is on record: holdfast drift lists them',
      );
    return { ...located, reason: redact(input.reason).text };
  },
  run({ finding, target, reason }, powers, asking) {
    const at = powers.moment();
    const baseline = acceptedIn(finding, target, baselinesOf(powers.facts, target, at));
    const { entity, attribute } = finding;
    const amended = amend(
      baseline,
      { entity, attribute, at: at.asOf, knownAt: at.knownAt, by: asking.caller.principal, reason },
      factsOf(baseline, powers.facts),
      DRIFT_RULES,
    );
    recordOne(
      statement(
        target,
        BASELINE_SOURCE,
        'known_good',
        baselineFacts(amended),
        powers,
        asking,
        reason,
      ),
      powers,
    );
    const { id, name, digest } = amended;
    return {
      value: {
        finding: finding.id,
        baseline: { id, name, digest, amended: amended.amended.length },
        findings: recordDrift(target, powers, asking),
        next: 'it counts at once, and is in force for changes when an operator signs it: holdfast config sign',
      },
      targets: [target.id],
    };
  },
});

/** The blessed baseline that the finding is of; whoever else declared it is told how it is changed there. */
function acceptedIn(finding: Finding, target: Target, baselines: readonly Baseline[]): Baseline {
  if (finding.declared !== 'blessed') {
    const at = finding.because?.at;
    const where = at === null || at === undefined ? finding.baseline : at;
    throw new Fault(
      'conflict',
      'cannot-accept',
      `this is not declared by a blessed baseline: ${where}. ${HOW[finding.declared]}`,
    );
  }
  if (finding.kind === 'unknown' || finding.status === 'resolved')
    throw new Fault(
      'conflict',
      'cannot-accept',
      finding.kind === 'unknown'
        ? `there is nothing seen to accept: ${finding.id}. Look at ${target.id} again`
        : `the finding is resolved already: ${finding.id}`,
    );
  const found = baselines.find(({ id, status }) => id === finding.baseline && status === 'active');
  if (found !== undefined) return found;
  throw new Fault(
    'conflict',
    'cannot-accept',
    `the baseline is not active any more: ${finding.baseline}`,
  );
}

const HOW = {
  git: 'Propose the change on a branch: holdfast declarations accept',
  tofu: 'Change the files of the stack, and plan again',
  ansible: 'Change the playbook, and check again',
  cis: 'Exclude the control in declarations.yaml, with a reason, or waive the finding: holdfast waive',
  integrity:
    'Update the database of AIDE on the target after looking at what changed, or waive the finding: holdfast waive',
  vulnerability: 'Waive the finding for as long as that is right: holdfast waive',
  service: 'Change the definition of the service',
} as const satisfies Record<Exclude<Finding['declared'], 'blessed'>, string>;
