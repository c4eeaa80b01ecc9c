/** What should be, as declarations.yaml says: shown, and changed by a proposal that a person merges. */
import * as z from 'zod/v4';
import { Fault } from '#base/fault';
import type { Json } from '#base/json';
import { LIMITS } from '#base/limits';
import { findingFromFacts, groupRecords } from '#drift';
import { resolveTarget } from '#inventory';
import { DRIFT_SOURCE, type Finding, type Target } from '#model';
import type { FactReader, Moment } from '#store';
import { reasonInput } from './change-shapes.ts';
import { readMoment } from './moments.ts';
import { type Asking, administering } from './operation.ts';

const anything = z.record(z.string(), z.unknown());
const targetInput = z.string().min(1).max(LIMITS.nameChars);

/** Answers are JSON in the form each operation publishes. */
export type DeclarationPowers = {
  /** Every source; with a target, those that speak of it. */
  readonly list: (target: Target | undefined) => Promise<Json>;
  /** What one source declares of a target. Throws `unknown-declaration`, or its fault. */
  readonly show: (
    declaration: string,
    target: Target,
    facts: FactReader,
    at: Moment,
  ) => Promise<Json>;
  /** The observed value becomes the declared one, on a branch of its own. */
  readonly propose: (
    finding: Finding,
    target: Target,
    by: { readonly principal: string; readonly reason: string },
  ) => Promise<Json>;
};

export const declarationList = administering({
  name: 'declaration_list',
  title: 'List declarations',
  summary:
    'Every source of what should be: kind, targets, whether it is signed, and what is wrong.',
  capability: 'drift.read',
  taints: false,
  assistants: false,
  leases: true,
  input: z.strictObject({ target: targetInput.optional() }),
  output: anything,
  async run({ target: name }, { declarations }, asking) {
    const target = name === undefined ? undefined : named(name, asking);
    return (await declarations.list(target)) as Record<string, Json>;
  },
});

export const declarationShow = administering({
  name: 'declaration_show',
  title: 'Show a declaration',
  summary: 'Everything that one source declares of a target, each line with where it is written.',
  capability: 'drift.read',
  taints: false,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({
    declaration: z.string().min(1).max(LIMITS.nameChars).describe('like git:site'),
    target: targetInput,
  }),
  output: anything,
  async run(input, { declarations, facts }, asking) {
    const target = named(input.target, asking);
    const at = readMoment({}, asking.now, facts);
    return (await declarations.show(input.declaration, target, facts, at)) as Record<string, Json>;
  },
});

export const declarationPropose = administering({
  name: 'declaration_propose',
  title: 'Propose what is observed as what should be',
  summary:
    'Puts the observed value of a finding in place of the declared one, on a branch that a person merges.',
  capability: 'drafts.write',
  taints: true,
  assistants: false,
  narrows: true,
  leases: true,
  input: z.strictObject({ finding: z.string().min(1).max(64), reason: reasonInput }),
  output: anything,
  async run(input, { declarations, facts }, asking) {
    const at = readMoment({}, asking.now, facts);
    const { finding, target } = found(input.finding, facts, at, asking);
    const by = { principal: asking.caller.principal, reason: input.reason };
    return (await declarations.propose(finding, target, by)) as Record<string, Json>;
  },
});

function named(name: string, asking: Asking): Target {
  return resolveTarget(asking.inventory, name, asking.scopes);
}

function found(
  id: string,
  facts: FactReader,
  at: Moment,
  asking: Asking,
): { readonly finding: Finding; readonly target: Target } {
  for (const target of asking.inventory.targets) {
    if (!asking.scopes.includes(target.scope)) continue;
    const filter = { scopes: [target.scope], target: target.id, source: DRIFT_SOURCE } as const;
    const records = groupRecords(facts.each({ ...filter, type: 'drift', kind: 'finding' }, at));
    const finding = records.map(findingFromFacts).find((each) => each.id === id);
    if (finding !== undefined) return { finding, target };
  }
  throw new Fault(
    'missing',
    'unknown-finding',
    'no such finding is on record: holdfast drift lists them',
  );
}
