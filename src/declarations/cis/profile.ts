/**
 * A hardening profile: controls as data, each a list of expectations about facts that are recorded anyway.
 * Whoever can edit a profile decides what counts as hardened; nothing in it can run.
 */
import type { Severity, ValueTest } from '#model';

/**
 * `node`: of every machine; `control-plane`: of the machines that run the control plane; `cluster`: of the cluster
 * as a whole, decided by what its control-plane machines are told.
 */
export const CONTROL_SCOPES = ['node', 'control-plane', 'cluster'] as const;
export type ControlScope = (typeof CONTROL_SCOPES)[number];
export type ControlLevel = 1 | 2;

/** An entity without its target: `kind:key`, in which `*` is any run of characters; `target` is the target itself. */
export type LocalEntity = string;

export type Condition = { readonly attribute: string; readonly test: ValueTest };

export type Desired = {
  readonly entity: LocalEntity;
  readonly attribute: string;
  readonly test: ValueTest;
  readonly where: readonly Condition[];
  /** Keys that a pattern does not mean. */
  readonly except: readonly string[];
  /** Only where it is observed at all. What is not observed is still to be looked for completely. */
  readonly ifThere: boolean;
  /** An entity of this pattern that passes will do instead. */
  readonly anywhere: LocalEntity | null;
};

export type Control = {
  /** Unique in its profile, theme before name: `ssh.root-login`. */
  readonly id: string;
  readonly title: string;
  readonly scope: ControlScope;
  readonly level: ControlLevel;
  /** Counts; what is not scored is told as `info`. */
  readonly scored: boolean;
  readonly severity: Severity | null;
  /** It is about targets of which this holds, and about those of which it is not known. */
  readonly when: readonly (Condition & { readonly entity: LocalEntity })[];
  /** All of it. */
  readonly desired: readonly Desired[];
  readonly rationale: string;
  readonly remediation: string;
  readonly reference: string;
  readonly at: string;
};

/** The platform itself sees to it, so there is nothing to look at. */
export type PlatformExclusion = {
  readonly control: string;
  readonly reason: string;
  readonly at: string;
};

/** One operator's exception; on the day after `expires` the control is back. */
export type WaivedControl = PlatformExclusion & {
  readonly owner: string;
  /** A day, `2027-01-31`. */
  readonly expires: string;
};

export type Exclusions = {
  readonly platform: readonly PlatformExclusion[];
  readonly waived: readonly WaivedControl[];
};

/** As one file says it. */
export type ProfileFile = Exclusions & {
  readonly name: string;
  readonly title: string;
  readonly extends: string | null;
  /** Controls of a higher level are left out; `null`: as what it extends, or 1. */
  readonly level: ControlLevel | null;
  /** A control of the same id as an inherited one stands in its place. */
  readonly controls: readonly Control[];
  readonly at: string;
};

/** With everything that it inherits. */
export type Profile = {
  readonly name: string;
  readonly title: string;
  readonly level: ControlLevel;
  readonly controls: readonly Control[];
  readonly exclusions: Exclusions;
};
