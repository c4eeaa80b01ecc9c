/** The way back from findings: what would be proposed, and proposing it. Nothing finds its way back by itself. */
import * as z from 'zod/v4';
import { LIMITS } from '#base/limits';
import { steps, type Way } from '#convergence';
import { changeShape, reasonInput, rolloutInput } from './change-shapes.ts';
import { findingOf, type Located, waysOf } from './finding-ways.ts';
import { readMoment } from './moments.ts';
import { type Asking, changing, type LookPowers } from './operation.ts';
import { shown } from './run-action.ts';

const MOST_FINDINGS = 500;
const findingId = z.string().min(1).max(64);

export const wayShape = z.object({
  action: z.string(),
  tier: z.string(),
  summary: z.string(),
  arguments: z.record(z.string(), z.unknown()),
});

const leftShape = z.object({
  finding: z.string(),
  target: z.string().nullable(),
  says: z.string(),
  remediation: z.string().nullable().describe('in the words of whoever declared it'),
});

type Left = z.input<typeof leftShape>;

/** What converging would come to, and what nothing of ours takes back. Proposes nothing. */
export const wayBack = changing({
  name: 'way_back',
  title: 'Ways back',
  summary: 'Tells which actions would take findings back, with their arguments. Proposes nothing.',
  capability: 'drift.read',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  reads: true,
  input: z.strictObject({ findings: z.array(findingId).min(1).max(MOST_FINDINGS) }),
  output: z.object({
    ways: z.array(z.object({ finding: z.string(), target: z.string(), ways: z.array(wayShape) })),
    left: z.array(leftShape),
  }),
  async run(input, powers, asking) {
    const { found, left } = await find(input.findings, powers, asking, undefined);
    return {
      ways: found.map(({ finding, target, ways }) => ({
        finding: finding.id,
        target: target.id,
        ways: ways.map((way) => ({ ...way })),
      })),
      left,
    };
  },
});

/** Proposes what takes findings back: one change for all targets that need the same. */
export const driftConverge = changing({
  name: 'drift_converge',
  title: 'Propose the way back',
  summary:
    'Proposes the changes that take findings back, one for all targets that need the same. A person signs each.',
  capability: 'changes.propose',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    findings: z.array(findingId).min(1).max(MOST_FINDINGS),
    action: z
      .string()
      .max(128)
      .optional()
      .describe('by this action, where several would do; default: the lowest tier'),
    reason: reasonInput.optional(),
    dryRun: z.boolean().optional().describe('stop after the preview'),
    rollout: rolloutInput.optional(),
  }),
  output: z.object({ changes: z.array(changeShape), left: z.array(leftShape) }),
  async run(input, powers, asking) {
    const { found, left } = await find(input.findings, powers, asking, input.action);
    const catalogue = await powers.catalogue();
    const { rollout, dryRun = false } = input;
    const changes: z.input<typeof changeShape>[] = [];
    for (const step of steps(
      found.map(({ finding, ways: [way] }) => ({ finding, way: way as Way })),
    )) {
      const { maxTargets, tier, carrier } = catalogue.find(step.way.action);
      const isOne = rollout === undefined || tier === 'T3' || carrier !== undefined;
      for (const targets of chunks(step.targets, isOne ? maxTargets : Infinity)) {
        const ids = step.findings
          .filter(({ target }) => targets.includes(target))
          .map(({ id }) => id);
        changes.push(
          shown(
            await powers.road.propose(powers.requester, {
              action: step.way.action,
              targets,
              arguments: step.way.arguments,
              reason: reasonOf(input.reason, ids),
              dryRun,
              idempotencyKey: null,
              ...(rollout === undefined || targets.length < 2 ? {} : { rollout }),
            }),
          ),
        );
      }
    }
    return { changes, left };
  },
  told: ({ changes }) => ({
    targets: [...new Set(changes.flatMap(({ targets }) => targets))].slice(0, 64),
    more: { changes: changes.map(({ changeId }) => changeId) },
  }),
});

function reasonOf(given: string | undefined, findings: readonly string[]): string {
  const shownIds = findings.slice(0, 5).join(', ');
  const more = findings.length > 5 ? ` and ${findings.length - 5} more` : '';
  const what = `converge ${shownIds}${more}`;
  return given === undefined ? what : `${given} (${what})`.slice(0, LIMITS.reasonChars);
}

function chunks<T>(items: readonly T[], most: number): T[][] {
  const made: T[][] = [];
  for (let i = 0; i < items.length; i += most) made.push(items.slice(i, i + most));
  return made;
}

type Found = Located & { readonly ways: readonly Way[] };

async function find(
  ids: readonly string[],
  powers: LookPowers,
  asking: Asking,
  only: string | undefined,
): Promise<{ readonly found: readonly Found[]; readonly left: Left[] }> {
  const at = readMoment({}, asking.now, powers.facts);
  const catalogue = await powers.catalogue();
  const found: Found[] = [];
  const left: Left[] = [];
  for (const id of new Set(ids)) {
    const located = findingOf(id, powers.facts, at, asking);
    if (located === undefined) {
      const says = 'no such finding is on record: holdfast drift lists them';
      left.push({ finding: id, target: null, says, remediation: null });
      continue;
    }
    const { finding, target } = located;
    const leave = (says: string): void => {
      const remediation = finding.because?.remediation ?? null;
      left.push({ finding: id, target: target.id, says, remediation });
    };
    const all = waysOf(located, catalogue, powers.facts, at, asking);
    if ('says' in all) {
      leave(all.says);
      continue;
    }
    const ways = all.ways.filter(({ action }) => only === undefined || isNamed(action, only));
    if (ways.length > 0) found.push({ ...located, ways });
    else
      leave(
        `not by this action; these would do: ${all.ways.map(({ action }) => action).join(', ')}`,
      );
  }
  return { found, left };
}

function isNamed(action: string, name: string): boolean {
  return action === name || action.split('@')[0] === name;
}
