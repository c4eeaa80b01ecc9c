/**
 * Reports of Lynis (`lynis-report.dat`): lines of `name=value` and `name[]=value`. `finish=true` is the last line that it
 * writes; a report without it is of a run that did not end.
 */
import { linesOf, numberOf } from '../reading.ts';
import { endReport, gatheringOf, noReport, type ReportParser } from './report.ts';
import { reportText, reportTime } from './report-text.ts';

const KINDS = ['audit', 'audit_finding'] as const;
const LEVELS = ['warning', 'suggestion'] as const;
/** A run of a few chosen tests says nothing about the rest. */
const LEAST_TESTS = 100;
const TEST_ID = /^[A-Z0-9]{2,12}(?:-\d{3,5})?$/;

export const lynisParser: ReportParser = {
  name: 'lynis',
  source: 'collector.lynis',
  kinds: KINDS,
  parse: (report) => {
    const text = reportText(report.bytes);
    if (text?.startsWith('# Lynis Report\n') !== true)
      return noReport(KINDS, 'not a report of Lynis');
    const lines = linesOf(text);
    const values = new Map<string, string>();
    const lists = new Map<string, string[]>();
    let twice = false;
    for (const line of lines) {
      const found = /^([a-z0-9_]{1,64})(\[\])?=(.*)$/.exec(line);
      const [, name = '', isList, value = ''] = found ?? [];
      if (isList !== undefined) {
        const known = lists.get(name);
        if (known === undefined) lists.set(name, [value]);
        else known.push(value);
      } else if (name === 'report_datetime_start' && values.has(name)) twice = true;
      else if (found !== null) values.set(name, value);
    }
    const seen = gatheringOf(report);
    const tests = numberOf(values.get('lynis_tests_done'));
    seen.add('audit', 'lynis', {
      hardeningIndex: numberOf(values.get('hardening_index')),
      warnings: lists.get('warning')?.length ?? 0,
      suggestions: lists.get('suggestion')?.length ?? 0,
      tests,
      version: values.get('lynis_version'),
    });
    for (const level of LEVELS) {
      const times = new Map<string, number>();
      for (const line of lists.get(level) ?? []) {
        const [test = '', words = '', detail, solution] = line.split('|');
        if (!TEST_ID.test(test)) {
          seen.short('audit_finding', 'a test was not named as Lynis does');
          continue;
        }
        const n = (times.get(test) ?? 0) + 1;
        times.set(test, n);
        const key = `lynis/${test}/${level}${n === 1 ? '' : `#${n}`}`;
        seen.add('audit_finding', key, {
          level,
          text: words,
          detail: worded(detail),
          solution: worded(solution),
        });
      }
    }
    if (tests === undefined || tests < LEAST_TESTS)
      seen.short('audit_finding', `only ${tests ?? 0} tests were run`);
    const evidence = {
      isFinished: !twice && lines.at(-1) === 'finish=true' && text.endsWith('\nfinish=true\n'),
      ranAt: reportTime(values.get('report_datetime_end'), report.now),
      host: values.get('hostname') ?? null,
    };
    return endReport(seen, KINDS, evidence, report);
  },
};

/** `-` is how Lynis says nothing. */
function worded(text: string | undefined): string | undefined {
  return text === undefined || text === '' || text === '-' ? undefined : text;
}
