/** osquery's word of a host: what `osqueryi` answered, or what osqueryd logged of the pack that ships with us. */
import { type Instant, isInstant, MICROS_PER_SECOND, shift } from '#base/time';
import { decode } from '../../reading.ts';
import {
  endReport,
  gatheringOf,
  isForeign,
  type ReportParser,
  type RunEvidence,
  type ToolReport,
} from '../report.ts';
import { parseDocument } from './document.ts';
import { parseLog } from './log.ts';
import type { QueryName } from './queries.ts';
import { type Answers, OSQUERY_KINDS, type Row, tellAnswers } from './rows.ts';

const UUID = /^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/;

export const osqueryParser: ReportParser = {
  name: 'osquery',
  source: 'collector.osquery',
  kinds: OSQUERY_KINDS,
  parse: (report) => {
    const text = decode(report.bytes);
    const asked = parseDocument(text);
    const { answers, evidence } = asked === undefined ? logged(text, report) : live(asked);
    const seen = gatheringOf(report);
    tellAnswers(answers, seen);
    return endReport(seen, OSQUERY_KINDS, evidence, report);
  },
};

type Read = { readonly answers: Answers; readonly evidence: RunEvidence };

/** The last question of the round could only be asked when the others had been; the clock is one of them. */
function live(answers: Answers): Read {
  const seconds = Number(onlyOf(answers, 'time')?.get('unix_time') ?? NaN);
  const micros = seconds * MICROS_PER_SECOND;
  const ranAt = isInstant(micros) ? micros : null;
  const host = onlyOf(answers, 'system')?.get('hostname') ?? null;
  return { answers, evidence: { isFinished: answers.size > 0, ranAt, host } };
}

function logged(text: string, report: ToolReport): Read {
  // An identifier that is no name says nothing of whose it is.
  const hostOf = (said: string): string | null => (UUID.test(said) ? null : said);
  const log = parseLog(text, (said) => !isForeign({ host: hostOf(said) }, report));
  const oldest = shift(report.now, -report.maxAgeSeconds * MICROS_PER_SECOND);
  const answers = new Map<QueryName, readonly Row[]>();
  let ranAt: Instant | null = log.newest;
  for (const [name, { rows, snapshotAt }] of log.queries) {
    // A snapshot is of its own moment: one that is too old answers nothing, however young the log is.
    if (snapshotAt !== null && snapshotAt < oldest) continue;
    answers.set(name, rows);
    if (snapshotAt !== null && ranAt !== null && snapshotAt < ranAt) ranAt = snapshotAt;
  }
  const first = log.hosts[0];
  const ours = log.hosts.find((said) => !isForeign({ host: hostOf(said) }, report)) ?? first;
  const host = ours === undefined ? null : hostOf(ours);
  return { answers, evidence: { isFinished: log.newest !== null, ranAt, host } };
}

function onlyOf(answers: Answers, name: QueryName): Row | undefined {
  const rows = answers.get(name);
  return rows?.length === 1 ? rows[0] : undefined;
}
