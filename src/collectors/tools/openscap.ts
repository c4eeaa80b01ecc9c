/**
 * Results of OpenSCAP: XCCDF 1.1 and 1.2, alone or inside an ARF. Complete when the one test result has an end, and every
 * rule of the benchmark that stands in the same file has a result, be it that it was not selected.
 */

import { endReport, gatheringOf, noReport, type ReportParser } from './report.ts';
import { reportText, reportTime } from './report-text.ts';
import { xmlEvents } from './xml.ts';

const KINDS = ['control'] as const;
const TEXT_CHARS = 300;

/** Results of XCCDF 1.2 (NIST IR 7275r4, 6.6.4.2) in our words. */
const RESULTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    pass: 'pass',
    fixed: 'pass',
    fail: 'fail',
    error: 'error',
    unknown: 'unknown',
    notapplicable: 'not-applicable',
    notchecked: 'not-checked',
    notselected: 'not-selected',
    informational: 'informational',
  }),
);

type RuleResult = { readonly rule: string; readonly severity: string | undefined; result: string };

type Read = {
  tests: number;
  benchmark: string | undefined;
  host: string | undefined;
  end: string | undefined;
  readonly rules: Set<string>;
  readonly results: RuleResult[];
};

export const openscapParser: ReportParser = {
  name: 'openscap',
  source: 'collector.openscap',
  kinds: KINDS,
  parse: (report) => {
    const text = reportText(report.bytes);
    if (text === undefined) return noReport(KINDS, 'the report is not text');
    const read = readXccdf(text);
    if (read.tests === 0) return noReport(KINDS, 'no result of a test in it');
    const seen = gatheringOf(report);
    const told = new Set<string>();
    for (const { rule, severity, result } of read.results) {
      const known = RESULTS.get(result);
      if (known === undefined) seen.short('control', 'a result is none that XCCDF has');
      else if (told.has(rule)) seen.short('control', 'a rule has two results');
      told.add(rule);
      seen.add('control', rule, { result: known, severity, benchmark: read.benchmark });
    }
    if (read.rules.size === 0)
      seen.short('control', 'the rules of the benchmark are not in the file');
    if ([...read.rules].some((rule) => !told.has(rule)))
      seen.short('control', 'a rule of the benchmark has no result');
    const evidence = {
      isFinished: read.tests === 1 && read.end !== undefined && read.results.length > 0,
      ranAt: reportTime(read.end, report.now),
      host: read.host ?? null,
    };
    return endReport(seen, KINDS, evidence, report);
  },
};

function readXccdf(text: string): Read {
  const read: Read = {
    tests: 0,
    benchmark: undefined,
    host: undefined,
    end: undefined,
    rules: new Set(),
    results: [],
  };
  const path: string[] = [];
  let words = '';
  let current: RuleResult | undefined;
  for (const event of xmlEvents(text)) {
    if (event.kind === 'text') {
      if (words.length < TEXT_CHARS) words += event.text.slice(0, TEXT_CHARS);
      continue;
    }
    if (event.kind === 'close') {
      const parent = path.at(-2);
      if (event.name === 'target' && parent === 'TestResult') read.host ??= words.trim();
      if (event.name === 'result' && parent === 'rule-result' && current !== undefined)
        current.result = words.trim();
      path.pop();
      words = '';
      continue;
    }
    const { name, attributes } = event;
    const parent = path.at(-1);
    path.push(name);
    words = '';
    if (name === 'TestResult') {
      read.tests++;
      read.end = attributes.get('end-time');
    } else if (name === 'benchmark' && parent === 'TestResult') {
      read.benchmark = attributes.get('id') ?? read.benchmark;
    } else if (name === 'Rule') {
      const id = attributes.get('id');
      if (id !== undefined) read.rules.add(id);
    } else if (name === 'rule-result' && parent === 'TestResult') {
      current = {
        rule: attributes.get('idref') ?? '',
        severity: attributes.get('severity'),
        result: '',
      };
      read.results.push(current);
    }
  }
  return read;
}
