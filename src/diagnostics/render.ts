/**
 * A report as plain lines, for a model and for a person: what looks wrong first, then what is not
 * known, then details. Lines that begin with `| ` are the host's own words, cleaned.
 */
import { clean } from '#redaction';
import type { Remark, Report, Section } from './report.ts';
import { oneLine, plural } from './words.ts';

const EVIDENCE_CHARS = 300;
/** More of one kind than anybody reads. */
const MOST_REMARKS = 60;

export const BAR = '| ';

export function renderReport(about: string, report: Report, maxBytes: number): string {
  const { remarks, unknown, sections, cut, checks } = report;
  const wrong = remarks.filter(({ severity }) => severity !== 'info');
  const notes = remarks.filter(({ severity }) => severity === 'info');
  const ordered = wrong.toSorted((a, b) => rank(a) - rank(b));
  const lines = [`${about}: ${headline(report)}`];
  if (wrong.length > 0) lines.push('', 'Looks wrong:');
  for (const each of ordered.slice(0, MOST_REMARKS)) lines.push(...remarkLines(each));
  if (ordered.length > MOST_REMARKS)
    lines.push(`and ${ordered.length - MOST_REMARKS} more of the same kinds`);
  if (unknown.length > 0) lines.push('', 'Not known, so not judged:');
  for (const { check, says } of unknown.slice(0, MOST_REMARKS)) lines.push(`- ${check}: ${says}`);
  const quiet = checks.filter(
    (check) =>
      !wrong.some((each) => each.check === check) && !unknown.some((each) => each.check === check),
  );
  if (quiet.length > 0) lines.push('', `Nothing wrong seen in: ${quiet.join(', ')}`);
  if (notes.length > 0) lines.push('', 'Worth knowing:');
  for (const each of notes.slice(0, MOST_REMARKS)) lines.push(...remarkLines(each));
  for (const each of cut) lines.push(`(${each})`);
  return withSections(lines, sections, maxBytes);
}

function rank({ severity }: Remark): number {
  return severity === 'critical' ? 0 : 1;
}

export function headline({ remarks, unknown, headline: own }: Report): string {
  const count = (of: string): number => remarks.filter(({ severity }) => severity === of).length;
  const parts = [
    ...(own === undefined ? [] : [own]),
    ...(count('critical') > 0 ? [`${count('critical')} critical`] : []),
    ...(count('warning') > 0 ? [plural(count('warning'), 'warning')] : []),
    ...(unknown.length > 0 ? [`${plural(unknown.length, 'part')} not known`] : []),
  ];
  return parts.length === 0 ? 'nothing wrong seen' : parts.join(', ');
}

function remarkLines({ severity, check, says, evidence }: Remark): string[] {
  const line = `- ${severity} ${check}: ${says}`;
  return evidence === null ? [line] : [line, `  ${BAR}${oneLine(evidence, EVIDENCE_CHARS)}`];
}

/** Sections as far as there is room; which ones are left out is said. */
function withSections(
  head: readonly string[],
  sections: readonly Section[],
  maxBytes: number,
): string {
  const lines = [...head];
  let size = Buffer.byteLength(lines.join('\n')) + 200;
  const dropped: string[] = [];
  if (sections.length > 0)
    lines.push('', `Details (lines behind "${BAR.trim()}" are the host's own words):`);
  for (const { title, lines: raw, keepsNewest = false } of sections) {
    const room = maxBytes - size - Buffer.byteLength(title) - 200;
    const all = quoted(raw);
    const kept = keepsNewest ? newestIn(all, room) : all;
    if (kept.length < all.length)
      kept.unshift(
        `(only the newest ${kept.length} of these ${all.length} lines are shown: there is no room for more in one answer)`,
      );
    const block = [`# ${title}`, ...kept];
    const bytes = Buffer.byteLength(block.join('\n')) + 1;
    if (size + bytes > maxBytes) {
      dropped.push(title);
      continue;
    }
    size += bytes;
    lines.push(...block);
  }
  if (dropped.length > 0)
    lines.push(`(no room for: ${dropped.join('; ')}. Ask for fewer checks, or read it by itself)`);
  return lines.join('\n');
}

/** As many of the last lines as have room. */
function newestIn(lines: readonly string[], room: number): string[] {
  let from = lines.length;
  for (let left = room; from > 0; from--) {
    left -= Buffer.byteLength(lines[from - 1] ?? '') + 1;
    if (left < 0) break;
  }
  return lines.slice(from);
}

/** Lines of a host behind bars; cleaned as one text, since a secret may go over several lines. */
export function quoted(raw: readonly string[]): string[] {
  if (raw.length === 0) return [];
  return clean(raw.join('\n'))
    .text.split('\n')
    .map((line) => `${BAR}${line}`);
}
