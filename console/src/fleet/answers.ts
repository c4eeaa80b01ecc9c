/** What the operations about the fleet answer, as far as pages show it. */
import type { Json } from '../api/index.ts';

export const STATES = ['unreachable', 'never', 'stale', 'odd', 'partial', 'healthy'] as const;
export type FleetState = (typeof STATES)[number];
export type States = Readonly<Record<FleetState, number>>;

export type At = { readonly asOf: string; readonly knownAt: string };
export type Kinds = {
  readonly complete: number;
  readonly partial: number;
  readonly stale: number;
  readonly unreachable: number;
};
export type Findings = {
  readonly critical: number;
  readonly warning: number;
  readonly info: number;
};

export type Row = {
  readonly target: string;
  readonly scope: string;
  readonly hostType: string;
  readonly environment: string;
  readonly transport: string;
  readonly address: string | null;
  readonly criticality: string;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly redundancySet: string | null;
  readonly state: FleetState;
  readonly seenAt: string | null;
  readonly ageSeconds: number | null;
  readonly kinds: Kinds;
  readonly reason: string | null;
  readonly findings: Findings;
};

export type ListRow = Row & {
  readonly os: string | null;
  readonly kernel: string | null;
  readonly lastChange: {
    readonly changeId: string;
    readonly action: string;
    readonly at: string;
  } | null;
};

export type Group = { readonly group: string; readonly targets: number; readonly states: States };

export type FleetPageAnswer = {
  readonly at: At;
  readonly rows: readonly ListRow[];
  readonly total: number;
  readonly states: States | null;
  readonly groups: readonly Group[];
  readonly groupsLeftOut: number;
  readonly nextCursor: string | null;
};

export type Overview = {
  readonly at: At;
  readonly targets: number;
  readonly states: States;
  readonly scopes: readonly {
    readonly scope: string;
    readonly targets: number;
    readonly states: States;
  }[];
  readonly ages: readonly { readonly withinSeconds: number | null; readonly targets: number }[];
  readonly kinds: Kinds;
  readonly findings: Findings;
  readonly worst: readonly Row[];
  readonly log: { readonly writable: boolean; readonly reason: string | null };
};

export type MapAnswer = {
  readonly at: At;
  readonly nodes: readonly {
    readonly id: string;
    readonly kind: string;
    readonly target: string | null;
    readonly scope: string | null;
    readonly state: FleetState | null;
    readonly findings: number;
  }[];
  readonly edges: readonly (readonly [number, number, number])[];
  readonly kinds: readonly string[];
  readonly leftOut: { readonly nodes: number; readonly edges: number };
};

export type ChangesAnswer = {
  readonly from: string;
  readonly until: string;
  readonly knownAt: string;
  readonly valid: readonly number[];
  readonly recorded: readonly number[];
};

export type Fact = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: Json;
  readonly target: string;
  readonly source: string;
  readonly validFrom: string;
  readonly recordedAt: string;
  readonly ageSeconds: number;
  readonly altered?: boolean;
};

export type CoverageRow = {
  readonly target: string;
  readonly source: string | null;
  readonly kind: string;
  readonly status: 'complete' | 'partial' | 'stale' | 'unreachable' | 'never';
  readonly observedAt: string | null;
  readonly ageSeconds: number | null;
  readonly reason: string | null;
};

export type FactsAnswer = {
  readonly facts: readonly Fact[];
  readonly nextCursor: string | null;
  readonly coverage: readonly CoverageRow[];
};

export type Difference = {
  readonly entity: string;
  readonly attribute: string;
  readonly target: string;
  readonly source: string;
  readonly before?: Json;
  readonly after?: Json;
};

export type DifferenceAnswer = {
  readonly differences: readonly Difference[];
  readonly nextCursor: string | null;
};

export type SparklineAnswer = {
  readonly from: string;
  readonly until: string;
  readonly runs: readonly {
    readonly source: string;
    readonly from: string;
    readonly until: string;
    readonly value: Json;
  }[];
  readonly more: boolean;
};

export type ChangeLine = {
  readonly changeId: string;
  readonly state: string;
  readonly tier: string | null;
  readonly action: string;
  readonly targets: readonly string[];
  readonly reason: string;
  readonly requestedBy: string;
  readonly createdAt: string;
};
