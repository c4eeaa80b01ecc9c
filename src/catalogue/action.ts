/**
 * An action: a named, typed operation with a contract. Data, never code.
 *
 * It comes from a YAML file, shipped or an operator's own, and says everything that is needed to
 * preview, decide, run, verify and undo it. A step is an argv with typed placeholders; no part of a
 * placeholder's value can become an option, a second argument or a shell's business.
 */
import type { DeclarationKind, FindingKind, HostType, Tier } from '#model';

export const SIDE_EFFECTS = ['none', 'transient', 'state', 'data', 'destructive'] as const;
export type SideEffect = (typeof SIDE_EFFECTS)[number];

/**
 * Types of arguments. `unit`, `container`, `package`, `account`, `process`, `path`, `certificate` and `playbook`
 * name entities: the value must be one that a trusted source reports for that target, unless the
 * argument says `known: false`. `choices` is some of `values`, once each, joined by commas. `image` is a container image pinned by its digest. `name` is a plain word, bound to a fact by `requires` where there is one.
 */
export const ARGUMENT_TYPES = [
  'unit',
  'container',
  'package',
  'account',
  'process',
  'certificate',
  'playbook',
  'path',
  'name',
  'enum',
  'number',
  'version',
  'image',
  'text',
  'boolean',
  'choices',
] as const;
export type ArgumentType = (typeof ARGUMENT_TYPES)[number];

export type ArgumentValue = string | number | boolean;

export type ArgumentSpec = {
  readonly name: string;
  readonly type: ArgumentType;
  readonly summary: string;
  /** When it is not, `fallback` is there: every argument of a plan has a value, unless it is `optional`. */
  readonly required: boolean;
  /** May be left out altogether; only where a diagnosis takes it. */
  readonly optional?: true;
  readonly fallback: ArgumentValue | null;
  /** `enum`, `choices`: the values. `unit`: accepted suffixes, like `service`. */
  readonly values: readonly string[];
  /** `path`: absolute directories it must lie in. */
  readonly within: readonly string[];
  /** `number`: least and most; `text`: `max` characters. */
  readonly min: number | null;
  readonly max: number | null;
  /** Must be known to the fact store from a trusted source. */
  readonly known: boolean;
  /** Content that may be secret: shown as hash and length outside the approval page. */
  readonly secret: boolean;
};

/** A piece of a text: literal, or what is put in when a plan is made. */
export type TemplatePiece =
  | { readonly literal: string }
  | { readonly argument: string }
  /** The value of a fact that the plan is bound to, by its `as`. */
  | { readonly bound: string }
  /** SHA-256 of the value of an argument. */
  | { readonly digestOf: string }
  /**
   * `host`: the target's name in entity keys; `backup`: a directory of the change on the target; `program`: where
   * Holdfast is installed, for what the controller carries.
   */
  | { readonly context: 'host' | 'change' | 'backup' | 'program' };
export type Template = readonly TemplatePiece[];

/** A word is the concatenation of its pieces, or the host's checked copy of the step's file (from 1). */
export type ArgvWord = Template | { readonly file: number };
export type ArgvTemplate = readonly ArgvWord[];

export type FactTestKind = 'equals' | 'differs' | 'absent' | 'present';

/** Text is a template: a value that is one placeholder alone compares as the value it stands for. */
export type FactTestValue = Template | number | boolean | null;

export type FactRef = {
  readonly entity: Template;
  readonly attribute: string;
  /** The name under which templates may use the value; `type` is the grammar it must then satisfy. */
  readonly as: { readonly name: string; readonly type: ArgumentType } | null;
};

export type FactTest = FactRef & {
  readonly test: FactTestKind;
  readonly value: FactTestValue;
  readonly why: string;
};

/** What must be so, when the plan is made, for a step or probe to be part of it. */
export type When =
  | { readonly argument: string; readonly equals: ArgumentValue }
  | { readonly bound: string; readonly equals: ArgumentValue }
  | { readonly file: Template; readonly is: 'present' | 'absent' };

/** What the host tests itself, right before it runs the step. */
export type HostTest = {
  readonly path: Template;
  /** `as-planned`: the content, or the absence, that the plan was made on. */
  readonly is: 'as-planned' | 'absent' | { readonly contentOf: string };
};

