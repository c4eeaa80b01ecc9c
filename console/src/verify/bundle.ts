/** The bundle of one change, checked by the standalone verifier itself with this browser's WebCrypto. */
import {
  checkBundle,
  parsePublicKey,
  parseSigners,
  parseVerifierKey,
} from '../../../verifier/holdfast-verifier.mjs';
import { answered } from './lent/crypto.ts';
import { Buffer } from './lent/index.ts';

/** Whom to believe; nothing of it is taken from the bundle. What is empty is not decided. */
export type Believed = {
  /** Verifier keys: all that the log ever had. */
  readonly logKeys: readonly string[];
  readonly witnesses: readonly string[];
  /** Text of an allowed_signers file. */
  readonly signers: string;
  readonly hostKeys: readonly { readonly target: string; readonly line: string }[];
};

export type BundleFinding = {
  readonly code: string;
  readonly detail?: string;
  readonly says: string;
};

/** What `holdfast-verifier bundle --json` prints. */
export type BundleReport = {
  readonly verdict: 'holds' | 'holds as far as it could be decided' | 'undecided' | 'does not hold';
  readonly findings: readonly BundleFinding[];
  readonly undecided: readonly {
    readonly code: string;
    readonly says: string;
    readonly core: boolean;
  }[];
  readonly notes: readonly string[];
  /** How many findings more there are than are listed. */
  readonly more: number;
  /** What it is about; with findings, no more than what it says of itself. */
  readonly facts: Readonly<Record<string, unknown>>;
};

/** Timestamps are checked for what they stamp, revocations not at all: a browser reads neither certificates nor your list. */
export async function checkInBrowser(
  file: Uint8Array,
  { logKeys, witnesses, signers, hostKeys }: Believed,
): Promise<BundleReport> {
  // The verifier's own annotations name Node's.
  const bytes = Buffer.from(file) as unknown as Parameters<typeof checkBundle>[0];
  return answered(() => {
    const report = checkBundle(bytes, {
      logKeys: logKeys.map((vkey) => parseVerifierKey(vkey)),
      witnesses: witnesses.map((vkey) => parseVerifierKey(vkey)),
      signers: parseSigners(signers),
      hostKeys: hostKeys.map(({ target, line }) => ({ target, key: parsePublicKey(line) })),
    });
    const { verdict, findings, undecided, notes, more, facts } = report;
    return { verdict, findings, undecided, notes, more, facts } as BundleReport;
  });
}
