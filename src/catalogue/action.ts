/**
 * An action: a named, typed operation with a contract. Data, never code.
 *
 * It comes from a YAML file, shipped or an operator's own, and says everything that is needed to
 * preview, decide, run, verify and undo it. A step is an argv with typed placeholders; no part of a
 * placeholder's value can become an option, a second argument or a shell's business.
 */
import type { ActionCapability, HostType, Tier } from '#model';

export const SIDE_EFFECTS = ['none', 'transient', 'state', 'data', 'destructive'] as const;
export type SideEffect = (typeof SIDE_EFFECTS)[number];

/**
 * Types of arguments. `unit`, `container`, `package`, `account`, `process`, `path` and `certificate`
 * name entities: the value must be one that a trusted source reports for that target, unless the
 * argument says `known: false`.
 */
export const ARGUMENT_TYPES = [
  'unit',
  'container',
  'package',
  'account',
  'process',
  'certificate',
  'path',
  'enum',
  'number',
  'version',
  'text',
  'boolean',
] as const;
export type ArgumentType = (typeof ARGUMENT_TYPES)[number];

export type ArgumentSpec = {
  readonly name: string;
  readonly type: ArgumentType;
  readonly summary: string;
  readonly required: boolean;
  readonly fallback: string | number | boolean | null;
  /** `enum`: the values. */
  readonly values: readonly string[];
  /** `path`: absolute directories it must lie in. */
  readonly within: readonly string[];
  readonly min: number | null;
  readonly max: number | null;
  /** Must be known to the fact store from a trusted source. */
  readonly known: boolean;
  /** Content that may be secret: shown as hash and length outside the approval page. */
  readonly secret: boolean;
};

/** A piece of an argv word: literal, or a placeholder. A word is the concatenation of its pieces. */
export type TemplatePiece = { readonly literal: string } | { readonly argument: string };
export type ArgvTemplate = readonly (readonly TemplatePiece[])[];

export type FactTest = {
  readonly entity: readonly TemplatePiece[];
  readonly attribute: string;
  readonly test: 'equals' | 'differs' | 'absent' | 'present';
  readonly value: unknown;
  readonly why: string;
};

export type StepSpec = {
  readonly argv: ArgvTemplate;
  readonly effect: readonly TemplatePiece[];
  /** The argument whose value is given on standard input. */
  readonly stdin: string | null;
  readonly runAs: string;
  readonly timeoutSeconds: number;
  readonly atomic: boolean;
  /** Runs when the step was run and has to be taken back. `null`: nothing to take back. */
  readonly inverse: {
    readonly argv: ArgvTemplate;
    readonly effect: readonly TemplatePiece[];
  } | null;
};

export type ProbeSpec = {
  readonly argv: ArgvTemplate;
  readonly exit: number;
  readonly says: string | null;
};

export type Action = {
  readonly id: string;
  readonly version: number;
  readonly summary: string;
  readonly family: string;
  readonly tier: Tier;
  readonly sideEffect: SideEffect;
  readonly capability: ActionCapability;
  readonly hostTypes: readonly HostType[] | 'any';
  readonly environments: readonly string[] | 'any';
  readonly arguments: readonly ArgumentSpec[];
  /** Most targets in one change. */
  readonly maxTargets: number;
  readonly concurrency: { readonly perTarget: number; readonly perCaller: number };
  readonly cooldownSeconds: number;
  /** Of reading steps only; whatever changes something is never retried. */
  readonly retries: number;
  readonly idempotent: boolean;
  /** Facts that must hold for the action to make sense, and are bound into the plan. */
  readonly requires: readonly FactTest[];
  /** Facts that are bound into the plan with whatever value they have. */
  readonly binds: readonly {
    readonly entity: readonly TemplatePiece[];
    readonly attribute: string;
  }[];
  /** Programs run while previewing, on the look road; their output is shown with the plan. */
  readonly preview: readonly ArgvTemplate[];
  readonly steps: readonly StepSpec[];
  readonly verify: { readonly facts: readonly FactTest[]; readonly probes: readonly ProbeSpec[] };
  readonly stabiliseSeconds: number;
  /** Why there is no way back; `null` when every step has its inverse. */
  readonly irreversible: string | null;
  /** Labels of argument names and output lines that are redacted on top of the general rules. */
  readonly redact: readonly string[];
  /** How the contract test tries it: `lab` in a container, `simulated` where it cannot be taken back. */
  readonly contract: 'lab' | 'simulated';
  /** Where it was read. */
  readonly origin: { readonly file: string; readonly line: number; readonly shipped: boolean };
  /** SHA-256 over the action as data (RFC 8785), without its origin. */
  readonly digest: string;
};

/** An ordered list of actions with one verification and one way back. */
export type Runbook = {
  readonly id: string;
  readonly version: number;
  readonly summary: string;
  readonly tier: Tier;
  readonly arguments: readonly ArgumentSpec[];
  readonly steps: readonly (
    | { readonly action: string; readonly with: Readonly<Record<string, readonly TemplatePiece[]>> }
    | {
        /** A program under the runbook root; its content is part of the plan. */
        readonly script: string;
        readonly args: ArgvTemplate;
        readonly inverse: { readonly script: string; readonly args: ArgvTemplate } | null;
        readonly effect: readonly TemplatePiece[];
        readonly timeoutSeconds: number;
        readonly atomic: boolean;
      }
  )[];
  readonly verify: Action['verify'];
  readonly stabiliseSeconds: number;
  readonly irreversible: string | null;
  readonly origin: Action['origin'];
  readonly digest: string;
};
