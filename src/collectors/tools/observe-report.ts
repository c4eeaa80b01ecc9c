/** A report of a tool as one observation, whatever its parser makes of it. */
import { asFault } from '#base/fault';
import type { Instant } from '#base/time';
import { type Observed, soundPart } from '../observe.ts';
import { noReport, type ReportParser, type ToolLook, type ToolReport } from './report.ts';

export type ObserveReportRequest = ToolReport & {
  readonly tookMs: number;
  /** When it is told of a report that is none, and so of no moment. */
  readonly undatedAt?: Instant;
};

/** Never throws. What was seen is of the moment the tool ran, not of the moment its report was read. */
export function observeReport(
  parser: ReportParser,
  { tookMs, undatedAt, ...report }: ObserveReportRequest,
): Observed {
  const look = lookOf(parser, report);
  const { target, now } = report;
  return {
    collector: parser.name,
    source: parser.source,
    target,
    // A clock that is ahead must not date what it saw into the future.
    observedAt: look.ranAt === null ? (undatedAt ?? now) : look.ranAt > now ? now : look.ranAt,
    tookMs,
    ...soundPart(look, parser, target),
  };
}

function lookOf(parser: ReportParser, report: ToolReport): ToolLook {
  try {
    return parser.parse(report);
  } catch (thrown) {
    const { code, message } = asFault(thrown);
    const why = code === 'internal' ? 'the report was not understood' : message;
    return noReport(parser.kinds, why);
  }
}
