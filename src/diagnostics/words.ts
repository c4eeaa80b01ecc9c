/** Text of a host made fit to stand beside ours: one line, cleaned, bounded, in quotes. */
import { clean } from '#redaction';

const NAME_CHARS = 120;
const LINE_CHARS = 400;
const MOST_CHARS = 65_536;

/** A name of the host inside a sentence of ours: always in quotes, which nothing in it can end. */
export function named(text: string, most = NAME_CHARS): string {
  return `"${oneLine(text, most).replaceAll('"', "'")}"`;
}

export function oneLine(text: string, most = LINE_CHARS): string {
  // Cleaned before it is cut: half a secret is none that could be seen to be one.
  const raw = text.slice(0, MOST_CHARS).replaceAll(/\s+/g, ' ').trim();
  const said = clean(raw).text.replaceAll(/\s+/g, ' ').trim();
  return said.length <= most ? said : `${said.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Non-empty lines, so many at most. */
export function linesOf(text: string, most = 20_000): string[] {
  return text
    .split('\n', most + 1)
    .slice(0, most)
    .filter((line) => line.trim() !== '');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A whole number without sign, as programs print it; anything else is none. */
export function count(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
