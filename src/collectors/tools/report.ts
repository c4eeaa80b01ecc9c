/**
 * Reports of tools beside our own collectors, and the one rule for all of them: a kind is complete only
 * on positive evidence of a run that came to its end, is not older than allowed, and was of this host. An
 * empty, cut, old or foreign report is a shortfall, never "clean".
 */
import { type Instant, MICROS_PER_SECOND } from '#base/time';
import { keyOf } from '#model';
import { entityFor } from '../entity-name.ts';
import type { Look, LookShortfall } from '../look-session.ts';
import { Gathering } from '../reading.ts';

export type ToolSource = `collector.${string}`;

export type ToolReport = {
  readonly target: string;
  /** The name the machine gives itself, as our own look saw it; `null` when it was not looked at. */
  readonly host: string | null;
  /** Brought from the target itself, so that a report without a name is still of this host. */
  readonly isFromTarget: boolean;
  /** Whole: what is longer than allowed does not come here. */
  readonly bytes: Uint8Array;
  readonly now: Instant;
  readonly maxAgeSeconds: number;
};

/** What a report tells. Its facts are of the moment `ranAt`, which for a report that is no report is `null`. */
export type ToolLook = Look & { readonly ranAt: Instant | null };

/** Pure: bytes in, facts out. It may throw; then nothing of its kinds is known. */
export type ReportParser = {
  readonly name: string;
  /** `collector.<name>` */
  readonly source: ToolSource;
  /** All that it may tell facts of, and be complete in. */
  readonly kinds: readonly string[];
  readonly parse: (report: ToolReport) => ToolLook;
};

export type RunEvidence = {
  /** The report itself says that the run came to its end: never only that there is a report. */
  readonly isFinished: boolean;
  readonly ranAt: Instant | null;
  /** Whom the report says that it is of; `null` when it does not say. */
  readonly host: string | null;
};

/** Clocks of hosts are not always right; a report from further ahead is none. */
const AHEAD_SECONDS = 300;

/** Whether the report is of another host than ours: then nothing of it is told, no fact either. */
export function isForeign({ host }: Pick<RunEvidence, 'host'>, report: ToolReport): boolean {
  return host === null ? !report.isFromTarget : !isNameOf(host, report);
}

/** Why no kind of this report is complete, or `null`. In our own words: names of the report are not told on. */
export function whyIncomplete(evidence: RunEvidence, report: ToolReport): string | null {
  if (isForeign(evidence, report))
    return evidence.host === null
      ? 'the report does not say of which host it is'
      : 'the report is of another host';
  if (!evidence.isFinished) return 'the report does not say that the run came to its end';
  const { ranAt } = evidence;
  if (ranAt === null) return 'the report does not say when it ran';
  const ageSeconds = (report.now - ranAt) / MICROS_PER_SECOND;
  if (ageSeconds > report.maxAgeSeconds)
    return `the report is older than ${report.maxAgeSeconds} seconds`;
  if (ageSeconds < -AHEAD_SECONDS) return 'the report is from the future';
  return null;
}

/** A name of the target: its key, or what it calls itself; with or without its domain. */
function isNameOf(name: string, { target, host }: ToolReport): boolean {
  const said = name.toLowerCase();
  return [keyOf(target), host ?? ''].some((own) => {
    const known = own.toLowerCase();
    if (said === '' || known === '') return false;
    return said === known || said.startsWith(`${known}.`) || known.startsWith(`${said}.`);
  });
}

/** Gathers facts of a report as the collectors do theirs. */
export function gatheringOf({ target }: Pick<ToolReport, 'target'>): Gathering {
  return new Gathering({
    self: target,
    entity: (kind, key) => entityFor(target, kind, key),
  });
}

/**
 * What was gathered, held to the rule: of a foreign report nothing, of one that is not finished, too old or
 * without a time the facts but no complete kind.
 */
export function endReport(
  seen: Gathering,
  kinds: readonly string[],
  evidence: RunEvidence,
  report: ToolReport,
): ToolLook {
  const why = whyIncomplete(evidence, report);
  if (why === null) return { ...seen.end(kinds), ranAt: evidence.ranAt };
  const { facts } = seen.end(kinds);
  const told = isForeign(evidence, report) ? [] : facts;
  const { ranAt } = evidence;
  return {
    facts: told,
    ...allShort(kinds, why),
    ranAt: isForeign(evidence, report) ? null : ranAt,
  };
}

/** Nothing at all, and why. */
export function noReport(kinds: readonly string[], why: string): ToolLook {
  return { facts: [], ...allShort(kinds, why), ranAt: null };
}

function allShort(kinds: readonly string[], why: string): Pick<Look, 'complete' | 'shortfalls'> {
  const reason = why.slice(0, 300);
  const shortfalls = kinds.map((kind): LookShortfall => ({ kind, status: 'partial', reason }));
  return { complete: [], shortfalls };
}
