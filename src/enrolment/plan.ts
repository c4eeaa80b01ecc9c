/** What would be done on a host, or why it would not: decided from its probe, shown before anything is done. */
import type { HostCapability } from '#authority';
import type { Probe } from './answer.ts';
import { READER_GROUPS, type ReaderGroup, type RunnerBy } from './payload.ts';

export type Wishes = {
  readonly readerOnly: boolean;
  /** Groups the reader is put into, of those the host has. */
  readonly groups: readonly ReaderGroup[];
  readonly again: boolean;
  readonly organisation: string;
  readonly version: string;
  /** `host:port` of those that are reached through it. */
  readonly opens: readonly string[];
  /** Seconds, by our clock when the probe was asked for. */
  readonly now: number;
};

export type HostPlan = {
  readonly capability: Exclude<HostCapability, 'none'>;
  readonly runnerBy: RunnerBy;
  readonly groups: readonly ReaderGroup[];
  /** Everything that will be there, one line each. */
  readonly makes: readonly string[];
  /** What a person should know before they go on. */
  readonly notes: readonly string[];
  /** Not empty: it cannot be enrolled like this. */
  readonly problems: readonly string[];
};

const ALWAYS = [
  'awk',
  'cut',
  'head',
  'od',
  'sha256sum',
  'sort',
  'tail',
  'tr',
  'ssh-keygen',
  'useradd',
  'userdel',
];
const FOR_RUNNING = ['base64', 'cmp', 'flock', 'setsid'];
const LEAST_KB = 20 * 1024;
const MOST_SKEW_SECONDS = 120;
/** Matters only where the runner enters as root. */
const NO_ROOT = 'permitrootlogin';

export function planHost(probe: Probe, wishes: Wishes): HostPlan {
  const has = (tool: string): boolean => probe.tools.has(tool);
  const lacksToRun = FOR_RUNNING.filter((tool) => !has(tool));
  const capability = capabilityOf(probe, wishes.readerOnly, lacksToRun);
  const runnerBy: RunnerBy = capability === 'reader-only' ? 'none' : has('sudo') ? 'sudo' : 'root';
  const groups = wishes.groups.filter((group) => probe.groups.includes(group));
  return {
    capability,
    runnerBy,
    groups,
    makes: [
      ...makes(runnerBy, groups, has('sudo'), wishes.version),
      ...(wishes.opens.length === 0
        ? []
        : [`bastion  both keys may open ${wishes.opens.join(', ')} from there, and nothing else`]),
    ],
    notes: [
      ...(wishes.readerOnly || capability !== 'reader-only'
        ? []
        : [
            lacksToRun.length > 0
              ? `it can only be read: ${lacksToRun.join(', ')} missing`
              : 'it can only be read: its ssh-keygen checks no signatures (OpenSSH before 8.1)',
          ]),
      ...(capability === 'key-only'
        ? [
            'passkeys cannot be checked there (OpenSSH before 8.4, or built without): only key files sign for it',
          ]
        : []),
      ...(has('sudo')
        ? []
        : [
            "no sudo there: the runner enters by root's own authorized_keys, and what only root may see is not collected",
          ]),
      ...(has('setpriv') || runnerBy === 'none'
        ? []
        : ['no setpriv there: steps run as root only']),
      ...(has('systemctl') ? [] : ['no systemd there: actions on services do not apply']),
      ...(probe.there.includes('/var/lib/holdfast-install')
        ? ['an earlier installation did not end: it is taken back first']
        : []),
      ...(probe.enrolled === null
        ? []
        : [`it is enrolled: ${probe.enrolled.organisation}, epoch ${probe.enrolled.epoch}`]),
    ],
    problems: problemsOf(probe, wishes, runnerBy),
  };
}

function capabilityOf(
  probe: Probe,
  readerOnly: boolean,
  lacks: readonly string[],
): HostPlan['capability'] {
  if (readerOnly || probe.sshsig === 'none' || lacks.length > 0) return 'reader-only';
  return probe.sshsig === 'passkeys' ? 'full' : 'key-only';
}

