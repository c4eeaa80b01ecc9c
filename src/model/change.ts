/**
 * A change and its plan. The plan is exact and its digest (SHA-256 over RFC 8785) is its identity:
 * what is shown is rendered from it, what is signed names it, what runs is derived from it.
 */
import type { JsonObject } from '#base/json';
import type { Instant } from '#base/time';
import type { Scope } from './fact.ts';
import type { PlanRollout } from './rollout.ts';

/** T0 observe, T1 reversible, T2 stateful, T3 irreversible. `deny` is never run. */
export const TIERS = ['T0', 'T1', 'T2', 'T3'] as const;
export type Tier = (typeof TIERS)[number];

/** What an action may require of its caller, besides `changes.propose`. Holding one lets propose, never run. */
export const ACTION_CAPABILITIES = [
  'actions.look',
  'actions.change',
  'actions.irreversible',
] as const;
export type ActionCapability = (typeof ACTION_CAPABILITIES)[number];

/** Server-wide highest tier: `readonly` T0, `guarded` T2, `open` T3. */
export const MODES = ['readonly', 'guarded', 'open'] as const;
export type Mode = (typeof MODES)[number];

export const VERDICTS = ['allow', 'needs-approval', 'deny'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const CHANGE_STATES = [
  'proposed',
  'previewed',
  'approved',
  'executing',
  'confirmed',
  'failed',
  'ambiguous',
  'closed',
  'refused',
  'expired',
  'cancelled',
  'rolled-back',
] as const;
export type ChangeState = (typeof CHANGE_STATES)[number];

/** Least to most. How much stands behind a signature; see docs/host-contract.md. */
export const ASSURANCES = ['same-user', 'touch', 'separate'] as const;
export type Assurance = (typeof ASSURANCES)[number];

/** Why a change may or may not go on, with the ids of the policies that decided it. */
export type Decision = {
  readonly verdict: Verdict;
  /** A stable code, or `policy`: the reason in one sentence follows in `says`. */
  readonly because: string;
  readonly says: string;
  readonly policies: readonly string[];
};

export type Direction = 'forward' | 'inverse';

/** What the host itself tests right before a step. */
export type HostCondition =
  | { readonly kind: 'file-sha256'; readonly path: string; readonly sha256: string }
  | { readonly kind: 'file-absent'; readonly path: string };

/** An argument of a step: literal text, or the host's own checked copy of one of the step's files, from 1. */
export type PlanArg = string | { readonly file: number };

/** One program on one target. Never a shell line. */
export type PlanStep = {
  /** Target id of the inventory. */
  readonly target: string;
  /** From 1; forward and inverse of one step share it. */
  readonly step: number;
  readonly of: number;
  readonly direction: Direction;
  /** id@version of the action this step belongs to; in a runbook steps may differ. */
  readonly action: string;
  readonly argv: readonly PlanArg[];
  readonly runAs: string;
  /** Text given on standard input. */
  readonly stdin: string | null;
  /** Files on the target whose content is part of the plan. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
  readonly conditions: readonly HostCondition[];
  readonly timeoutSeconds: number;
  readonly atomic: boolean;
  /** What it does, rendered from the action's own words, never from a caller's or a host's. */
  readonly effect: string;
};

/** A fact the plan relied on; it must still hold, from a trusted source, right before dispatch. */
export type Precondition = {
  readonly target: string;
  readonly entity: string;
  readonly attribute: string;
  /** Canonical JSON compared for equality; `undefined` in JSON is spelled by `absent: true`. */
  readonly value: unknown;
  readonly absent: boolean;
  readonly why: string;
};

/** What must be seen after the change has settled. */
export type Check =
  | {
      readonly kind: 'fact';
      readonly target: string;
      readonly entity: string;
      readonly attribute: string;
      readonly test: 'equals' | 'differs' | 'absent' | 'present';
      readonly value: unknown;
    }
  | {
      readonly kind: 'probe';
      readonly target: string;
      readonly argv: readonly string[];
      readonly exit: number;
      /** A substring that must be on standard output. */
      readonly says: string | null;
    };

export type PlanTarget = {
  readonly id: string;
  readonly scope: Scope;
  /** The host's own random id and epoch, from its enrolment. */
  readonly hostId: string;
  readonly epoch: number;
  /** The target that runs the parts, where it is not this one; `hostId` and `epoch` are then its own. */
  readonly carrier?: { readonly id: string; readonly scope: Scope };
  /** SHA-256 over the profile as the inventory gives it. */
  readonly profile: string;
};

export type Plan = {
  readonly v: 1;
  readonly change: string;
  readonly organisation: string;
  readonly action: { readonly id: string; readonly version: number; readonly digest: string };
  readonly arguments: JsonObject;
  readonly reason: string;
  readonly requestedBy: { readonly principal: string; readonly onBehalfOf: string | null };
  readonly tier: Tier;
  /** Digests in force when the plan was made. */
  readonly inForce: {
    readonly inventory: string;
    readonly policy: string;
    readonly catalogue: string;
    readonly baselines: string;
  };
  readonly targets: readonly PlanTarget[];
  /** Left out: all targets in one go. */
  readonly rollout?: PlanRollout;
  readonly steps: readonly PlanStep[];
  readonly preconditions: readonly Precondition[];
  readonly verification: readonly Check[];
  readonly stabiliseSeconds: number;
  /** Why there is no way back, when there is none. */
  readonly irreversible: string | null;
  /** The change this one undoes. */
  readonly undoes: string | null;
  readonly tainted: boolean;
  /** Microseconds; JSON numbers. */
  readonly madeAt: Instant;
  readonly decideBy: Instant;
};

/**
 * Why a change was refused. Stable: callers act on these. docs/refusals.md says what each means and
 * what to do; a test holds the two together.
 */
export const REFUSALS = [
  'not-together',
  'unknown-target',
  'unknown-action',
  'not-published',
  'invalid-arguments',
  'wrong-host-type',
  'no-adapter',
  'no-operator',
  'no-recovery-key',
  'policy-denied',
  'policy-unavailable',
  'above-mode',
  'above-ceiling',
  'not-permitted',
  'outside-window',
  'frozen',
  'config-unsigned',
  'stopped',
  'tainted',
  'cooldown',
  'over-budget',
  'too-many-at-once',
  'breaker-open',
  'flapping',
  'blast-radius',
  'redundancy',
  'data-and-backup',
  'untyped-value',
  'command-refused',
  'state-moved',
  'expired',
  'not-pending',
  'already-approved',
  'four-eyes',
  'bad-signature',
  'unknown-signer',
  'assurance-too-low',
  'name-not-typed',
  'one-target-only',
  'log-unwritable',
  'restored',
  'cancelled',
  'nothing-to-undo',
  'world-moved',
  'host-refused',
] as const;
export type Refusal = (typeof REFUSALS)[number];
