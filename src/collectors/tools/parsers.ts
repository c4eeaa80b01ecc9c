/** The parser of each tool's report; one line for each. */
import { nodeExporterParser } from './node-exporter.ts';
import type { ReportParser } from './report.ts';
import type { ToolName } from './settings.ts';

const PARSERS: Readonly<Partial<Record<ToolName, ReportParser>>> = {
  'node-exporter': nodeExporterParser,
};

/** `undefined` for what is no report: the way to a Windows host. */
export function reportParserOf(tool: ToolName): ReportParser | undefined {
  return PARSERS[tool];
}
