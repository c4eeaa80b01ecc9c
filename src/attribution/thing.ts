/** What a fact is about, in the words that logs have for it: a path, a unit, a package, an account. */
import { keyOf, kindOf } from '#model';
import type { WriteKind } from './event.ts';
import { isUnder } from './paths.ts';

/**
 * `did`: it is exactly this that was changed. `shared`: a file that holds this and more. `may`: it could have
 * been. Only the first two can ever make anybody the cause.
 */
export type Touch = 'did' | 'shared' | 'may' | 'no';

export type Thing = {
  readonly kind: string;
  /** Without the name of the target in front. */
  readonly name: string;
  readonly attribute: string;
};

export function thingOf(entity: string, attribute: string): Thing {
  const key = keyOf(entity);
  const slash = key.indexOf('/');
  return { kind: kindOf(entity), name: slash === -1 ? key : key.slice(slash + 1), attribute };
}

const UNIT_PLACES = ['/etc/systemd/system', '/lib/systemd/system', '/usr/lib/systemd/system'];
const UNIT_KINDS: ReadonlySet<string> = new Set(['service', 'unit', 'timer']);

export function isUnit(thing: Thing): boolean {
  return UNIT_KINDS.has(thing.kind);
}

/** Everything at which something about a thing of this kind is written down, beside itself. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  user: ['/etc/passwd', '/etc/shadow', '/etc/group'],
  group: ['/etc/group', '/etc/gshadow'],
  sshd_setting: ['/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/'],
  kernel_parameter: ['/etc/sysctl.conf', '/etc/sysctl.d/'],
  mount: ['/etc/fstab'],
};

export function touchOfPath(thing: Thing, path: string, wrote: WriteKind): Touch {
  switch (thing.kind) {
    case 'file':
    case 'certificate':
      if (path !== thing.name) return 'no';
      return fits(thing.attribute, wrote) ? 'did' : 'may';
    case 'sudo_rule':
    case 'cron_job':
      return thing.name === path || thing.name.startsWith(`${path}/`) ? 'did' : 'no';
    case 'service':
    case 'unit':
    case 'timer':
      return touchOfUnitPath(thing, path);
    case 'authorized_key': {
      const account = thing.name.split('/', 1)[0] ?? '';
      const home = account === 'root' ? '/root' : `/home/${account}`;
      return path.startsWith(`${home}/.ssh/authorized_keys`) ? 'shared' : 'no';
    }
    case 'kernel_parameter':
      if (path === `/proc/sys/${thing.name.replaceAll('.', '/')}`) return 'did';
      return isShared(thing, path) ? 'may' : 'no';
    case 'host':
      return path === HOST_FILES[thing.attribute] ? 'did' : 'no';
    default:
      return isShared(thing, path) ? 'shared' : 'no';
  }
}

const HOST_FILES: Readonly<Record<string, string>> = {
  hostname: '/etc/hostname',
  timezone: '/etc/localtime',
};

function isShared({ kind }: Thing, path: string): boolean {
  const places = Object.hasOwn(SHARED, kind) ? (SHARED[kind] ?? []) : [];
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

function touchOfUnitPath({ name, attribute }: Thing, path: string): Touch {
  for (const place of UNIT_PLACES) {
    if (path === `${place}/${name}` || isUnder(path, `${place}/${name}.d`)) return 'did';
    // Enabling is a link in a directory of whoever wants it.
    if (attribute === 'state.enabled' && isUnder(path, place) && path.endsWith(`/${name}`))
      return 'did';
  }
  return 'no';
}

/** Whether such a write changes such an attribute: who may use a file is not what is in it. */
export function fits(attribute: string, wrote: WriteKind): boolean {
  switch (attribute) {
    case 'sha256':
    case 'linkTarget':
    case 'fingerprint':
      return wrote !== 'meta';
    case 'mode':
    case 'owner':
    case 'group':
      return wrote !== 'content';
    default:
      return true;
  }
}

const ORDER: readonly Touch[] = ['no', 'may', 'shared', 'did'];
export function most(a: Touch, b: Touch): Touch {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}
