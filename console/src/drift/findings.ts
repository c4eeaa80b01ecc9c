/** Findings as the service tells them, and how a board of them is narrowed and grouped. Nothing here asks anything. */
import type { Json } from '../api/json.ts';

export type Finding = {
  readonly id: string;
  readonly scope: string;
  readonly target: string;
  /** The declaration that says otherwise. */
  readonly baseline: string;
  /** What kind of declaration it is: blessed, git, tofu, … */
  readonly declared: string;
  readonly entity: string;
  readonly attribute: string;
  readonly kind: string;
  readonly severity: string;
  readonly observed: Json;
  readonly desired: Json;
  readonly notBefore: string | null;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly status: string;
  readonly owner: string | null;
  readonly because: {
    readonly id: string | null;
    readonly title: string;
    readonly rationale: string | null;
    readonly remediation: string | null;
    readonly reference: string | null;
    readonly at: string | null;
  } | null;
  readonly cause?: Json;
};

export const SEVERITIES = ['critical', 'warning', 'info'] as const;
export const GROUPS = ['target', 'declared', 'owner', 'severity'] as const;
export type GroupBy = (typeof GROUPS)[number];

export type Filter = {
  readonly find: string;
  readonly severity: string;
  readonly declared: string;
  readonly owner: string;
  readonly target: string;
};

/** Every word somewhere in it; `all` is any. */
export function narrowed(findings: readonly Finding[], filter: Filter): readonly Finding[] {
  const words = filter.find.toLowerCase().split(/\s+/).filter(Boolean);
  return findings.filter((finding) => {
    const { severity, declared, target, entity, attribute, because, id } = finding;
    if (filter.severity !== 'all' && severity !== filter.severity) return false;
    if (filter.declared !== 'all' && declared !== filter.declared) return false;
    if (filter.owner !== 'all' && ownerOf(finding) !== filter.owner) return false;
    if (filter.target !== 'all' && target !== filter.target) return false;
    const text = `${id} ${target} ${entity} ${attribute} ${because?.title ?? ''}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export const NOBODY = 'nobody';
export const ownerOf = ({ owner }: Finding): string => owner ?? NOBODY;

export type Group = {
  readonly name: string;
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<string, number>>;
};

/** Worst group first: by its critical findings, then by its warnings, then by how many. */
export function grouped(findings: readonly Finding[], by: GroupBy): readonly Group[] {
  const name = (finding: Finding): string => (by === 'owner' ? ownerOf(finding) : finding[by]);
  return [...Map.groupBy(findings, name)]
    .map(([each, those]) => ({ name: each, findings: those, counts: countsOf(those) }))
    .toSorted(
      (a, b) =>
        SEVERITIES.reduce(
          (order, severity) => order || (b.counts[severity] ?? 0) - (a.counts[severity] ?? 0),
          0,
        ) || a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
}

export function countsOf(findings: readonly Finding[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

/** What a filter may be set to: each value there is, most findings first. */
export function choicesOf(
  findings: readonly Finding[],
  of: (finding: Finding) => string,
): readonly (readonly [value: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const finding of findings) counts.set(of(finding), (counts.get(of(finding)) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

/** A value in one line of text, as JSON where it is no text. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The end of a waiver that is so many days from now, in the form the service takes. */
export function daysAhead(days: number, now: number): string {
  return new Date(now + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
}
