/** `holdfast redact --jsonl`: lines `{"id", "text"}` in, the same with clean text out. */
import { Fault } from '#base/fault';
import { clean } from './clean.ts';
import { safeJson } from './encode.ts';

/** One line. `number` counts from 1 and is what a fault names. */
export function redactLine(line: string, number: number): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw fault(number, 'is not JSON', cause);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw fault(number, 'is not an object');
  }
  const { id, text } = value as { id?: unknown; text?: unknown };
  if (typeof id !== 'string' && typeof id !== 'number') {
    throw fault(number, 'has no "id" that is a string or a number');
  }
  if (typeof text !== 'string') throw fault(number, 'has no "text" that is a string');
  return safeJson({ id, text: clean(text).text });
}

/** Every line of `lines`; blank ones are passed over. Throws `invalid-jsonl` at the first bad one. */
export function* redactLines(lines: Iterable<string>): Generator<string> {
  let number = 0;
  for (const line of lines) {
    number++;
    if (line.trim() !== '') yield redactLine(line, number);
  }
}

function fault(number: number, problem: string, cause?: unknown): Fault {
  return new Fault(
    'invalid',
    'invalid-jsonl',
    `not a line of {"id", "text"}: line ${number} ${problem}. Give one JSON object per line`,
    { facts: { line: number }, ...(cause === undefined ? {} : { cause }) },
  );
}
