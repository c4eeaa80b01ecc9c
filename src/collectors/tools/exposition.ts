/**
 * Prometheus' text exposition format 0.0.4, read strictly and with bounds. Only families that somebody asks
 * for are kept; anything that is not in the form refuses the whole, because a look that guesses is none.
 */
import { Fault } from '#base/fault';
import { decode } from '../reading.ts';

export type Sample = {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};

/** By name of the family's samples, in the order of the text. */
export type Exposition = ReadonlyMap<string, readonly Sample[]>;

export const EXPOSITION_BYTES = 4 * 1024 * 1024;
const MOST_LINES = 100_000;
const LINE_CHARS = 16 * 1024;
const MOST_LABELS = 32;
const VALUE_CHARS = 4_096;

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const BLANKS = /[ \t]*/y;
const LABEL = /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\\n]|\\[\\"n])*)"[ \t]*/y;
const REST =
  /[ \t]+([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?Inf|NaN)(?:[ \t]+-?\d{1,19})?[ \t]*$/y;

/** Throws `exposition-malformed`. Samples whose value is no finite number are left out. */
export function parseExposition(bytes: Uint8Array, families: ReadonlySet<string>): Exposition {
  if (bytes.length > EXPOSITION_BYTES) throw malformed('it is too big');
  const text = decode(bytes);
  // The last line ends in a line feed too, so that one that was cut is seen.
  if (!text.endsWith('\n')) throw malformed('its last line has no end');
  const lines = text.split('\n');
  if (lines.length > MOST_LINES) throw malformed('it has too many lines');
  const found = new Map<string, Sample[]>();
  const seen = new Set<string>();
  for (const line of lines) {
    if (line.length > LINE_CHARS) throw malformed('a line is too long');
    if (line.startsWith('#') || line.trim() === '') continue;
    const sample = readLine(line);
    if (!families.has(sample.name)) continue;
    const labels = [...sample.labels].map(([name, value]) => `${name}=${value}`);
    const series = [sample.name, ...labels.toSorted()].join('\0');
    if (seen.has(series)) throw malformed('a series stands twice');
    seen.add(series);
    if (!Number.isFinite(sample.value)) continue;
    const all = found.get(sample.name) ?? [];
    all.push({ labels: sample.labels, value: sample.value });
    found.set(sample.name, all);
  }
  return found;
}

function readLine(line: string): Sample & { readonly name: string } {
  NAME.lastIndex = 0;
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw malformed('a line has no name');
  const labels = new Map<string, string>();
  BLANKS.lastIndex = name.length;
  const behind = name.length + (BLANKS.exec(line)?.[0].length ?? 0);
  const at = line[behind] === '{' ? readLabels(line, behind + 1, labels) : name.length;
  REST.lastIndex = at;
  const value = REST.exec(line)?.[1];
  if (value === undefined) throw malformed('a line has no value');
  return { name, labels, value: Number(value.replace(/Inf$/, 'Infinity')) };
}

/** Where the labels end. */
function readLabels(line: string, from: number, labels: Map<string, string>): number {
  let at = from;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at += 1;
    if (line[at] === '}') return at + 1;
    LABEL.lastIndex = at;
    const [whole, name, value] = LABEL.exec(line) ?? [];
    if (whole === undefined || name === undefined || value === undefined)
      throw malformed('a label is not in its form');
    if (labels.has(name)) throw malformed('a label stands twice');
    if (labels.size === MOST_LABELS) throw malformed('a line has too many labels');
    if (value.length > VALUE_CHARS) throw malformed('the value of a label is too long');
    labels.set(
      name,
      value.replace(/\\([\\"n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
    );
    at += whole.length;
    if (line[at] === ',') at += 1;
    else if (line[at] !== '}') throw malformed('labels are not parted by commas');
  }
}

function malformed(what: string): Fault {
  return new Fault(
    'invalid',
    'exposition-malformed',
    `what the exporter answered is not in the text format 0.0.4: ${what}. See that the port is the exporter's`,
  );
}
