/** Standing approvals: made for exactly the steps that a person saw, each by the digest of its core. */
import { type PartDocument, type StandingDocument } from './document-values.ts';
import { partCore, partDocument, standingDocument } from './documents.ts';
import { standingCheck } from './standing-check.ts';

/** The document to sign for every step in `parts`; what is not the same in all runs of a step is not in its core. */
export function makeStanding(
  terms: Omit<StandingDocument, 'cores'>,
  parts: readonly PartDocument[],
): string {
  const cores = new Set(parts.map((part) => partCore(partDocument.format(part))));
  return standingDocument.format({ ...terms, cores: [...cores].sort() });
}

/** Why consent in advance does not cover all of these cores at `now` (seconds); `null` when it does. */
export function coversStanding(
  standing: StandingDocument,
  partCores: readonly string[],
  now: number,
): ReturnType<typeof standingCheck> {
  if (partCores.length === 0) return 'core-not-listed';
  for (const core of partCores) {
    const refusal = standingCheck(standing, standing.action, core, now);
    if (refusal !== null) return refusal;
  }
  return null;
}
