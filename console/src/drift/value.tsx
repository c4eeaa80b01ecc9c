/** A value as a host told it, or as somebody declared it: data, in one line, shortened where it is long. */
import type { ReactNode } from 'react';
import type { Json } from '../api/json.ts';
import { Foreign } from '../kit/index.ts';
import { valueText } from './findings.ts';

const LONG = 160;

export function Value({
  value,
  from,
}: {
  readonly value: Json | undefined;
  readonly from: string;
}): ReactNode {
  if (value === undefined || value === null) return <span className="quiet">nothing</span>;
  const text = valueText(value);
  return <Foreign text={text.length > LONG ? `${text.slice(0, LONG)}…` : text} from={from} />;
}

const KINDS: Readonly<Record<string, string>> = {
  missing: 'is missing',
  unexpected: 'should not be there',
  changed: 'differs',
  unknown: 'could not be seen',
};

/** What differs, in words: `missing`, `unexpected`, … */
export const kindSays = (kind: string): string => KINDS[kind] ?? kind;

const SOURCES: Readonly<Record<string, string>> = {
  blessed: 'Baseline',
  git: 'Git',
  tofu: 'OpenTofu',
  ansible: 'Ansible',
  cis: 'CIS',
  integrity: 'Integrity',
  vulnerability: 'Vulnerabilities',
  service: 'Service',
};

export const sourceName = (declared: string): string => SOURCES[declared] ?? declared;
