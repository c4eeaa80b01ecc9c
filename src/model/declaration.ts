/**
 * What should be, whoever says it: a baseline a person blessed, a file in a repository, a plan of
 * OpenTofu, a playbook, a hardening profile, a feed of known vulnerabilities. All of them come down to
 * expectations about facts, and are compared with the same facts by the same engine.
 */
import type { Json } from '#base/json';
import type { Instant } from '#base/time';
import type { Scope } from './fact.ts';
import type { Severity } from './finding.ts';

export const DECLARATION_KINDS = [
  'blessed',
  'git',
  'tofu',
  'ansible',
  'cis',
  'integrity',
  'vulnerability',
  'service',
] as const;
export type DeclarationKind = (typeof DECLARATION_KINDS)[number];

/** What a value must be. A fact that is not there fails every test but `absent`. */
export type ValueTest =
  | { readonly op: 'equals' | 'differs'; readonly value: Json }
  | { readonly op: 'one-of'; readonly values: readonly Json[] }
  | { readonly op: 'at-least' | 'at-most'; readonly value: number }
  /** Not older than, by the order of Debian Policy 5.6.12. */
  | { readonly op: 'version-at-least'; readonly version: string }
  /** Text in which `*` is any run of characters, and the only wildcard. */
  | { readonly op: 'like'; readonly pattern: string }
  /** Of a list: an element. */
  | { readonly op: 'contains' | 'lacks'; readonly value: Json }
  | { readonly op: 'present' }
  | { readonly op: 'absent' };

/** Why something is expected, in the words of whoever declared it; shown with each finding. */
export type Because = {
  /** `CIS-style 5.2.4`, `CVE-2024-1`, the address of a resource, a task; `null` where the declaration says it all. */
  readonly id: string | null;
  readonly title: string;
  readonly rationale: string | null;
  readonly remediation: string | null;
  readonly reference: string | null;
  /** `file:line` of a text that a person wrote. */
  readonly at: string | null;
};

/** One thing that should be so of every entity it is about. */
export type Expectation = {
  /** Exact, or with `*`: then it is about every entity that is observed and matches; none matching is no finding. */
  readonly entity: string;
  /** `*` only with `present` and `absent`: the whole entity. */
  readonly attribute: string;
  readonly test: ValueTest;
  /** Only of entities of which all of this holds. */
  readonly where: readonly { readonly attribute: string; readonly test: ValueTest }[];
  /** Whose word counts; `null`: that of every trusted source. */
  readonly source: string | null;
  /** `null`: as the rules for kinds and attributes say. */
  readonly severity: Severity | null;
  /** Whose it is, as whoever declared it says; left out: as the rules and the inventory say. */
  readonly owner?: string;
  readonly because: Because;
};

/** Everything one source of "should" says of one target. */
export type Declaration = {
  /** Stable while the same source speaks of the same target: `git:site/web`, `cis:debian-12-l1`, `baseline_…`. */
  readonly id: string;
  readonly kind: DeclarationKind;
  readonly name: string;
  readonly scope: Scope;
  readonly target: string;
  readonly expectations: readonly Expectation[];
  /** Of these kinds, by these sources, an entity that no expectation names is unexpected. */
  readonly closed: readonly { readonly kind: string; readonly source: string }[];
  /** Must have been looked at completely, or there is an `unknown` finding: nothing is clean for want of looking. */
  readonly needs: readonly { readonly kind: string; readonly source: string | null }[];
  /** No finding began before; `null`: not known. */
  readonly since: Instant | null;
  /** SHA-256 (`sha256:` + hex) over what it was made from. */
  readonly digest: string;
  /**
   * Why nobody knows what should be, with each place: its source cannot be read. It then expects nothing, is
   * itself unknown, and whatever was found of it stays as it is on record.
   */
  readonly problem?: string;
};
