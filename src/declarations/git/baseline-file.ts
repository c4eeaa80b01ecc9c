/** What one YAML baseline says, as it was read: every part with its place, nothing resolved yet. */
import type { Json } from '#base/json';
import type { Severity, ValueTest } from '#model';
import type { Selector } from '../selector.ts';

export type Place = { readonly file: string; readonly line: number; readonly column: number };

/** A test as written: its values may still hold `${name}`. */
export type RawTest = {
  readonly op: ValueTest['op'];
  /** Of `present` and `absent`: `null`. */
  readonly value: Json;
  readonly place: Place;
};

export type Item = {
  readonly kind: string;
  /** Below the target's own name; `null`: the target itself; with `whole`, the entity as written. */
  readonly name: string | null;
  readonly whole: boolean;
  readonly attribute: string;
  readonly where: readonly { readonly attribute: string; readonly tests: readonly RawTest[] }[];
  readonly source: string | null;
  /** Each must hold; none: what a farther file says of it is taken back. */
  readonly tests: readonly RawTest[];
  readonly severity: Severity | null;
  readonly owner: string | null;
  readonly title: string | null;
  readonly rationale: string | null;
  readonly remediation: string | null;
  readonly reference: string | null;
  readonly place: Place;
};

export const VARIABLE_TYPES = ['text', 'number', 'flag', 'list'] as const;
export type VariableType = (typeof VARIABLE_TYPES)[number];

export type Variable = {
  readonly name: string;
  readonly type: VariableType;
  readonly place: Place;
  readonly value: Json | undefined;
  readonly tags: readonly VariableCase[];
  readonly targets: readonly VariableCase[];
};

export type VariableCase = { readonly key: string; readonly value: Json; readonly place: Place };

export type Closing = {
  readonly kind: string;
  /** `null`: the collector that looks at the target. */
  readonly source: string | null;
  readonly place: Place;
};

export type BaselineFile = {
  readonly file: string;
  /** `null`: it says something only to those that extend it. */
  readonly for: Selector | null;
  readonly extends: readonly { readonly file: string; readonly place: Place }[];
  readonly variables: readonly Variable[];
  readonly items: readonly Item[];
  readonly closed: readonly Closing[];
  /** SHA-256 of its text. */
  readonly digest: string;
};

export function placeText({ file, line }: Place): string {
  return `${file}:${line}`;
}