function makes(
  runnerBy: RunnerBy,
  groups: readonly ReaderGroup[],
  hasSudo: boolean,
  version: string,
): readonly string[] {
  return [
    `account  holdfast-reader, no password, one key that starts /usr/local/lib/holdfast/current/read${groups.length === 0 ? '' : `; in the groups ${groups.join(', ')}`}`,
    ...(runnerBy === 'sudo'
      ? [
          'account  holdfast-runner, no password, one key that starts sudo -n /usr/local/lib/holdfast/current/run',
        ]
      : []),
    `files    /usr/local/lib/holdfast/${version}/, current, home/   root's, nobody else writes`,
    "file     /etc/holdfast/grammar   root's: which commands the reader may run",
    "files    /var/lib/holdfast-host/   root's, 0700: who this host is, its own receipt key, what it was shown and ran",
    ...(hasSudo ? ['file     /etc/sudoers.d/holdfast   0440:'] : []),
    ...(runnerBy === 'sudo'
      ? ['           holdfast-runner ALL=(root) NOPASSWD: /usr/local/lib/holdfast/current/run ""']
      : []),
    ...(hasSudo
      ? [
          '           holdfast-reader ALL=(root) NOPASSWD: /usr/local/lib/holdfast/current/collect ""',
        ]
      : []),
    ...(runnerBy === 'root'
      ? [
          'line     /root/.ssh/authorized_keys   restrict,command="/usr/local/lib/holdfast/current/run"',
        ]
      : []),
  ];
}

function problemsOf(probe: Probe, wishes: Wishes, runnerBy: RunnerBy): readonly string[] {
  const missing = [...ALWAYS, ...(probe.tools.has('sudo') ? ['visudo'] : [])].filter(
    (tool) => !probe.tools.has(tool),
  );
  const skew = Math.abs(probe.time - wishes.now);
  const ours = probe.enrolled;
  const keepsOut = probe.keepsOut.filter((word) => word !== NO_ROOT);
  return [
    ...(probe.root === 'no'
      ? ['root is needed once: enter as root, or with sudo that asks for no password']
      : []),
    ...(missing.length === 0 ? [] : [`missing there: ${missing.join(', ')}`]),
    ...probe.places.flatMap(({ path, freeKb }) =>
      freeKb === null
        ? [`nothing can be written in ${path}`]
        : freeKb < LEAST_KB
          ? [`too little room in ${path}: ${freeKb} KiB, needed are ${LEAST_KB}`]
          : [],
    ),
    ...(skew > MOST_SKEW_SECONDS
      ? [`its clock is ${skew} s away from ours: set it first, orders would be refused there`]
      : []),
    ...(probe.hostKeys.length === 0 ? ['it shows no SSH host key that could be pinned'] : []),
    ...(keepsOut.length === 0
      ? []
      : [`its sshd would keep our accounts out: ${keepsOut.join(', ')} in sshd_config`]),
    ...(runnerBy === 'root' && probe.keepsOut.includes(NO_ROOT)
      ? [
          'its sshd lets no root in (PermitRootLogin no), and without sudo the runner has no other way: install sudo, or allow forced-commands-only',
        ]
      : []),
    ...(ours !== null && !wishes.again && ours.organisation !== wishes.organisation
      ? [
          `it belongs to the organisation ${ours.organisation}: give --again to take it over with the next epoch`,
        ]
      : []),
    ...(ours === null && probe.accounts.length > 0
      ? [`accounts of ours are there already: ${probe.accounts.join(', ')}`]
      : []),
    ...(ours === null
      ? probe.there
          .filter((path) => path !== '/var/lib/holdfast-install')
          .map((path) => `something is there already: ${path}`)
      : []),
  ];
}

/** Those that are offered when nothing else is said. */
export const OFFERED_GROUPS: readonly ReaderGroup[] = READER_GROUPS;
