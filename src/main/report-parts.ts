/** What tools beside our own collectors are read with: loaded only where a `collectors.yaml` names one. */
export { lookOverWinrm, observeReport, reportParserOf, toolsFor } from '#collectors';
export { readLines, readPin } from '#secrets';
export { fetchReport, urlOf } from './report-fetch.ts';
