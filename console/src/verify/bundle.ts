/** The bundle of one change, checked by the standalone verifier itself with this browser's WebCrypto. */
import {
  checkBundle,
  parsePublicKey,
  parseRevocations,
  parseSigners,
  parseVerifierKey,
} from '../../../verifier/holdfast-verifier.mjs';
import { answered, lentCertificate, lentCrypto, limits } from './lent/crypto.ts';
import { Buffer } from './lent/index.ts';

/** Whom to believe; nothing of it is taken from the bundle. What is empty is not decided. */
export type Believed = {
  /** Verifier keys: all that the log ever had. */
  readonly logKeys: readonly string[];
  readonly witnesses: readonly string[];
  /** Text of an allowed_signers file. */
  readonly signers: string;
  readonly hostKeys: readonly { readonly target: string; readonly line: string }[];
  /** An OpenSSH KRL, in base64. */
  readonly revocations?: string;
  /** Certificates of time-stamping authorities or of their roots: DER, in base64. */
  readonly tsa?: readonly string[];
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

/** Who made a timestamp is decided by certificates that were given, as far as they are of kinds that can be read here. */
export async function checkInBrowser(
  file: Uint8Array,
  { logKeys, witnesses, signers, hostKeys, revocations = '', tsa = [] }: Believed,
): Promise<BundleReport> {
  const bytes = ofNode(Buffer.from(file));
  const checked = await answered(() => {
    limits.isMet = false;
    const report = checkBundle(bytes, {
      logKeys: logKeys.map((vkey) => parseVerifierKey(vkey)),
      witnesses: witnesses.map((vkey) => parseVerifierKey(vkey)),
      signers: parseSigners(signers),
      hostKeys: hostKeys.map(({ target, line }) => ({ target, key: parsePublicKey(line) })),
      tsa: tsa.map((der) => authority(der)),
      ...(revocations === '' ? {} : { isRevoked: parseRevocations(bytesOf(revocations)) }),
    });
    const { verdict, findings, undecided, notes, more, facts } = report;
    const plain = { verdict, findings, undecided, notes, more, facts } as BundleReport;
    // Read in the run itself: another check may begin before this one is answered.
    return { report: plain, isLimited: limits.isMet };
  });
  if (!checked.isLimited || tsa.length === 0) return checked.report;
  // Neither holds nor fails: the standalone verifier reads more kinds.
  const without = { logKeys, witnesses, signers, hostKeys, revocations };
  return checkInBrowser(file, without);
}

/** Whether the verifier can read them, in its own words where it cannot. */
export async function readSigners(text: string): Promise<string | undefined> {
  return wrongWith(() => parseSigners(text));
}

export async function readRevocations(base64: string): Promise<string | undefined> {
  return wrongWith(() => parseRevocations(bytesOf(base64)));
}

/** What an authority calls itself; or why its certificate cannot be read here. */
export async function readAuthority(
  base64: string,
): Promise<{ readonly name: string } | { readonly wrong: string }> {
  try {
    return { name: (await answered(() => lentCertificate(Buffer.from(base64, 'base64')))).name };
  } catch {
    return {
      wrong: 'a certificate cannot be read here, or is of a kind that browsers do not check',
    };
  }
}

const authority = (base64: string) =>
  new lentCrypto.X509Certificate(Buffer.from(base64, 'base64')) as unknown as NonNullable<
    NonNullable<Parameters<typeof checkBundle>[1]>['tsa']
  >[number];

async function wrongWith(read: () => unknown): Promise<string | undefined> {
  try {
    await answered(read);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return thrown.message;
    throw thrown;
  }
}

/** The verifier's own annotations name Node's. */
const ofNode = (bytes: Uint8Array) => bytes as unknown as Parameters<typeof checkBundle>[0];
const bytesOf = (base64: string) => ofNode(Buffer.from(base64, 'base64'));