export type StepSpec = {
  readonly when: readonly When[];
  readonly argv: ArgvTemplate;
  readonly effect: Template;
  /** The argument whose value is given on standard input. */
  readonly stdin: string | null;
  /** Programs on the target whose content is part of the plan. */
  readonly files: readonly Template[];
  readonly conditions: readonly HostTest[];
  readonly runAs: string;
  readonly timeoutSeconds: number;
  readonly atomic: boolean;
  /** Runs when the step was run and has to be taken back. `null`: nothing to take back. */
  readonly inverse: {
    readonly argv: ArgvTemplate;
    readonly effect: Template;
    readonly conditions: readonly HostTest[];
  } | null;
};

export type ProbeSpec = {
  readonly when: readonly When[];
  readonly argv: ArgvTemplate;
  readonly exit: number;
  readonly says: Template | null;
};

export type PreviewSpec = {
  readonly when: readonly When[];
  readonly argv: ArgvTemplate;
  /** Another exit status refuses the change; `null`: it is only shown. */
  readonly exit: number | null;
  readonly why: string | null;
};

export type Verification = {
  readonly facts: readonly FactTest[];
  readonly probes: readonly ProbeSpec[];
};

/** A piece of an argument that is made from a finding. */
export type WayPiece =
  | { readonly literal: string }
  /** `name`: of the entity, without its kind and host; `desired`, `observed`: a plain value of the finding; of a least value, that value. */
  | { readonly from: 'name' | 'desired' | 'observed' }
  /** An attribute of the same entity, or of the target itself, as a trusted source tells it now. */
  | { readonly its: string }
  /** An attribute of the same entity, as it is declared where another open finding of the declaration says so, else as it is. */
  | { readonly should: string }
  | { readonly target: string };

/** Findings that it takes back, and the arguments it then has. */
export type Converges = {
  /** Of the entity. */
  readonly kind: string;
  /** `*`: the whole entity; `any`: whichever it is. */
  readonly attribute: string;
  readonly finding: readonly FindingKind[];
  /** Only where this is declared. Left out: whatever is. */
  readonly desired?: string | number | boolean;
  /** Only where a declaration of one of these kinds says so. Left out: whoever does. */
  readonly declared?: readonly DeclarationKind[];
  readonly with: Readonly<Record<string, readonly WayPiece[]>>;
};

/** What actions and runbooks have in common: all that policy, guards and surfaces need of them. */
export type Contract = {
  readonly id: string;
  readonly version: number;
  readonly summary: string;
  readonly family: string;
  readonly tier: Tier;
  readonly sideEffect: SideEffect;
  readonly capability: string;
  readonly hostTypes: readonly HostType[] | 'any';
  /** Its parts run on the machine Holdfast runs on, by a tool that reaches the target from there. Left out: on the target. */
  readonly carrier?: 'controller';
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
  readonly binds: readonly (FactRef & { readonly why: string })[];
  /** Programs run while previewing, on the look road; their output is shown with the plan. */
  readonly preview: readonly PreviewSpec[];
  readonly verify: Verification;
  readonly stabiliseSeconds: number;
  /** Why there is no way back; `null` when every step has its inverse or leaves nothing to take back. */
  readonly irreversible: string | null;
  /** Left out: it takes back nothing that is found. */
  readonly converges?: readonly Converges[];
  /** Labels of argument names and output lines that are redacted on top of the general rules. */
  readonly redact: readonly string[];
  /** The diagnosis of ours that says what is read and what it means, in place of steps. Shipped T0 actions only. */
  readonly diagnosis?: string;
  /** How the contract test tries it: `lab` in a container, `simulated` where it cannot be taken back. */
  readonly contract: 'lab' | 'simulated';
  /** Where it was read. */
  readonly origin: { readonly file: string; readonly line: number; readonly shipped: boolean };
  /** SHA-256 over it as data (RFC 8785), without its origin. */
  readonly digest: string;
};

export type Action = Contract & { readonly kind: 'action'; readonly steps: readonly StepSpec[] };

export type RunbookStep =
  /** `id` or `id@version` of an action; values are text with placeholders of the runbook's arguments. */
  | { readonly action: string; readonly with: Readonly<Record<string, Template>> }
  | {
      /** A program under the runbook root; its content is part of the plan. */
      readonly script: string;
      readonly args: ArgvTemplate;
      readonly inverse: {
        readonly script: string;
        readonly args: ArgvTemplate;
        readonly effect: Template;
      } | null;
      readonly effect: Template;
      readonly runAs: string;
      readonly timeoutSeconds: number;
      readonly atomic: boolean;
    };

/** An ordered list of actions and scripts with one verification and one way back. */
export type Runbook = Contract & {
  readonly kind: 'runbook';
  readonly steps: readonly RunbookStep[];
};

/** Whatever can be proposed. */
export type Runnable = Action | Runbook;
