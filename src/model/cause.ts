/** Who caused a difference, as far as an audit trail tells; never a guess, never a name without a principal in a record. */
import type { Instant } from '#base/time';

/**
 * `ours-approved`: a change of ours that a person signed, or a standing approval covered; `ours-unapproved`: by our
 * accounts on the host, with no change behind it; `known-person`: an audit record names the principal; `unknown`: no record does.
 */
export const CAUSE_VERDICTS = [
  'ours-approved',
  'ours-unapproved',
  'known-person',
  'unknown',
] as const;
export type CauseVerdict = (typeof CAUSE_VERDICTS)[number];

export type CauseEvidence = {
  readonly at: Instant;
  /** `change`, `sudo`, `auditd`, `sshd`, `cron`, `dpkg`, `apt`, `config`. */
  readonly source: string;
  /** Cleaned and redacted: a claim of the target, except of `change`. */
  readonly says: string;
};

export type Cause = {
  readonly verdict: CauseVerdict;
  /** The principal as the record has it; an account name, or `operator:…`. `null` unless a record names one. */
  readonly person: string | null;
  readonly change: string | null;
  /** How it happened, where that is known without a person: `package manager`, `cron job /etc/cron.d/x`. */
  readonly route: string | null;
  /** Back towards what is declared, or away from it on purpose by a change of ours. */
  readonly intent: 'corrective' | 'intentional' | null;
  readonly confidence: 'certain' | 'likely' | 'none';
  /** It happened after this (last seen as declared), and not after that (first seen differing). */
  readonly notBefore: Instant | null;
  readonly notAfter: Instant;
  readonly evidence: readonly CauseEvidence[];
  /** Which audit trails could be read for that time, and why not the others. */
  readonly trails: readonly {
    readonly trail: string;
    readonly status: 'read' | 'absent' | 'refused';
  }[];
};
