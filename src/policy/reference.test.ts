/**
 * The engine against a second reading of the rules: plain TypeScript, written from what the tiers
 * are meant to be and not from the Cedar text. Random questions, every answer compared.
 *
 *     bin/holdfast-node --test src/policy/reference.test.ts                              1,200 questions
 *     POLICY_QUESTIONS=10000000 bin/holdfast-node --test src/policy/reference.test.ts    the campaign
 *
 * HOLDFAST_SEED replays a run; a failure prints its seed and the question.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Decision, ENVIRONMENTS, MODES, type Target, TIERS, type Verdict } from '#model';
import { SEED } from '#test/seed';
import { loadPolicies } from './load.ts';
import type { PolicyFile } from './policy-text.ts';
import type { PolicyQuestion } from './protocol.ts';
import { aQuestion, aTarget, shippedFiles } from './samples.ts';
import { DEFAULT_SETTINGS, type Settings } from './settings.ts';

const QUESTIONS = Number(process.env.POLICY_QUESTIONS ?? 1_200);
const OPEN: Settings = { ...DEFAULT_SETTINGS, mode: 'open' };

/** What is meant. Each answer with the codes that are a fair reason for it. */
function meant(question: PolicyQuestion): { verdict: Verdict; because: readonly string[] } {
  const { caller, action, targets, standing } = question;
  const number = { T0: 0, T1: 1, T2: 2, T3: 3 } as const;
  const tier = number[action.tier];
  const mcp = caller.surface === 'mcp-stdio' || caller.surface === 'mcp-http';
  const assistant = mcp || caller.kind === 'assistant';
  const person = !mcp && caller.kind === 'operator';
  const tainted = caller.tainted || question.planTainted;

  const never: string[] = [];
  if (targets.length === 0) never.push('unknown-target');
  if (!caller.capabilities.includes(action.capability)) never.push('not-permitted');
  if (tier > { readonly: 0, guarded: 2, open: 3 }[question.mode]) never.push('above-mode');
  if (tier > number[caller.ceiling]) never.push('above-ceiling');
  if (action.environments !== 'any')
    for (const { environment } of targets)
      if (!action.environments.includes(environment)) never.push('policy-denied');
  if (tier > 0 && question.frozen) never.push('frozen');
  if (tier === 3 && targets.length > 1) never.push('one-target-only');
  if (tier === 3 && tainted && !person) never.push('tainted');
  if (never.length > 0) return { verdict: 'deny', because: never };

  const alone = ((): boolean => {
    switch (action.tier) {
      case 'T0':
        return true;
      case 'T1':
        if (standing === null) return false;
        return tainted ? standing.evenTainted && action.closedArguments : true;
      case 'T2':
        return standing !== null && question.inWindow && !tainted && !assistant;
      case 'T3':
        return false;
    }
  })();
  if (alone) return { verdict: 'allow', because: ['policy'] };
  const because = ['policy'];
  if (tainted) because.push('tainted');
  if (tier === 2 && standing !== null && !question.inWindow) because.push('outside-window');
  return { verdict: 'needs-approval', because };
}

