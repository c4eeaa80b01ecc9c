/** A value as a host told it, or as somebody declared it: data, in one line, shortened where it is long. */
import type { ReactNode } from 'react';
import type { Json, JsonObject } from '../api/json.ts';
import { Foreign } from '../kit/index.ts';
import { type Finding, valueText } from './findings.ts';

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

/** Of what could not be seen nothing was observed: why not stands in its place. */
export function Observed({
  finding: { kind, observed, target },
}: {
  readonly finding: Pick<Finding, 'kind' | 'observed' | 'target'>;
}): ReactNode {
  const isWhy =
    kind === 'unknown' &&
    typeof observed === 'object' &&
    observed !== null &&
    !Array.isArray(observed);
  if (!isWhy) return <Value value={observed} from={target} />;
  const { status, reason } = observed as JsonObject;
  return <Value value={reason ?? status} from={target} />;
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
