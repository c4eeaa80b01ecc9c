/** What the check of a bundle says: the codes of docs/bundle.md, which the standalone verifier uses too. */
import { Fault } from '#base/fault';

export const BUNDLE_PROBLEMS = [
  'not-a-bundle',
  'bundle-signature',
  'plan-digest',
  'order-missing',
  'order-unreadable',
  'order-differs',
  'part-not-listed',
  'part-differs',
  'step-without-part',
  'signature-wrong',
  'signer-unknown',
  'quorum-not-met',
  'standing-differs',
  'receipt-unreadable',
  'receipt-signature',
  'receipt-differs',
  'receipt-missing',
  'state-contradicted',
  'verification-missing',
  'event-proof',
  'event-missing',
  'event-order',
  'state-differs',
  'config-differs',
  'checkpoint-unreadable',
  'checkpoint-signature',
  'cosignature-wrong',
  'timestamp-wrong',
] as const;
export type BundleProblem = (typeof BUNDLE_PROBLEMS)[number];

export const BUNDLE_QUESTIONS = [
  'log-key',
  'operators',
  'control-plane-key',
  'host-keys',
  'witness',
  'timestamp-authority',
] as const;
export type BundleQuestion = (typeof BUNDLE_QUESTIONS)[number];

export type BundleReport = {
  readonly verdict: 'holds' | 'does not hold' | 'cannot decide';
  readonly change: string | null;
  readonly problems: readonly { readonly code: BundleProblem; readonly what: string }[];
  readonly undecided: readonly { readonly code: BundleQuestion; readonly what: string }[];
  /** True, and no problem. */
  readonly notes: readonly string[];
  /** Operators whose signatures on an order or standing approval hold. */
  readonly operators: readonly string[];
};

export class BundleFindings {
  readonly problems: { code: BundleProblem; what: string }[] = [];
  readonly undecided: { code: BundleQuestion; what: string }[] = [];
  readonly notes: string[] = [];
  readonly operators = new Set<string>();

  problem(code: BundleProblem, what: string): void {
    this.problems.push({ code, what });
  }

  /** Each question once. */
  ask(code: BundleQuestion, what: string): void {
    if (!this.undecided.some((one) => one.code === code)) this.undecided.push({ code, what });
  }

  /** A problem where `act` throws a fault, which then answers `undefined`. */
  try<T>(code: BundleProblem, what: string, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.problem(code, `${what}: ${error.code}`);
      return undefined;
    }
  }

  report(change: string | null): BundleReport {
    const { problems, undecided, notes } = this;
    return {
      verdict:
        problems.length > 0 ? 'does not hold' : undecided.length > 0 ? 'cannot decide' : 'holds',
      change,
      problems,
      undecided,
      notes,
      operators: [...this.operators].sort((a, b) => (a < b ? -1 : 1)),
    };
  }
}
