/**
 * Results of controls that another program checked, in a form of our own (docs/profiles.md): one JSON object that says how
 * many controls it is about, and when it was done. Any key that is not known makes it no report.
 */
import { parseJson } from '#base/json';
import { tryParseInstant } from '#base/time';
import { endReport, gatheringOf, noReport, type ReportParser } from './report.ts';
import { reportText } from './report-text.ts';

const KINDS = ['control'] as const;
const RESULTS = ['pass', 'fail', 'not-applicable', 'not-checked', 'error'] as const;
const KEYS = ['format', 'host', 'benchmark', 'startedAt', 'finishedAt', 'controls', 'results'];
const RESULT_KEYS = ['control', 'result', 'severity', 'detail'];
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

export const cisEvidenceParser: ReportParser = {
  name: 'cis-evidence',
  source: 'collector.cis-evidence',
  kinds: KINDS,
  parse: (report) => {
    const text = reportText(report.bytes);
    const root = text === undefined ? undefined : recordOf(parseJson(text, 'evidence'), KEYS);
    if (root === undefined || root['format'] !== 'cis-evidence/1')
      return noReport(KINDS, 'not evidence in the form cis-evidence/1');
    const { host, benchmark, finishedAt, controls, results } = root;
    if (typeof benchmark !== 'string' || !NAME.test(benchmark) || !Array.isArray(results))
      return noReport(KINDS, 'evidence without its benchmark or its results');
    const seen = gatheringOf(report);
    for (const each of results as readonly unknown[]) {
      const one = recordOf(each, RESULT_KEYS);
      const result = RESULTS.find((known) => known === one?.['result']);
      const control = one?.['control'];
      if (typeof control !== 'string' || !NAME.test(control) || result === undefined) {
        seen.short('control', 'a result is not in its form');
        continue;
      }
      const key = `cis:${benchmark}:${control}`;
      if (seen.has('control', key)) seen.short('control', 'a control is told twice');
      seen.add('control', key, {
        result,
        benchmark,
        severity: textOf(one?.['severity']),
        detail: textOf(one?.['detail']),
      });
    }
    const evidence = {
      isFinished: typeof finishedAt === 'string' && controls === results.length && controls > 0,
      ranAt: typeof finishedAt === 'string' ? (tryParseInstant(finishedAt) ?? null) : null,
      host: typeof host === 'string' ? host : null,
    };
    return endReport(seen, KINDS, evidence, report);
  },
};

function recordOf(
  value: unknown,
  keys: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.keys(value).every((key) => keys.includes(key))
    ? (value as Record<string, unknown>)
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
