/** The parser of each tool's report; one line for each. */
import { aideParser } from './aide.ts';
import { cisEvidenceParser } from './cis-evidence.ts';
import { lynisParser } from './lynis.ts';
import { nodeExporterParser } from './node-exporter.ts';
import { openscapParser } from './openscap.ts';
import { osqueryParser } from './osquery/parser.ts';
import type { ReportParser } from './report.ts';
import type { ToolName } from './settings.ts';

const PARSERS: Readonly<Partial<Record<ToolName, ReportParser>>> = {
  aide: aideParser,
  'cis-evidence': cisEvidenceParser,
  lynis: lynisParser,
  'node-exporter': nodeExporterParser,
  osquery: osqueryParser,
  openscap: openscapParser,
};

/** `undefined` for what is no report: the way to a Windows host. */
export function reportParserOf(tool: ToolName): ReportParser | undefined {
  return PARSERS[tool];
}
