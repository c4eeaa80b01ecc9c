/**
 * A target and its profile, as the operator's inventory (`fleet.yaml`) says. Nothing a caller or
 * the target itself reports can change a profile.
 */
import type { Scope } from './fact.ts';

/** `stack`: what one directory of OpenTofu or Terraform describes. */
export const HOST_TYPES = [
  'debian',
  'ubuntu',
  'linux',
  'talos',
  'windows',
  'stack',
  'other',
] as const;
export type HostType = (typeof HOST_TYPES)[number];
export const ENVIRONMENTS = ['production', 'staging', 'test', 'development', 'lab'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
/** `tofu`, `talos`, `winrm`: by that tool or protocol, from the machine Holdfast runs on. */
export const TRANSPORTS = ['local', 'ssh', 'tofu', 'talos', 'winrm', 'none'] as const;
export type Transport = (typeof TRANSPORTS)[number];
export const CRITICALITIES = ['low', 'normal', 'high'] as const;
export type Criticality = (typeof CRITICALITIES)[number];

export type Target = {
  /** `host:web-1`, `cluster:lab`. */
  readonly id: string;
  readonly scope: Scope;
  readonly hostType: HostType;
  readonly environment: Environment;
  readonly transport: Transport;
  /** Host name or IP address, with `:port` where it is not 22; of transport ssh. */
  readonly address: string | null;
  /** Bastions to go through, in order: ids of targets, or `[user@]host[:port]`. */
  readonly via: readonly string[];
  /** An `@cert-authority` or plain host key line the inventory pins (`<type> <base64>`); `null`: pinned when enrolling. */
  readonly hostKey: string | null;
  readonly criticality: Criticality;
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly redundancySet: string | null;
  /** A complete look older than this no longer counts as complete. */
  readonly staleAfterSeconds: number;
  /** Which sources besides the built-in ones may assert facts of this target. */
  readonly sources: readonly SourceGrant[];
};

export type SourceGrant = {
  readonly name: string;
  /** Kinds it may assert; `['*']` is every kind. */
  readonly kinds: readonly string[];
  /** Trusted sources feed drift, preconditions and typed checks; the others are shown, never obeyed. */
  readonly trusted: boolean;
};

/** Names that only our own collectors and engines may use as a source. */
export function isReservedSource(name: string): boolean {
  return name === 'holdfast' || name.startsWith('holdfast.') || name.startsWith('collector.');
}

/** The source of the collector that looks at this machine. */
export const LOCAL_SOURCE = 'collector.local';
/** The source of the collectors that look at hosts over SSH. */
export const SSH_SOURCE = 'collector.ssh';
/** The source of whether a target could be reached at all. No look retires what it says. */
export const REACH_SOURCE = 'collector.reach';
/** What OpenTofu or Terraform says of its stacks, Ansible of its playbooks, `talosctl` of its nodes. */
export const TOFU_SOURCE = 'collector.tofu';
export const ANSIBLE_SOURCE = 'collector.ansible';
export const TALOS_SOURCE = 'collector.talos';
/** The source of the collectors that look at Windows hosts over WinRM. */
export const WINRM_SOURCE = 'collector.winrm';
/** The source of findings, baselines and waivers. */
export const DRIFT_SOURCE = 'holdfast.drift';
export const BASELINE_SOURCE = 'holdfast.baseline';
