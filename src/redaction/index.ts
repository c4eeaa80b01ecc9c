/** Redaction and neutralisation: the one pipeline for text that others wrote. */
export { type Cleaned, clean, cutTo, decode, redact } from './clean.ts';
export { asciiJson, forTerminal, forTerminalLines, safeJson } from './encode.ts';
export { type CleanedJson, cleanJson, isSecretName, redactJson } from './json.ts';
export { redactLine, redactLines } from './lines.ts';
export { isNeutral, neutralise } from './neutralise.ts';
export { type CleanStream, cleanStream, marker, type Redacted } from './redact.ts';
