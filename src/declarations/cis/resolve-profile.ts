/** A profile with everything it extends: the nearest word about a control counts, exclusions add up. */
import { didYouMean, show } from '#base/nearest';
import { declarationFault } from '../faults.ts';
import { strayExclusions } from './compile-profile.ts';
import type { Control, Profile, ProfileFile } from './profile.ts';

const MOST_ANCESTORS = 8;

export function resolveProfile(
  name: string,
  files: readonly ProfileFile[],
  askedAt = name,
): Profile {
  const line = lineage(name, files, askedAt);
  const controls = new Map<string, Control>();
  const platform = new Map<string, Profile['exclusions']['platform'][number]>();
  const waived = new Map<string, Profile['exclusions']['waived'][number]>();
  for (const file of line.toReversed()) {
    for (const control of file.controls) controls.set(control.id, control);
    for (const each of file.platform) platform.set(each.control, each);
    for (const each of file.waived) waived.set(each.control, each);
  }
  const exclusions = { platform: [...platform.values()], waived: [...waived.values()] };
  const all = [...controls.values()];
  const stray = strayExclusions(all, exclusions);
  if (stray.length > 0)
    throw declarationFault(
      'invalid-declarations',
      `exclusions are not valid: correct and try again:\n${stray.join('\n')}`,
      { facts: { problems: stray } },
    );
  return {
    name,
    title: line[0]?.title ?? name,
    level: line.find((file) => file.level !== null)?.level ?? 1,
    controls: all,
    exclusions,
  };
}

/** The profile, what it extends, what that extends. */
function lineage(
  name: string,
  files: readonly ProfileFile[],
  askedAt: string,
): readonly ProfileFile[] {
  const line: ProfileFile[] = [];
  let next: string | null = name;
  let at = askedAt;
  while (next !== null) {
    const wanted: string = next;
    const [found, second] = files.filter((file) => file.name === wanted);
    if (found === undefined)
      throw refused(
        `${at}: profile ${show(wanted)} is not there${didYouMean(
          wanted,
          files.map((file) => file.name),
        )}: name one that is`,
      );
    if (second !== undefined)
      throw refused(`${second.at}: profile ${show(wanted)} also stands in ${found.at}: rename one`);
    if (line.includes(found) || line.length >= MOST_ANCESTORS)
      throw refused(`${found.at}: profile ${show(wanted)} extends itself: end the chain`);
    line.push(found);
    at = found.at;
    next = found.extends;
  }
  return line;
}

function refused(problem: string): Error {
  return declarationFault(
    'invalid-declarations',
    `profiles are not valid: correct and try again:\n${problem}`,
    { facts: { problems: [problem] } },
  );
}
