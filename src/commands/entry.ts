/**
 * A command entry as data: one program, its options and forms. docs/command-grammar.md says how an
 * argv is judged by it; the same entries compile into the host's wrapper.
 */
import type { Tier } from '#model';

/** How dangerous, least to most; what is in force is the greatest of what is present. */
export const COMMAND_CLASSES = ['read', 'write', 'exec', 'deny'] as const;
export type CommandClass = (typeof COMMAND_CLASSES)[number];

/** Why something is refused. Stable: callers act on these. */
export const COMMAND_CODES = [
  'malformed',
  'look-alike',
  'needs-shell',
  'env-prefix',
  'unknown-program',
  'unknown-form',
  'unknown-option',
  'bad-value',
  'too-many',
  'missing',
  'never-ends',
  'secret',
  'device',
  'outside-roots',
  'egress',
  'launches',
  'privilege',
  'writes',
] as const;
export type CommandCode = (typeof COMMAND_CODES)[number];

/** `number:1:100`, `enum:a,b`, `file`, `match:ERE`; the page lists them. */
export type ValueType = string;

export type OptionSpec = {
  readonly names: readonly string[];
  readonly value: ValueType | null;
  /** The value may be left out, and is only ever glued. */
  readonly optional: boolean;
  readonly many: boolean;
  readonly digits: boolean;
  /** Everything behind it belongs to it, unjudged; never of class read. */
  readonly rest: boolean;
  readonly class: CommandClass;
  readonly tier: Tier | null;
  readonly code: CommandCode | null;
  readonly means: string;
};

export type OperandSpec = {
  readonly name: string;
  readonly value: ValueType;
  readonly min: number;
  readonly max: number;
  readonly stdin: boolean;
};

export type Form = {
  /** Each word with its alternatives; empty for a program without verbs. */
  readonly verb: readonly (readonly string[])[];
  readonly class: CommandClass;
  readonly tier: Tier | null;
  readonly code: CommandCode | null;
  readonly means: string;
  readonly adds: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly operands: readonly OperandSpec[];
  readonly rest: Exclude<CommandClass, 'read'> | null;
  readonly wraps: boolean;
  readonly stop: boolean;
  readonly requires: readonly (readonly string[])[];
  readonly conflicts: readonly (readonly string[])[];
  readonly examples: readonly string[];
};

export type CommandEntry = {
  readonly program: string;
  readonly aliases: readonly string[];
  /** monitoring, network, filesystem, systemd, containers, system, process, text, git, security, kubernetes, launchers; operators add their own. */
  readonly family: string;
  readonly summary: string;
  readonly style: 'getopt' | 'words';
  readonly stop: boolean;
  readonly globalFirst: boolean;
  /** It takes values of long options as words of their own, and never behind `=`. */
  readonly apart: boolean;
  readonly adds: readonly string[];
  readonly options: readonly OptionSpec[];
  readonly forms: readonly Form[];
  /** What to do instead, when a use of it is refused. */
  readonly safer: string | null;
  readonly origin: { readonly file: string; readonly line: number; readonly shipped: boolean };
};

/** Where things may be read from, and to whom may be spoken. */
export type PathRules = {
  readonly roots: readonly string[];
  readonly denials: readonly { readonly code: 'secret' | 'device'; readonly glob: string }[];
  /** What a denial matches and is honest all the same: bundles of public certificates. */
  readonly exceptions: readonly string[];
  readonly wide: readonly string[];
};
export type Surroundings = {
  readonly paths: PathRules;
  /** CIDR blocks; loopback is always in. */
  readonly networks: readonly string[];
  /** Names and addresses of targets. */
  readonly hosts: readonly string[];
};

export type Judgement = {
  readonly class: CommandClass;
  readonly tier: Tier | 'deny';
  readonly code: CommandCode | null;
  /** One sentence, of our own words and the argv's cleaned text. */
  readonly because: string;
  readonly family: string | null;
  /** Program of the entry. */
  readonly entry: string | null;
  /** The argv that would run; `null` when it cannot be told. */
  readonly normalForm: readonly [string, ...string[]] | null;
  readonly parts: readonly { readonly word: string; readonly means: string }[];
};

/** What a class is answered with, from an assistant or by an operator's own hand. */
export type CommandVerdict = 'allow' | 'needs-approval' | 'deny';
