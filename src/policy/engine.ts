/**
 * Decides. Every target by itself, the worst answer wins; whatever cannot be decided is denied.
 * Two questions to Cedar for each: may it be proposed, and may it run without a person's approval.
 */
import { type Decision, REFUSALS, type Refusal, type Target, type Verdict } from '#model';
import { type Bounded, type Bounds, bound, cedarRequest, lookRequest } from './ask.ts';
import type { Cedar, CedarAnswer } from './cedar.ts';
import { type Floor, floorOf } from './floor.ts';
import type { PolicyRule } from './policy-text.ts';
import type { PolicyCaller, PolicyEngine, PolicyQuestion } from './protocol.ts';

export const DEFAULT_DENY = 'default-deny';

/** How one target was decided, for `explain`. */
export type TargetTrace = {
  readonly target: string;
  readonly decision: Decision;
  readonly propose: CedarAnswer | undefined;
  /** `undefined` also when proposing was denied and nobody asked. */
  readonly act: CedarAnswer | undefined;
  readonly floor: Floor | undefined;
};

const KINDS: readonly PolicyCaller['kind'][] = ['operator', 'assistant', 'service'];

/** Profiles and capabilities whose looks are kept once decided; others are decided each time. */
export type Vocabulary = {
  readonly profiles: readonly string[];
  readonly capabilities: readonly string[];
};

/** The rules, and Cedar with them prepared. */
export type Prepared = {
  readonly rules: ReadonlyMap<string, PolicyRule>;
  readonly cedar: Cedar;
};

type Request = ReturnType<typeof cedarRequest>;
type Asked = {
  readonly propose: CedarAnswer | undefined;
  readonly act: CedarAnswer | undefined;
};
const MOST_ANSWERS = 256;

export class CedarPolicyEngine implements PolicyEngine {
  readonly digest: string;
  readonly #prepare: () => Prepared;
  #prepared: Prepared | undefined;
  readonly #shipped: boolean;
  readonly #bounds: Bounds;
  /** Decided by Cedar once each, the first time it is asked. */
  readonly #looks = new Map<string, Decision>();
  readonly #vocabulary: Vocabulary;
  /** Of actions that only look, by everything that was asked. */
  readonly #answers = new Map<string, Asked>();

  /** `isShipped`: the rules are those that come with the program, whose looks are known without asking. */
  constructor(
    digest: string,
    prepare: () => Prepared,
    bounds: Bounds,
    vocabulary: Vocabulary,
    isShipped: boolean,
  ) {
    this.digest = digest;
    this.#prepare = prepare;
    this.#bounds = bounds;
    this.#vocabulary = vocabulary;
    this.#shipped = isShipped;
  }

  get rules(): ReadonlyMap<string, PolicyRule> {
    return this.#ready.rules;
  }

  /** Preparing costs more than many decisions, so it waits for the first. Throws where it cannot be done. */
  get #ready(): Prepared {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  /** The same rules as if the settings' mode were open; to say what the mode alone stands in the way of. */
  opened(): CedarPolicyEngine {
    const bounds: Bounds = { ...this.#bounds, mode: 'open' };
    const nothing: Vocabulary = { profiles: [], capabilities: [] };
    return new CedarPolicyEngine(this.digest, () => this.#ready, bounds, nothing, this.#shipped);
  }

  decide(question: PolicyQuestion): Decision {
    return merge(this.trace(question));
  }

  /** One entry per target; never empty, never throws. */
  trace(question: PolicyQuestion): readonly [TargetTrace, ...TargetTrace[]] {
    try {
      const bounded = bound(question, this.#bounds);
      if (bounded === undefined)
        return [untraced(unavailable('the question has a tier or mode that is not known'))];
      const [first, ...others] = question.targets;
      if (first === undefined)
        return [untraced(refuse('unknown-target', ['built-in-no-target'], 'no target is named'))];
      return [
        this.#traceTarget(bounded, first),
        ...others.map((target) => this.#traceTarget(bounded, target)),
      ];
    } catch {
      return [untraced(unavailable('the question could not be read'))];
    }
  }

  decideLook(
    caller: Pick<PolicyCaller, 'kind' | 'profile' | 'capabilities'>,
    capability: string,
  ): Decision {
    const held = caller.capabilities.includes(capability);
    const key = lookKey(caller.kind, caller.profile, capability, held);
    const known = this.#looks.get(key);
    if (known !== undefined) return known;
    const decision = this.#look(caller.kind, caller.profile, capability, held);
    // Only what there is a bounded number of.
    const { profiles, capabilities } = this.#vocabulary;
    if (profiles.includes(caller.profile) && capabilities.includes(capability))
      this.#looks.set(key, decision);
    return decision;
  }

  #traceTarget(bounded: Bounded, target: Target): TargetTrace {
    const request = cedarRequest(bounded, target);
    const floor = floorOf(bounded);
    const { propose, act } =
      bounded.question.action.tier === 'T0' ? this.#askedBefore(request) : this.#ask(request);
    const decision = lower(this.#judge(propose, act), floor);
    return { target: target.id, decision, propose, act, floor };
  }

  #ask(request: Request): Asked {
    const { cedar } = this.#ready;
    const propose = cedar.ask({ ...request, action: 'propose' });
    const act = propose?.permitted === true ? cedar.ask({ ...request, action: 'act' }) : undefined;
    return { propose, act };
  }

  /** Cedar answers the same question alike as long as the rules are these. Only answers are kept, and not many. */
  #askedBefore(request: Request): Asked {
    const key = JSON.stringify(request);
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(request);
    if (asked.propose === undefined || (asked.propose.permitted && asked.act === undefined))
      return asked;
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear();
    this.#answers.set(key, asked);
    return asked;
  }

  #judge(propose: CedarAnswer | undefined, act: CedarAnswer | undefined): Decision {
    if (propose === undefined) return unavailable('the policies could not be asked');
    if (!propose.permitted) return this.#denied(propose, 'no rule permits this');
    if (act === undefined) return unavailable('the policies could not be asked');
    if (act.permitted)
      return {
        verdict: 'allow',
        because: 'policy',
        says: this.#whys(act.reasons),
        policies: sorted([...propose.reasons, ...act.reasons]),
      };
    const isDefault = act.reasons.length === 0;
    return {
      verdict: 'needs-approval',
      because: this.#code(act.reasons) ?? 'policy',
      says: isDefault ? 'no rule lets this run without a person' : this.#whys(act.reasons),
      policies: sorted([...propose.reasons, ...(isDefault ? [DEFAULT_DENY] : act.reasons)]),
    };
  }

  #look(kind: PolicyCaller['kind'], profile: string, capability: string, held: boolean): Decision {
    if (this.#shipped && KINDS.includes(kind)) return shippedLook(capability, held);
    const answer = KINDS.includes(kind)
      ? this.#ready.cedar.ask(lookRequest(kind, profile, capability, held))
      : undefined;
    if (answer === undefined) return unavailable('the policies could not be asked');
    if (!answer.permitted) return this.#denied(answer, mayNotLook(capability));
    return {
      verdict: 'allow',
      because: 'policy',
      says: this.#whys(answer.reasons),
      policies: answer.reasons,
    };
  }

  #denied(answer: CedarAnswer, otherwise: string): Decision {
    if (answer.reasons.length === 0) return refuse('not-permitted', [DEFAULT_DENY], otherwise);
    return refuse(
      this.#code(answer.reasons) ?? 'policy-denied',
      answer.reasons,
      this.#whys(answer.reasons),
    );
  }

