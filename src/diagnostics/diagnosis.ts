/**
 * The diagnoses by name: what each asks of a host and needs of the fact store, and what it makes of
 * it. Pure: commands go out as words, answers come in as text.
 */
import { Fault } from '#base/fault';
import { formatInstant, type Instant } from '#base/time';
import { compareHosts, kindsToCompare, partsOf } from './host-compare.ts';
import { askHost, checksOf, readHost } from './host-diagnose.ts';
import { askLogs, logQuestion, readLogs } from './logs-read.ts';
import { renderReport } from './render.ts';
import type { Ask, HeardByKey, KnownFacts } from './report.ts';
import { askService, readService } from './service-status.ts';

export const DIAGNOSES = ['host.diagnose', 'service.status', 'logs.read', 'host.compare'] as const;
export type DiagnosisName = (typeof DIAGNOSES)[number];

export type Arguments = Readonly<Record<string, string | number | boolean>>;

/** One target with all that was heard of it. */
export type TargetHeard = {
  readonly target: string;
  readonly heard: HeardByKey;
  readonly known: KnownFacts;
};

export type DiagnosisPlan = {
  /** The same for each target. */
  readonly asks: readonly Ask[];
  /** Kinds of facts that are needed of each target. */
  readonly kinds: readonly string[];
};

export function isDiagnosis(name: string): name is DiagnosisName {
  return (DIAGNOSES as readonly string[]).includes(name);
}

/** Throws `invalid-arguments`. */
export function planDiagnosis(
  name: DiagnosisName,
  args: Arguments,
  targets: number,
  now: Instant,
): DiagnosisPlan {
  switch (name) {
    case 'host.diagnose': {
      const checks = checksOf(args['checks']);
      return { asks: askHost(checks), kinds: checks.includes('security') ? ['certificate'] : [] };
    }
    case 'service.status':
      return { asks: askService(String(args['unit'])), kinds: [] };
    case 'logs.read':
      return { asks: askLogs(logQuestion(args), now), kinds: [] };
    case 'host.compare':
      if (targets !== 2)
        throw new Fault(
          'invalid',
          'invalid-arguments',
          `arguments are not valid: host.compare: it compares exactly two targets, given are ${targets}. Correct them and propose again`,
        );
      return { asks: [], kinds: kindsToCompare(partsOf(args['parts'])) };
  }
}

/** The text that answers, of about so many bytes at most. */
export function readDiagnosis(
  name: DiagnosisName,
  args: Arguments,
  views: readonly TargetHeard[],
  now: Instant,
  maxBytes: number,
): string {
  const [one, other] = views;
  if (name === 'host.compare')
    return one === undefined || other === undefined
      ? ''
      : compareHosts(partsOf(args['parts']), one.known, other.known, now);
  const share = Math.floor(maxBytes / Math.max(1, views.length));
  return views
    .map(({ target, heard, known }) => {
      const about = `${target} at ${formatInstant(now).slice(0, 19)}Z`;
      switch (name) {
        case 'host.diagnose':
          return renderReport(about, readHost(checksOf(args['checks']), heard, known, now), share);
        case 'service.status':
          return renderReport(about, readService(String(args['unit']), heard), share);
        case 'logs.read':
          return renderReport(about, readLogs(logQuestion(args), now, heard), share);
      }
    })
    .join('\n\n');
}
