/**
 * The file of logs a witness cosigns for: a verifier key on each line; empty lines and lines that
 * begin with `#` say nothing. A log whose key was replaced has a line for each key.
 */
import { Fault } from '#base/fault';
import { parseVerifierKey, type VerifierKey } from '../note.ts';

export function parseKnownLogs(text: string, file: string): readonly VerifierKey[] {
  const keys: VerifierKey[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const key = parseVerifierKey(line);
    if (key === undefined || keys.some((one) => one.vkey === key.vkey)) {
      const what = key === undefined ? 'not a verifier key' : 'the same key again';
      throw new Fault(
        'invalid',
        'invalid-known-logs',
        `the file of known logs is not valid: ${file}:${i + 1}: ${what}. Give the one line of each log's log.vkey`,
        { facts: { file, line: i + 1 } },
      );
    }
    keys.push(key);
  }
  return keys;
}