  #whys(ids: readonly string[]): string {
    return [...new Set(ids.map((id) => this.rules.get(id)?.why ?? id))].join('; ');
  }

  #code(ids: readonly string[]): Refusal | undefined {
    return firstCode(ids.map((id) => this.rules.get(id)?.code ?? null));
  }
}

function mayNotLook(capability: string): string {
  return `no rule lets this caller look with ${capability}`;
}

/** What Cedar answers to every look by the shipped `look.cedar`; a test holds one to the other. */
function shippedLook(capability: string, held: boolean): Decision {
  if (!held) return refuse('not-permitted', [DEFAULT_DENY], mayNotLook(capability));
  return {
    verdict: 'allow',
    because: 'policy',
    says: 'whoever holds the capability may look',
    policies: ['look-with-capability'],
  };
}

const WORST: readonly Verdict[] = ['deny', 'needs-approval', 'allow'];

/** The worst verdict, with the reasons of every target that got it. */
function merge(traces: readonly [TargetTrace, ...TargetTrace[]]): Decision {
  if (traces.length === 1) return traces[0].decision;
  const verdict = WORST.find((each) => traces.some(({ decision }) => decision.verdict === each));
  const deciding = traces.filter(({ decision }) => decision.verdict === verdict);
  const first = (deciding[0] ?? traces[0]).decision;
  const says = new Map<string, string[]>();
  for (const { target, decision } of deciding)
    says.set(decision.says, [...(says.get(decision.says) ?? []), target]);
  const everyone = says.size === 1 && deciding.length === traces.length;
  return {
    verdict: first.verdict,
    because: firstCode(deciding.map(({ decision }) => decision.because)) ?? first.because,
    says: everyone
      ? first.says
      : [...says].map(([why, targets]) => `${several(targets)}: ${why}`).join('; '),
    policies: sorted(deciding.flatMap(({ decision }) => decision.policies)),
  };
}

/** The answer, and below it what no policy can open. */
function lower(decision: Decision, floor: Floor | undefined): Decision {
  if (floor === undefined || WORST.indexOf(decision.verdict) <= WORST.indexOf(floor.atMost))
    return decision;
  return {
    verdict: floor.atMost,
    because: floor.code ?? 'policy',
    says: floor.why,
    policies: [floor.id],
  };
}

function several(targets: readonly string[]): string {
  const left = targets.length - 3;
  return left > 0 ? `${targets.slice(0, 3).join(', ')} and ${left} more` : targets.join(', ');
}

/** The most general refusal first, as the list of refusal codes has them. */
function firstCode(codes: readonly (string | null)[]): Refusal | undefined {
  return REFUSALS.find((code) => codes.includes(code));
}

function refuse(because: Refusal, policies: readonly string[], says: string): Decision {
  return { verdict: 'deny', because, says, policies };
}

function unavailable(why: string): Decision {
  return refuse(
    'policy-unavailable',
    ['built-in-unavailable'],
    `${why}: nothing is permitted until it can be decided`,
  );
}

function untraced(decision: Decision): TargetTrace {
  return { target: '', decision, propose: undefined, act: undefined, floor: undefined };
}

function lookKey(kind: string, profile: string, capability: string, held: boolean): string {
  return `${held ? '+' : '-'}${kind}\n${profile}\n${capability}`;
}

function sorted(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)].sort();
}
