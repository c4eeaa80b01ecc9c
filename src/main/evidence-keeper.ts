/** `evidence.yaml` as it was when the service started, and what makes the log known outside this machine. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Fault } from '#base/fault';
import type { Clock, Files } from '#base/ports';
import {
  Anchoring,
  DEFAULT_EVIDENCE_SETTINGS,
  type EvidenceSettings,
  type Log,
  parseEvidenceSettings,
  type VerifyOptions,
} from '#evidence';
import { type EgressRules, nodePoster, nodeRandom } from '#machine';
import type { Paths } from './data-directory.ts';

export type EvidenceInForce = {
  readonly settings: EvidenceSettings;
  /** PEM of the pinned timestamp authority. */
  readonly certificate: string | null;
};

/** Throws where the file or the certificate it names cannot be used: then nothing is started. */
export async function readEvidence(files: Files, paths: Paths): Promise<EvidenceInForce> {
  const bytes = await files.read(paths.evidence);
  const settings =
    bytes === undefined
      ? DEFAULT_EVIDENCE_SETTINGS
      : parseEvidenceSettings(Buffer.from(bytes).toString('utf8'), paths.evidence);
  const named = settings.timestamp?.certificate;
  if (named === undefined) return { settings, certificate: null };
  const path = resolve(dirname(paths.evidence), named);
  try {
    return { settings, certificate: await readFile(path, 'utf8') };
  } catch (cause) {
    throw new Fault(
      'unavailable',
      'no-timestamp-certificate',
      `the certificate of the timestamp authority cannot be read: ${path}. Put it there, or take timestamp out of evidence.yaml`,
      { cause },
    );
  }
}

export function startAnchoring(
  { settings, certificate }: EvidenceInForce,
  files: Files,
  clock: Clock,
  paths: Paths,
  log: Log,
  egress: EgressRules,
): Promise<Anchoring> {
  return Anchoring.start({
    files,
    clock,
    random: nodeRandom(),
    poster: nodePoster(egress),
    directory: paths.log,
    log,
    settings,
    timestampCertificate: certificate,
  });
}

/** What `verify` holds the log against besides itself. */
export function anchorsOf(
  { settings, certificate }: EvidenceInForce,
  clock: Clock,
): NonNullable<VerifyOptions['anchors']> {
  return {
    witnesses: settings.witnesses.map(({ key }) => key),
    ...(certificate === null
      ? {}
      : { timestamp: { certificate, policy: settings.timestamp?.policy ?? null } }),
    ...(settings.anchor === null ? {} : { anchorFile: settings.anchor }),
    late: { now: clock.now(), afterSeconds: settings.lateAfterSeconds },
  };
}
