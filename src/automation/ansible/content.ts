/** What is checked, signed and run: the tree of a root as one archive, and whether a check of it would be one. */
import { sha256 } from '#base/digest';
import type { MachineFiles } from '#base/ports';
import { automationFault } from '../faults.ts';
import type { AnsibleRoot } from '../settings.ts';
import { contentProblems } from './content-problems.ts';
import { readTree } from './tree.ts';
import { ustar } from './ustar.ts';

export type AnsibleContent = {
  readonly archive: Uint8Array;
  /** Of the archive, hex. */
  readonly sha256: string;
  /** `path:line: why`, of everything that a check could not be made with. */
  readonly problems: readonly string[];
};

const SHOWN = 20;

/** Throws `content-refused` where the tree cannot be taken at all. */
export async function readAnsibleContent(
  files: MachineFiles,
  root: AnsibleRoot,
  uid: number,
): Promise<AnsibleContent> {
  const tree = await readTree(files, root.root, uid);
  const missing = [root.inventory, ...root.playbooks].filter(
    (path) => !tree.some((file) => file.path === path || file.path.startsWith(`${path}/`)),
  );
  if (missing.length > 0)
    throw automationFault(
      'content-refused',
      `content cannot be taken: ${root.root}: not there: ${missing.join(', ')}. Correct ${root.at}`,
      { facts: { root: root.root, missing } },
    );
  const archive = ustar(tree);
  return { archive, sha256: sha256(archive), problems: contentProblems(tree) };
}

/** Throws `check-refused` with the first places. */
export function requireCheckable(root: AnsibleRoot, { problems }: AnsibleContent): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, SHOWN);
  const more =
    problems.length > shown.length ? `\n… and ${problems.length - shown.length} more` : '';
  throw automationFault(
    'check-refused',
    `a check of this content could change something, or reach past its target: ${root.name}. Correct each place:\n${shown.join('\n')}${more}`,
    { facts: { root: root.root, problems: shown } },
  );
}
