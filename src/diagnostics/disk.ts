/** Disk: space, inodes, filesystems that cannot be written any more. */
import { ask, Notes } from './hearing.ts';
import type { Ask, HeardByKey, Part } from './report.ts';
import { bytes, linesOf, named } from './words.ts';

export const askDisk: readonly Ask[] = [
  ask('df', 'space and inodes of the filesystems', [
    'df',
    '--local',
    '--block-size=1',
    '--output=source,fstype,size,used,avail,itotal,iused,iavail,target',
  ]),
  ask('mounts', 'mounted filesystems', [
    'findmnt',
    '--json',
    '--list',
    '--output=TARGET,SOURCE,FSTYPE,OPTIONS',
  ]),
];

const WARNING = 90;
const CRITICAL = 95;
/** Full by their nature: images that are written once. */
const IMAGES = new Set([
  'squashfs',
  'iso9660',
  'erofs',
  'udf',
  'cramfs',
  'romfs',
  'efivarfs',
  'devtmpfs',
]);
const DISKS = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'zfs',
  'jfs',
  'reiserfs',
  'vfat',
  'overlay',
]);

export type Filesystem = {
  readonly source: string;
  readonly type: string;
  readonly size: number;
  readonly used: number;
  readonly available: number;
  readonly inodes: number;
  readonly inodesUsed: number;
  readonly target: string;
  readonly line: string;
};

/** `df --block-size=1 --output=source,fstype,size,used,avail,itotal,iused,iavail,target`; a line in no such form is left out. */
export function readDf(text: string): Filesystem[] {
  return linesOf(text, 2_000).flatMap((line) => {
    const found =
      /^(\S.*?) +(\S+) +([0-9]{1,18}) +([0-9]{1,18}|-) +([0-9]{1,18}|-) +([0-9]{1,18}|-) +([0-9]{1,18}|-) +([0-9]{1,18}|-) +(\/.*)$/.exec(
        line.slice(0, 4_096),
      );
    if (found === null) return [];
    const [, source = '', type = '', size, used, available, inodes, inodesUsed, , target = ''] =
      found;
    return [
      {
        source,
        type,
        size: number(size),
        used: number(used),
        available: number(available),
        inodes: number(inodes),
        inodesUsed: number(inodesUsed),
        target,
        line,
      },
    ];
  });
}

function number(text: string | undefined): number {
  return Number(text ?? '') || 0;
}

type Mount = {
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
};

/** `findmnt --json --list`; `undefined` where it is in no such form. */
export function readMounts(text: string): Mount[] | undefined {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = (told as { readonly filesystems?: unknown } | null)?.filesystems;
  if (!Array.isArray(list)) return undefined;
  return list.slice(0, 4_096).flatMap((each: unknown) => {
    const { target, fstype, options } = (each ?? {}) as Readonly<Record<string, unknown>>;
    return typeof target === 'string' && typeof fstype === 'string' && typeof options === 'string'
      ? [{ target, type: fstype, options: options.slice(0, 8_192).split(',') }]
      : [];
  });
}

export function readDisk(heard: HeardByKey): Part {
  const notes = new Notes('disk', askDisk, heard);
  const df = notes.said('df', [0, 1]);
  if (df !== undefined) {
    const all = readDf(df.stdout);
    if (all.length === 0)
      notes.unknown('space and inodes of the filesystems: no line of the answer is understood');
    if (df.exit !== 0)
      notes.unknown(
        `space of some filesystems: df could not look at all of them${df.stderr === '' ? '' : `, and said ${named(df.stderr, 200)}`}`,
      );
    const seen = new Set<string>();
    for (const each of all) {
      // One filesystem that is mounted in many places is told once, by its first.
      const key = each.source.startsWith('/') ? `${each.source} ${each.size}` : each.target;
      if (seen.has(key) || IMAGES.has(each.type)) continue;
      seen.add(key);
      judgeSpace(notes, each);
    }
    notes.section('filesystems (bytes)', linesOf(df.stdout), 40);
  }
  const mounts = notes.said('mounts');
  if (mounts !== undefined) {
    const all = readMounts(mounts.stdout);
    if (all === undefined) notes.unknown('mounted filesystems: the answer is not understood');
    for (const { target, type, options } of all ?? []) {
      if (!options.includes('ro') || !DISKS.has(type)) continue;
      const was = options.includes('errors=remount-ro');
      const matters = was || target === '/' || /^\/(?:var|home|srv|tmp)(?:\/|$)/.test(target);
      notes.find(
        matters ? 'warning' : 'info',
        'mounted-read-only',
        `a filesystem cannot be written: ${named(target)}${was ? ', perhaps because of errors on its disk' : ''}`,
        `${target} ${type} ${options.join(',')}`,
      );
    }
  }
  return notes.part;
}

function judgeSpace(
  notes: Notes,
  { size, used, available, inodes, inodesUsed, target, line }: Filesystem,
): void {
  // As df counts: what only root may still use does not count as free.
  const space = used + available;
  const percent = space === 0 ? 0 : Math.ceil((used / space) * 100);
  if (size > 0 && percent >= WARNING)
    notes.find(
      percent >= CRITICAL ? 'critical' : 'warning',
      'filesystem-full',
      `a filesystem is ${percent} % full, ${bytes(available)} are left: ${named(target)}`,
      line,
    );
  const files = inodes === 0 ? 0 : Math.ceil((inodesUsed / inodes) * 100);
  if (files >= WARNING)
    notes.find(
      files >= CRITICAL ? 'critical' : 'warning',
      'inodes-used-up',
      `a filesystem has used ${files} % of its inodes, whatever space there is: ${named(target)}`,
      line,
    );
}
