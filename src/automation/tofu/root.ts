/**
 * Whether a directory of configuration may be used at all: planning already runs what stands in it
 * (providers, external data). So nobody but root and the account that runs Holdfast may be able to change it.
 */
import type { MachineFileInfo, MachineFiles } from '#base/ports';
import { automationFault } from '../faults.ts';

const MOST_ENTRIES = 20_000;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
/** What the program itself keeps there links to where its providers lie. */
const OWN_DIRECTORY = '.terraform';

/** Throws `content-refused` with what to do; `us` is the account that runs Holdfast. */
export async function requireConfined(
  files: Pick<MachineFiles, 'list' | 'stat'>,
  root: string,
  us: number,
): Promise<void> {
  const context = { files, us, left: { entries: MOST_ENTRIES } };
  const parts = root.split('/').slice(1);
  for (let depth = 1; depth < parts.length; depth++) {
    const at = `/${parts.slice(0, depth).join('/')}`;
    const seen = await mustSee(context, at);
    const isOpen = (seen.mode & OTHERS_WRITE) !== 0 && (seen.mode & STICKY) === 0;
    if (seen.kind !== 'directory') refuse(at, 'is no directory, or a link: name the real one');
    if (isOpen || !isOurs(context, seen)) refuseOwner(at);
  }
  const seen = await mustSee(context, root);
  if (seen.kind !== 'directory') refuse(root, 'is no directory, or a link: name the real one');
  requireOurs(context, root, seen);
  await requireTree(context, root, false);
}

type Context = {
  readonly files: Pick<MachineFiles, 'list' | 'stat'>;
  readonly us: number;
  readonly left: { entries: number };
};

async function requireTree(context: Context, directory: string, isOwn: boolean): Promise<void> {
  for (const name of (await context.files.list(directory)) ?? []) {
    if (name === '.git') continue;
    const at = `${directory}/${name}`;
    if (--context.left.entries < 0)
      refuse(at, `is one of more than ${MOST_ENTRIES} entries: keep the configuration by itself`);
    const seen = await context.files.stat(at);
    // The program makes and removes files of its own meanwhile.
    if (seen === undefined) continue;
    const isInside = isOwn || name === OWN_DIRECTORY;
    if (seen.kind === 'symlink') {
      if (!isInside) refuse(at, 'is a link: put the file itself there, nothing outside is read');
      // Permissions of a link say nothing.
      if (!isOurs(context, seen)) refuseOwner(at);
      continue;
    }
    if (seen.kind !== 'file' && seen.kind !== 'directory')
      refuse(at, 'is no file and no directory: take it out');
    requireOurs(context, at, seen);
    if (seen.kind === 'directory') await requireTree(context, at, isInside);
  }
}

async function mustSee({ files }: Context, at: string): Promise<MachineFileInfo> {
  return (await files.stat(at)) ?? refuse(at, 'is not there: mend root in automation.yaml');
}

function requireOurs(context: Context, at: string, seen: MachineFileInfo): void {
  if (!isOurs(context, seen) || (seen.mode & OTHERS_WRITE) !== 0) refuseOwner(at);
}

function isOurs({ us }: Context, { uid }: MachineFileInfo): boolean {
  return uid === 0 || uid === us;
}

function refuseOwner(at: string): never {
  return refuse(
    at,
    'could be changed by somebody else: let it belong to root or to the account that runs Holdfast, and let no other write there (chmod go-w)',
  );
}

function refuse(at: string, why: string): never {
  throw automationFault('content-refused', `the configuration is not used: ${at} ${why}`);
}
