/** The commands that make hosts and look after them, as help tells of them. What they do is loaded when one is run. */
import { KEY, WORDS } from './change.ts';
import type { CommandSpec, OptionSpec } from './spec.ts';

const SSH: OptionSpec = {
  flags: '--ssh <alias>',
  about: 'how your own ssh knows it; default: its address in fleet.yaml',
};
const SSH_CONFIG: OptionSpec = {
  flags: '--ssh-config <path>',
  about: 'another configuration for your ssh',
};
const YES: OptionSpec = {
  flags: '--yes',
  about: 'do not ask before it is done; the signature is asked for still',
};
const AT_ONCE: OptionSpec = {
  flags: '--at-once <n>',
  about: 'hosts at the same time; default 8',
  read: 'whole number',
};

export const enroll: CommandSpec = {
  usage: 'enroll [target]',
  summary: 'make a machine into a host that checks everything by itself',
  more: 'By your own ssh, as root or with sudo that asks for no password. Shows its plan first. Run again, a batch goes on where it was. Used from when you have signed the record.',
  examples: [
    'enroll web-1',
    'enroll web-1 --ssh web --plan',
    'enroll --from inventory.ini --batch --yes',
    'enroll --sign',
  ],
  options: [
    SSH,
    SSH_CONFIG,
    {
      flags: '--from <path>',
      about: 'hosts of an Ansible inventory (ini), an ssh_config or a table (csv)',
    },
    {
      flags: '--form <form>',
      about: 'of that file; default: by its name and how it begins',
      choices: ['ini', 'ssh_config', 'csv'],
    },
    { flags: '--batch', about: 'ssh asks nobody for anything; needed with --from' },
    AT_ONCE,
    { flags: '--plan', about: 'look and show, and do nothing' },
    { flags: '--again', about: 'also when it is enrolled: the next epoch' },
    { flags: '--reader-only', about: 'nothing is ever changed there' },
    {
      flags: '--groups <groups>',
      about: 'for the reader: adm, systemd-journal, or none; default both',
      read: 'list',
    },
    { flags: '--write', about: 'print the script to run as root there by hand, and do nothing' },
    { flags: '--answer <path>', about: 'take what that script printed on the target' },
    { flags: '--no-sign', about: 'leave the signature for later' },
    { flags: '--sign', about: 'only sign for what waits' },
    YES,
    KEY,
    WORDS,
  ],
  run: async (...given) => (await import('./enrol.ts')).runEnroll(...given),
};

export const hosts: CommandSpec = {
  usage: 'hosts',
  summary: 'list enrolled hosts, what each can check, and what waits for a signature',
  examples: ['hosts', 'hosts --json'],
  run: async (...given) => (await import('./enrol.ts')).runHosts(...given),
};

export const unenroll: CommandSpec = {
  usage: 'unenroll <target>',
  summary: 'take everything of ours away from a host, and sign that it is none any more',
  more: 'With --force also when nobody answers there, or a job there has not ended. What the host itself refuses stays refused.',
  examples: ['unenroll web-1', 'unenroll web-1 --force'],
  options: [
    SSH,
    SSH_CONFIG,
    { flags: '--force', about: 'go on when the host is not reached' },
    { flags: '--no-sign', about: 'leave the signature for later' },
    YES,
    KEY,
    WORDS,
  ],
  run: async (...given) => (await import('./enrolled.ts')).runUnenroll(...given),
};

export const rotateKeys: CommandSpec = {
  usage: 'rotate-keys [targets]',
  summary: 'change the keys that hosts are entered with: add the next, try them, take the old away',
  more: 'Nothing is taken away before every enrolled host was entered with the next keys; where only some are named, those get them besides the old ones. With --same the keys stay: for bastions, once fleet.yaml has other hosts behind them.',
  examples: ['rotate-keys', 'rotate-keys --ssh-config ~/.ssh/fleet'],
  options: [
    { flags: '--same', about: 'write the keys of now again, and what bastions open' },
    SSH_CONFIG,
    AT_ONCE,
    { flags: '--batch', about: 'ssh asks nobody for anything' },
    YES,
  ],
  run: async (...given) => (await import('./enrolled.ts')).runRotateKeys(...given),
};

export const upgradeHosts: CommandSpec = {
  usage: 'upgrade-hosts [targets]',
  summary: 'bring the programs of this release to hosts, in stages, each tried before it is kept',
  more: 'canary: the share of --percent, at least one host; all: the rest, which is refused until one of the hosts has this version. A host whose new programs do not answer has the old ones back.',
  examples: ['upgrade-hosts --stage canary --percent 5', 'upgrade-hosts --stage all'],
  options: [
    {
      flags: '--stage <stage>',
      about: 'canary or all; default canary',
      choices: ['canary', 'all'],
    },
    {
      flags: '--percent <n>',
      about: 'of the hosts, for the canary; default 10',
      read: 'whole number',
    },
    SSH_CONFIG,
    AT_ONCE,
    { flags: '--batch', about: 'ssh asks nobody for anything' },
    YES,
  ],
  run: async (...given) => (await import('./enrolled.ts')).runUpgradeHosts(...given),
};
