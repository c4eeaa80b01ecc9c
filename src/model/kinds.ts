/**
 * The registry of entity kinds: what each is about, what its attributes hold, which of them move by
 * themselves and which matter to security. Kinds that are not here are open: any JSON.
 *
 * `volatile` attributes never make a finding; `security` kinds and attributes make critical ones.
 */
import type * as z from 'zod/v4';
import { AUTOMATION_KINDS } from './automation-kinds.ts';
import { GENERAL_KINDS } from './general-kinds.ts';
import { MACHINE_KINDS } from './machine-kinds.ts';
import { REPORT_KINDS } from './report-kinds.ts';

export type KindSpec = {
  readonly about: string;
  /** Schema per attribute, checked when a fact of this kind is ingested. Unlisted attributes are open. */
  readonly attributes: Readonly<Record<string, AttributeSpec>>;
  /** Findings on this kind are critical. */
  readonly security?: true;
  /** An entity of which this attribute is `true` comes and goes by itself: it being there or not is no finding. */
  readonly comesAndGoes?: string;
};

/**
 * Two ways to write one value that are compared as one. `set`: the order of a list says nothing;
 * `mode`: octal permissions; `sshd`, `sysctl`: values as those write them.
 */
export type ValueForm =
  | 'set'
  | 'mode'
  | 'caseless'
  | 'flag'
  | 'time'
  | 'bytes'
  | 'seconds'
  | 'sshd'
  | 'sysctl';

export type AttributeSpec = {
  readonly schema: z.ZodType;
  readonly about: string;
  readonly volatile?: true;
  readonly security?: true;
  readonly unit?: string;
  readonly form?: ValueForm;
};

export const KINDS: Readonly<Record<string, KindSpec>> = {
  ...GENERAL_KINDS,
  ...MACHINE_KINDS,
  ...AUTOMATION_KINDS,
  ...REPORT_KINDS,
};

/** `undefined` for a kind that is not registered, whatever its name. */
export function kindSpec(kind: string): KindSpec | undefined {
  return Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
}

export function attributeSpec(kind: string, attribute: string): AttributeSpec | undefined {
  const attributes = kindSpec(kind)?.attributes;
  if (attributes === undefined || !Object.hasOwn(attributes, attribute)) return undefined;
  return attributes[attribute];
}

/** Whether it moves by itself, so that a change of it is no finding. */
export function isVolatile(kind: string, attribute: string): boolean {
  return attributeSpec(kind, attribute)?.volatile === true;
}

/** Whether a finding about it is critical. Without an attribute: about the whole entity. */
export function isSecurity(kind: string, attribute?: string): boolean {
  if (kindSpec(kind)?.security === true) return true;
  return attribute !== undefined && attributeSpec(kind, attribute)?.security === true;
}

export function formOf(kind: string, attribute: string): ValueForm | undefined {
  return attributeSpec(kind, attribute)?.form;
}

export function comesAndGoes(kind: string): string | undefined {
  return kindSpec(kind)?.comesAndGoes;
}

/** Why `value` is not one of this attribute, or `undefined`. What is not registered takes any value. */
export function checkValue(kind: string, attribute: string, value: unknown): string | undefined {
  const checked = attributeSpec(kind, attribute)?.schema.safeParse(value);
  if (checked === undefined || checked.success) return undefined;
  const issue = checked.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  return `${kind} ${attribute}${where}: ${issue?.message ?? 'is not as registered'}`;
}
