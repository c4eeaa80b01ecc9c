/** Why an answer is what it is, in lines for people, and which past answers would now be others. */
import { type Decision, TIERS } from '#model';
import { isAssistant } from './ask.ts';
import type { CedarAnswer } from './cedar.ts';
import { type CedarPolicyEngine, DEFAULT_DENY, type TargetTrace } from './engine.ts';
import type { PolicyQuestion } from './protocol.ts';

const SHOWN_TARGETS = 10;

/**
 * What was asked, each policy that spoke with its why and its place, and what would change the
 * answer. Names in it are the caller's: whoever shows the lines cleans them like any other text.
 */
export function explain(engine: CedarPolicyEngine, question: PolicyQuestion): readonly string[] {
  const traces = engine.trace(question);
  const decision = engine.decide(question);
  const left = traces.length - SHOWN_TARGETS;
  return [
    ...asked(question),
    `answer: ${decision.verdict}, because ${decision.because}: ${decision.says}`,
    ...traces.slice(0, SHOWN_TARGETS).flatMap((trace) => spoken(engine, trace)),
    ...(left > 0 ? [`and ${left} more targets`] : []),
    ...remedies(engine, question, decision),
  ];
}

export type PastQuestion = {
  readonly change: string;
  readonly question: PolicyQuestion;
  readonly decision: Decision;
};
export type DecidedOtherwise = {
  readonly change: string;
  readonly before: Decision;
  readonly after: Decision;
};

/** Past questions that this engine answers otherwise: another verdict, or another reason code. */
export function replay(
  engine: CedarPolicyEngine,
  past: readonly PastQuestion[],
): readonly DecidedOtherwise[] {
  return past.flatMap(({ change, question, decision: before }) => {
    const after = engine.decide(question);
    const isSame = after.verdict === before.verdict && after.because === before.because;
    return isSame ? [] : [{ change, before, after }];
  });
}

function asked(question: PolicyQuestion): string[] {
  const { caller, action, targets, standing } = question;
  const who = isAssistant(caller) ? 'assistant' : caller.kind;
  const facts = [
    `mode ${question.mode}`,
    `ceiling ${caller.ceiling}`,
    caller.tainted ? 'tainted session' : 'clean session',
    ...(question.planTainted ? ['tainted plan'] : []),
    standing === null
      ? 'no standing approval'
      : `standing approval ${standing.id}${standing.evenTainted ? ', even tainted' : ''}`,
    question.inWindow ? 'in a window' : 'no window open',
    ...(question.frozen ? ['a freeze holds'] : []),
  ];
  return [
    `asked: ${action.id}@${action.version} (${action.tier}) on ${targets.map(({ id }) => id).join(', ')}`,
    `by: ${caller.principal}, decided as ${who}, profile ${caller.profile}, over ${caller.surface}`,
    `known: ${facts.join('; ')}`,
  ];
}

function spoken(engine: CedarPolicyEngine, trace: TargetTrace): string[] {
  const { target, decision, propose, act, floor } = trace;
  const answers = (answer: CedarAnswer | undefined): string[] => {
    if (answer === undefined) return [];
    if (answer.reasons.length === 0) return [`    ${DEFAULT_DENY}: no rule speaks of it`];
    return answer.reasons.map((id) => {
      const rule = engine.rules.get(id);
      return rule === undefined
        ? `    ${id}`
        : `    ${id} (${rule.effect}): ${rule.why} [${rule.file}:${rule.line}]`;
    });
  };
  const yes = (answer: CedarAnswer | undefined): string => {
    if (answer === undefined) return 'was not asked, or could not be answered';
    return answer.permitted ? 'yes' : 'no';
  };
  return [
    `${target === '' ? 'no target' : target}: ${decision.verdict}`,
    `  may it be proposed: ${yes(propose)}`,
    ...answers(propose),
    `  may it run without an approval: ${yes(act)}`,
    ...answers(act),
    ...(floor === undefined
      ? []
      : [`  whatever the policies say, at most ${floor.atMost}: ${floor.why} [${floor.id}]`]),
  ];
}

const OPEN = 'in the mode open';
type Remedy = readonly [string, (question: PolicyQuestion) => PolicyQuestion];

const REMEDIES: readonly Remedy[] = [
  [OPEN, (q) => ({ ...q, mode: 'open' })],
  ['with the ceiling T3', (q) => ({ ...q, caller: { ...q.caller, ceiling: 'T3' } })],
  [
    'with the capability of the action',
    (q) => ({
      ...q,
      caller: { ...q.caller, capabilities: [...q.caller.capabilities, q.action.capability] },
    }),
  ],
  ['without the freeze', (q) => ({ ...q, frozen: false })],
  ['in a maintenance window', (q) => ({ ...q, inWindow: true })],
  ['for one target alone', (q) => ({ ...q, targets: q.targets.slice(0, 1) })],
  [
    'from a clean session, for a plan without the words of a target',
    (q) => ({ ...q, planTainted: false, caller: { ...q.caller, tainted: false } }),
  ],
  [
    'asked by an operator at the command line',
    (q) => ({ ...q, caller: { ...q.caller, kind: 'operator', surface: 'cli' } }),
  ],
  [
    'inside a standing approval',
    (q) => ({ ...q, standing: q.standing ?? { id: 'what-if', evenTainted: false } }),
  ],
  [
    'inside a standing approval that says evenTainted',
    (q) => ({ ...q, standing: { id: 'what-if', evenTainted: true } }),
  ],
];

/** Found by asking again with one thing changed, so it holds for edited policies as well. */
function remedies(
  engine: CedarPolicyEngine,
  question: PolicyQuestion,
  decision: Decision,
): string[] {
  if (decision.verdict === 'allow') return [];
  const order = ['deny', 'needs-approval', 'allow'];
  const better: string[] = [];
  const tried = new Set<string>();
  if (TIERS.includes(question.action.tier))
    for (const [what, change] of REMEDIES) {
      const asked = what === OPEN ? engine.opened() : engine;
      const { verdict } = asked.decide(change(question));
      if (order.indexOf(verdict) <= order.indexOf(decision.verdict)) continue;
      // The weaker of two standing approvals says it all.
      const key = what.startsWith('inside') ? `inside ${verdict}` : what;
      if (!tried.has(key)) better.push(`  ${what}: ${verdict}`);
      tried.add(key);
    }
  if (decision.verdict === 'needs-approval') better.push('  with the signature of an operator');
  return [
    'what would change it:',
    ...(better.length > 0 ? better : ['  no one thing alone: another rule, or several things']),
  ];
}