/** Marsaglia's xorshift32: the same seed, the same questions. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function questionFrom(next: (below: number) => number): PolicyQuestion {
  const pick = <T>(items: readonly [T, ...T[]]): T => items[next(items.length)] ?? items[0];
  // Rarely: most questions should come as far as the rules about tiers.
  const rare = (): boolean => next(12) === 0;
  const target = (i: number): Target =>
    aTarget({
      id: `host:${'x'.repeat(next(3))}${i}`,
      scope: pick(['main/main', 'main/other', 'acme/one']),
      environment: pick(ENVIRONMENTS),
      hostType: pick(['debian', 'windows', 'other']),
      transport: pick(['local', 'ssh', 'none']),
      criticality: pick(['low', 'normal', 'high']),
      owner: pick([null, 'shop', 'Ünï "quoted"\\']),
      tags: next(2) === 0 ? [] : ['a', 'b:c=d/e'],
      redundancySet: pick([null, 'web']),
    });
  const many = rare() ? next(4) : 1;
  const capability = pick(['service.manage', 'host.reboot', '"]) || true //']);
  return {
    caller: {
      principal: pick(['operator:ana', 'assistant:stdio', '', 'x", "y', '*']),
      surface: pick(['cli', 'mcp-stdio', 'mcp-http', 'service']),
      kind: pick(['operator', 'assistant', 'service']),
      profile: pick(['observer', 'operator', '']),
      capabilities: rare() ? ['service.other', capability.slice(1)] : ['facts.read', capability],
      ceiling: pick(rare() ? TIERS : ['T3', 'T3', 'T2']),
      tainted: next(3) === 0,
    },
    action: {
      id: pick(['service.reload', 'permit(principal, action, resource);']),
      version: 1 + next(5),
      family: pick(['service', 'host']),
      tier: pick(TIERS),
      sideEffect: pick(['none', 'transient', 'state', 'data', 'destructive']),
      capability,
      reversible: next(2) === 0,
      closedArguments: next(2) === 0,
      environments: pick(['any', 'any', ENVIRONMENTS, ['production', 'lab'], rare() ? [] : 'any']),
    },
    targets: Array.from({ length: many }, (_, i) => target(i)),
    mode: pick(rare() ? MODES : ['open', 'open', 'guarded']),
    inWindow: next(2) === 0,
    frozen: rare(),
    planTainted: next(4) === 0,
    standing: next(3) === 0 ? null : { id: pick(['nightly', '']), evenTainted: next(2) === 0 },
  };
}

describe('the engine and the second reading', () => {
  const engine = loadPolicies(shippedFiles(), OPEN);

  it(`agree on ${QUESTIONS} questions`, () => {
    const next = generator(SEED);
    const seen = new Map<string, number>();
    for (let i = 0; i < QUESTIONS; i++) {
      const question = questionFrom(next);
      const got = engine.decide(question);
      const wanted = meant(question);
      if (got.verdict !== wanted.verdict || !wanted.because.includes(got.because))
        assert.fail(
          `seed ${SEED}, question ${i}: ${JSON.stringify({ got, wanted, question }, null, 1)}`,
        );
      assert.ok(got.policies.length > 0 && got.says !== '');
      const kind = `${question.action.tier} ${got.verdict}`;
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }
    // Agreement says nothing about what never came up. The rarest kind is one question in a hundred:
    // a twentieth of that is out of reach of any seed.
    const kinds = TIERS.flatMap((tier) => [
      `${tier} allow`,
      `${tier} needs-approval`,
      `${tier} deny`,
    ]);
    const rare = kinds
      .filter((kind) => kind !== 'T0 needs-approval' && kind !== 'T3 allow')
      .filter((kind) => (seen.get(kind) ?? 0) <= Math.floor(QUESTIONS / 2_000));
    assert.deepEqual(rare, [], `seed ${SEED}`);
  });

  it('disagree when one rule is missing', () => {
    const rules = shippedFiles().flatMap(({ text }) => [...text.matchAll(/@id\("([^"]+)"\)/g)]);
    // What the built-in floor, or another rule, holds up as well; each was looked at.
    const alsoHeld = new Set([
      'mode',
      'ceiling',
      't3-one-target',
      't3-never-alone',
      'look-with-capability',
      't2-not-by-assistants',
      'needs-standing',
      't2-outside-window',
    ]);
    const unnoticed = rules.flatMap(([, id = '']) => {
      const without = loadPolicies(
        shippedFiles().map((file) => drop(file, id)),
        OPEN,
      );
      const next = generator(1);
      for (let i = 0; i < (alsoHeld.has(id) ? 40 : 5_000); i++) {
        const question = questionFrom(next);
        if (without.decide(question).verdict !== meant(question).verdict) return [];
      }
      return [id];
    });
    assert.deepEqual(new Set(unnoticed), alsoHeld);
  });
});

function drop(file: PolicyFile, id: string): PolicyFile {
  const parts = file.text.split(/(?=^@id\()/m).filter((part) => !part.startsWith(`@id("${id}")`));
  return { ...file, text: parts.join('') };
}

const WORST: readonly Verdict[] = ['deny', 'needs-approval', 'allow'];
const rank = ({ verdict }: Decision): number => WORST.indexOf(verdict);

/** Conditions that hold for some questions, in Cedar and in words of our own. */
const CONDITIONS: readonly (readonly [string, (question: PolicyQuestion) => boolean])[] = [
  ['context.session.tainted', ({ caller }) => caller.tainted],
  ['context.action.tier >= 2', ({ action }) => action.tier === 'T2' || action.tier === 'T3'],
  ['resource.environment == "lab"', ({ targets }) => targets.some((t) => t.environment === 'lab')],
  [
    'resource has owner && resource.owner == "shop"',
    ({ targets }) => targets.some((t) => t.owner === 'shop'),
  ],
  [
    'resource in Organisation::"acme"',
    ({ targets }) => targets.some((t) => t.scope.startsWith('acme/')),
  ],
  ['principal in Profile::"observer"', ({ caller }) => caller.profile === 'observer'],
  ['context has standing', ({ standing }) => standing !== null],
  ['resource.tags.contains("a")', ({ targets }) => targets.some((t) => t.tags.includes('a'))],
  ['context.session.surface == "cli"', ({ caller }) => caller.surface === 'cli'],
  ['true', () => true],
];

