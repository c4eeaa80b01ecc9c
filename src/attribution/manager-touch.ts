/** What programs that manage things by name did: units, packages, accounts, parameters. */
import type { Command } from './command-touch.ts';
import { baseName } from './paths.ts';
import { isUnit, most, type Thing, type Touch } from './thing.ts';

/** `undefined`: nothing is known of this program. */
export function touchOfManager(thing: Thing, command: Command): Touch | undefined {
  const { program } = command;
  switch (program) {
    case 'systemctl':
      return touchOfSystemctl(thing, command);
    case 'service':
    case 'invoke-rc.d':
    case 'rc-service':
      return isUnit(thing) && command.operands[1] !== 'status'
        ? sameUnit(thing, command.operands[0], STATE_ATTRIBUTES)
        : 'no';
    case 'apt':
    case 'apt-get':
    case 'aptitude':
    case 'apt-mark':
    case 'dpkg':
    case 'dnf':
    case 'yum':
    case 'rpm':
    case 'apk':
      return touchOfPackages(thing, command);
    case 'useradd':
    case 'adduser':
    case 'usermod':
    case 'userdel':
    case 'deluser':
    case 'passwd':
    case 'chage':
    case 'chsh':
    case 'chfn':
    case 'gpasswd':
    case 'groupadd':
    case 'addgroup':
    case 'groupdel':
    case 'delgroup':
    case 'groupmod':
      return touchOfAccounts(thing, command);
    case 'sysctl':
      return touchOfSysctl(thing, command);
    case 'hostnamectl':
      return onHost(thing, 'hostname', command.operands, ['set-hostname', 'hostname']);
    case 'timedatectl':
      return onHost(thing, 'timezone', command.operands, ['set-timezone']);
    case 'mount':
    case 'umount':
      if (thing.kind !== 'mount') return 'no';
      return command.operands.includes(thing.name) ? 'did' : 'may';
    case 'docker':
    case 'podman':
      if (thing.kind !== 'container' || CONTAINER_READS.has(command.operands[0] ?? '')) return 'no';
      return command.rest.includes(thing.name) ? 'did' : 'may';
    default:
      return undefined;
  }
}

const CONTAINER_READS: ReadonlySet<string> = new Set(
  'ps ls logs inspect images stats top port diff version info events search history'.split(' '),
);

const STATE_ATTRIBUTES = /^(?:state\.(?!enabled|load)|since|restarts|\*$)/;
const ENABLED_ATTRIBUTES = /^(?:state\.(?:enabled|load)|\*$)/;
const DEFINED_ATTRIBUTES = /^(?!state\.enabled)/;
const VERBS: Readonly<Record<string, readonly RegExp[]>> = {
  start: [STATE_ATTRIBUTES],
  stop: [STATE_ATTRIBUTES],
  restart: [STATE_ATTRIBUTES],
  'try-restart': [STATE_ATTRIBUTES],
  'reload-or-restart': [STATE_ATTRIBUTES],
  kill: [STATE_ATTRIBUTES],
  'reset-failed': [STATE_ATTRIBUTES],
  enable: [ENABLED_ATTRIBUTES],
  disable: [ENABLED_ATTRIBUTES],
  reenable: [ENABLED_ATTRIBUTES],
  preset: [ENABLED_ATTRIBUTES],
  mask: [ENABLED_ATTRIBUTES],
  unmask: [ENABLED_ATTRIBUTES],
  link: [ENABLED_ATTRIBUTES],
  edit: [DEFINED_ATTRIBUTES],
  'set-property': [DEFINED_ATTRIBUTES],
  revert: [DEFINED_ATTRIBUTES],
};

function touchOfSystemctl(thing: Thing, { operands, options }: Command): Touch {
  const [verb = '', ...units] = operands;
  if (!isUnit(thing) || options.includes('--user')) return 'no';
  if (verb === 'daemon-reload' || verb === 'isolate') return 'may';
  const own = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (own === undefined) return 'no';
  const isNow = options.includes('--now');
  const attributes = isNow ? [...own, STATE_ATTRIBUTES] : own;
  return units.reduce<Touch>(
    (touched, unit) =>
      attributes.reduce<Touch>((so, each) => most(so, sameUnit(thing, unit, each)), touched),
    'no',
  );
}

