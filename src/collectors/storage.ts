/**
 * Mounts, their space, and block devices.
 *
 * Mounts that come and go with sessions, containers and units are left out: they say nothing about
 * how the machine is set up, and their names are random.
 */
import type { Collector, LookSession } from './look-session.ts';
import { decode, Gathering, linesOf, numberOf, readText, readValue } from './reading.ts';

const KINDS = ['mount', 'filesystem', 'block_device'] as const;
const SECTOR_BYTES = 512;

export const storageCollector: Collector = {
  name: 'storage',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    await mounts(session, seen);
    await space(session, seen);
    await blockDevices(session, seen);
    return seen.end(KINDS);
  },
};

const PASSING_MOUNT =
  /^(\/run\/(user|credentials|docker|netns|containerd|systemd\/(unit-root|mount-rootfs))(\/|$)|\/run\/snapd\/ns(\/|$)|\/var\/lib\/(docker|containers|containerd|kubelet)\/)|\/(overlay2?|overlay-containers)\/[^/]+\//;

export type Mount = {
  readonly source: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
};

async function mounts(session: LookSession, seen: Gathering): Promise<void> {
  const text = await readText(session, '/proc/self/mounts', 4 * 1024 * 1024);
  if (text === undefined) return seen.short('mount', 'no /proc/self/mounts');
  // The last one mounted at a point is what one sees there.
  const visible = new Map(parseMounts(text).map((mount) => [mount.point, mount]));
  for (const { source, point, type, options } of visible.values()) {
    if (isPassingMount(point, type)) continue;
    const loop = /^\/dev\/(loop\d+)$/.exec(source)?.[1];
    const from = loop === undefined ? source : await deviceName(session, loop);
    seen.add('mount', point, { source: from, type, options });
  }
}

export function isPassingMount(point: string, type: string): boolean {
  return (
    type === 'nsfs' || type === 'autofs' || type === 'binfmt_misc' || PASSING_MOUNT.test(point)
  );
}

/** Lines of /proc/mounts, with `\040` and the like undone. */
export function parseMounts(text: string): Mount[] {
  return linesOf(text).flatMap((line) => {
    const [source, point, type, options] = line.split(' ').map(unescapeOctal);
    if (source === undefined || type === undefined || options === undefined) return [];
    if (point?.startsWith('/') !== true) return [];
    // The kernel sizes its own device tree by the memory it finds.
    const sized = type === 'devtmpfs' ? /^(size|nr_inodes)=/ : undefined;
    const kept = options.split(',').filter((option) => sized?.test(option) !== true);
    return [{ source, point, type, options: kept.sort() }];
  });
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

async function space(session: LookSession, seen: Gathering): Promise<void> {
  const result = await session.programs.run([
    'df',
    '--local',
    '--block-size=1',
    '--output=fstype,size,used,avail,itotal,iused,target',
  ]);
  // Exit 1 with output: some mount could not be asked; the others are told.
  if (result.ended !== 'exited' || result.stdout.length === 0)
    return seen.short('filesystem', `df did not answer: ${result.ended}`);
  for (const row of parseDf(decode(result.stdout))) {
    if (isPassingMount(row.point, row.type)) continue;
    // Memory filesystems take their size from memory, and it moves with it.
    if (/^(tmpfs|devtmpfs|ramfs|squashfs|overlay|efivarfs)$/.test(row.type) && row.point !== '/')
      continue;
    const { point, ...attributes } = row;
    // Datasets of one pool share what is free, so the size of each moves with the others.
    const isShared = /^(zfs|fuse)/.test(row.type);
    seen.add('filesystem', point, isShared ? { ...attributes, sizeBytes: undefined } : attributes);
  }
}

export type Space = {
  readonly point: string;
  readonly type: string;
  readonly sizeBytes: number | undefined;
  readonly usedBytes: number | undefined;
  readonly availableBytes: number | undefined;
  readonly inodes: number | undefined;
  readonly inodesUsed: number | undefined;
};

/** Output of df with the columns fstype, size, used, avail, itotal, iused, target. */
export function parseDf(text: string): Space[] {
  return linesOf(text)
    .slice(1)
    .flatMap((line) => {
      const match = /^(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\/.*)$/.exec(line);
      if (match === null) return [];
      const [type = '', size, used, available, inodes, inodesUsed, point = ''] = match.slice(1);
      return [
        {
          point,
          type,
          sizeBytes: numberOf(size),
          usedBytes: numberOf(used),
          availableBytes: numberOf(available),
          inodes: numberOf(inodes),
          inodesUsed: numberOf(inodesUsed),
        },
      ];
    });
}

async function blockDevices(session: LookSession, seen: Gathering): Promise<void> {
  for (const name of (await session.files.list('/sys/block')) ?? []) {
    if (/^(ram|zram|nbd|fd|sr)\d+$/.test(name)) continue;
    const at = `/sys/block/${name}`;
    const sectors = numberOf(await readValue(session, `${at}/size`));
    if (sectors === undefined || sectors === 0) continue;
    const uuid = await readValue(session, `${at}/dm/uuid`);
    const parents: string[] = [];
    for (const each of (await session.files.list(`${at}/slaves`)) ?? [])
      parents.push(await deviceName(session, each));
    seen.add('block_device', await deviceName(session, name), {
      type: deviceType(name),
      sizeBytes: sectors * SECTOR_BYTES,
      model: await readValue(session, `${at}/device/model`),
      readOnly: (await readValue(session, `${at}/ro`)) === '1',
      removable: (await readValue(session, `${at}/removable`)) === '1',
      encrypted: uuid?.startsWith('CRYPT-'),
      parents:
        parents.length > 0 ? parents.map((each) => seen.ref('block_device', each)) : undefined,
    });
    for (const part of (await session.files.list(at)) ?? []) {
      if (!part.startsWith(name)) continue;
      const size = numberOf(await readValue(session, `${at}/${part}/size`));
      if (size === undefined) continue;
      seen.add('block_device', part, {
        type: 'partition',
        sizeBytes: size * SECTOR_BYTES,
        readOnly: (await readValue(session, `${at}/${part}/ro`)) === '1',
        parents: [seen.ref('block_device', name)],
      });
    }
  }
}

/** Numbers of mapped and loop devices are given anew at every boot; what they stand for is not. */
async function deviceName(session: LookSession, name: string): Promise<string> {
  const mapping = await readValue(session, `/sys/block/${name}/dm/name`);
  return mapping ?? (await readValue(session, `/sys/block/${name}/loop/backing_file`)) ?? name;
}

function deviceType(name: string): string {
  if (name.startsWith('dm-')) return 'mapped';
  if (/^md\d/.test(name)) return 'raid';
  if (name.startsWith('loop')) return 'loop';
  return 'disk';
}