describe('with rules added at random', () => {
  const shipped = loadPolicies(shippedFiles(), OPEN);
  const next = generator(SEED ^ 0x9e3779b9);
  const added = (effect: string, condition: string): PolicyFile => ({
    path: `${effect}.cedar`,
    text: `@id("own-${effect}") @why("own") ${effect} (principal, action in [Action::"propose", Action::"act"], resource) when { ${condition} };`,
  });

  it('a forbid overrides every permit: what it speaks of is denied, and names it', () => {
    for (const [condition, holds] of CONDITIONS) {
      const engine = loadPolicies(
        [...shippedFiles(), added('permit', 'true'), added('forbid', condition)],
        OPEN,
      );
      for (let i = 0; i < 15; i++) {
        const question = questionFrom(next);
        const decision = engine.decide(question);
        if (!holds(question) || question.targets.length === 0) continue;
        assert.equal(decision.verdict, 'deny', `${condition}, seed ${SEED}`);
        if (question.targets.length === 1) assert.ok(decision.policies.includes('own-forbid'));
      }
    }
  });

  it('a forbid never makes an answer better, a permit never makes it worse', () => {
    for (const [condition] of CONDITIONS) {
      const stricter = loadPolicies([...shippedFiles(), added('forbid', condition)], OPEN);
      const wider = loadPolicies([...shippedFiles(), added('permit', condition)], OPEN);
      for (let i = 0; i < 15; i++) {
        const question = questionFrom(next);
        const before = rank(shipped.decide(question));
        assert.ok(rank(stricter.decide(question)) <= before, `${condition}, seed ${SEED}`);
        assert.ok(rank(wider.decide(question)) >= before, `${condition}, seed ${SEED}`);
      }
    }
  });

  it('what no rule permits is denied', () => {
    const nothing = loadPolicies(
      [
        ...shippedFiles().filter(({ path }) => !path.endsWith('.cedar')),
        added('permit', 'context.action.id == "no such action"'),
      ],
      OPEN,
    );
    for (let i = 0; i < 40; i++) {
      const decision = nothing.decide(questionFrom(next));
      assert.equal(decision.verdict, 'deny');
    }
    assert.deepEqual(nothing.decide(aQuestion()).policies, ['default-deny']);
    assert.deepEqual(
      nothing.decideLook({ kind: 'operator', profile: 'operator', capabilities: ['x'] }, 'x')
        .policies,
      ['default-deny'],
    );
  });
});