function sameUnit(
  { name, attribute, kind }: Thing,
  unit: string | undefined,
  about: RegExp,
): Touch {
  if (unit === undefined) return 'no';
  const whole = /\.[a-z]+$/.test(unit) ? unit : `${unit}.${kind === 'timer' ? 'timer' : 'service'}`;
  if (/[*?[]/.test(unit)) return 'may';
  return whole === name && about.test(attribute) ? 'did' : 'no';
}

const PACKAGE_VERBS: ReadonlySet<string> = new Set(
  'install remove purge reinstall add del erase upgrade update downgrade hold unhold'.split(' '),
);
const WIDE_VERBS: ReadonlySet<string> = new Set(
  'upgrade dist-upgrade full-upgrade autoremove autopurge distro-sync update'.split(' '),
);

function touchOfPackages(thing: Thing, { program, operands, options }: Command): Touch {
  if (thing.kind !== 'package') return 'may';
  if (
    options.some(
      (option) => /^-[a-z]*s$/.test(option) || option === '-d' || option === '--download-only',
    )
  )
    return 'no';
  let names = operands;
  if (program === 'dpkg' || program === 'rpm') {
    const changes = options.some((option) =>
      /^(?:-[irPUFe][a-z]*|--install|--remove|--purge|--unpack|--configure|--upgrade|--erase|--set-selections)$/.test(
        option,
      ),
    );
    if (!changes) return 'no';
  } else {
    const [verb = '', ...rest] = operands;
    if (rest.length === 0 && WIDE_VERBS.has(verb)) return 'may';
    if (!PACKAGE_VERBS.has(verb)) return WIDE_VERBS.has(verb) ? 'may' : 'no';
    const isHold = verb === 'hold' || verb === 'unhold';
    if (isHold !== (thing.attribute === 'held') && thing.attribute !== '*') return 'no';
    names = rest;
  }
  return names.some((word) => packageNamed(word) === thing.name.split(':', 1)[0]) ? 'did' : 'may';
}

/** `lab-tool=1.1`, `lab-tool:amd64`, `./lab-tool_1.1_all.deb`, `lab-tool-`. */
function packageNamed(word: string): string {
  if (/\.(?:deb|rpm|apk)$/.test(word)) return baseName(word).split('_', 1)[0] ?? '';
  return (word.split(/[=:/<>~]/, 1)[0] ?? '').replace(/[+-]$/, '');
}

function touchOfAccounts(
  { kind, name }: Thing,
  { program, operands, rest, options }: Command,
): Touch {
  if (kind !== 'user' && kind !== 'group') return 'no';
  if (
    options.some(
      (option) =>
        option === '-S' || option === '--status' || option === '-l' || option === '--list',
    )
  )
    return program === 'passwd' && options.includes('-l') && operands.at(-1) === name
      ? 'did'
      : 'no';
  if (operands.at(-1) === name) return 'did';
  const isBoth = /^(?:gpasswd|adduser|deluser|usermod|useradd)$/.test(program);
  const lists = rest.flatMap((word) => word.split(','));
  return isBoth && lists.includes(name)
    ? program === 'gpasswd' || kind === 'group'
      ? 'did'
      : 'may'
    : 'no';
}

function touchOfSysctl(thing: Thing, { operands, options }: Command): Touch {
  if (thing.kind !== 'kernel_parameter') return 'no';
  if (options.some((option) => /^-[a-z]*p/.test(option) || option === '--system')) return 'may';
  return operands.some(
    (word) => word.includes('=') && word.split('=', 1)[0]?.replaceAll('/', '.') === thing.name,
  )
    ? 'did'
    : 'no';
}

function onHost(
  thing: Thing,
  attribute: string,
  operands: readonly string[],
  verbs: readonly string[],
): Touch {
  if (thing.kind !== 'host' || thing.attribute !== attribute) return 'no';
  return verbs.includes(operands[0] ?? '') && operands.length > 1 ? 'did' : 'no';
}
