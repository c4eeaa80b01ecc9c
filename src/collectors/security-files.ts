/**
 * Files that security rests on: owner, group, mode, and a hash of the content.
 *
 * No hash of files that hold secrets (private keys, shadow, credentials): it would let someone who
 * reads our facts try guesses offline. A new password still shows: `password.changedOn` of the user.
 * Content that may not be read is `null`; times and sizes are left out, they say nothing a hash does not.
 */
import { readNames } from './accounts.ts';
import { childOf } from './links.ts';
import type { Collector, LookSession } from './look-session.ts';
import { Gathering, reasonOf, rethrowEnd } from './reading.ts';

const KINDS = ['file'] as const;
const HASHED_BYTES = 4 * 1024 * 1024;
const FILES = 3_000;

/** Paths, and how many directories deep what is below them is told. */
const WATCHED: readonly (readonly [path: string, depth: number])[] = [
  ...`/etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/subuid /etc/subgid /etc/login.defs /etc/shells
      /etc/securetty /etc/nsswitch.conf /etc/hosts /etc/hosts.allow /etc/hosts.deny /etc/hostname
      /etc/resolv.conf /etc/host.conf /etc/profile /etc/bash.bashrc /etc/environment /etc/fstab
      /etc/crypttab /etc/exports /etc/ld.so.preload /etc/ld.so.conf /etc/sysctl.conf /etc/modules
      /etc/rc.local /etc/inittab /etc/sudoers /etc/sudo.conf /etc/doas.conf /etc/crontab /etc/anacrontab
      /etc/cron.allow /etc/cron.deny /etc/at.allow /etc/at.deny /etc/nftables.conf /etc/fail2ban/jail.local
      /etc/ssl/openssl.cnf /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt
      /etc/apt/sources.list /etc/apt/auth.conf /etc/docker/daemon.json /etc/containers/policy.json
      /etc/containers/registries.conf /etc/chrony/chrony.conf /etc/chrony.conf /etc/ntp.conf
      /etc/snmp/snmpd.conf /boot/grub/grub.cfg /root`
    .split(/\s+/)
    .map((path) => [path, 0] as const),
  ['/etc/ssh', 2],
  ['/etc/sudoers.d', 1],
  ['/etc/pam.d', 1],
  ['/etc/security', 2],
  ['/etc/cron.d', 1],
  ['/etc/cron.hourly', 1],
  ['/etc/cron.daily', 1],
  ['/etc/cron.weekly', 1],
  ['/etc/cron.monthly', 1],
  ['/etc/cron.yearly', 1],
  ['/etc/systemd', 3],
  ['/etc/init.d', 1],
  ['/etc/profile.d', 1],
  ['/etc/ld.so.conf.d', 1],
  ['/etc/sysctl.d', 1],
  ['/etc/modprobe.d', 1],
  ['/etc/modules-load.d', 1],
  ['/etc/udev/rules.d', 1],
  ['/etc/polkit-1', 3],
  ['/etc/apt/sources.list.d', 1],
  ['/etc/apt/trusted.gpg.d', 1],
  ['/etc/apt/keyrings', 1],
  ['/etc/apt/apt.conf.d', 1],
  ['/etc/apt/preferences.d', 1],
  ['/etc/apt/auth.conf.d', 1],
  ['/etc/yum.repos.d', 1],
  ['/etc/iptables', 1],
  ['/etc/nftables.d', 1],
  ['/etc/ufw', 2],
  ['/etc/audit', 2],
  ['/etc/update-motd.d', 1],
  ['/etc/network', 2],
  ['/etc/netplan', 1],
  ['/etc/ssl/private', 0],
];

/** Files whose content is a secret, or is hashed from one. */
const SECRET =
  /^\/etc\/(g?shadow-?|apt\/auth\.conf(\.d\/.*)?|security\/opasswd|netplan\/.*|ufw\/.*secret.*)$|\/ssh_host_[^/]*_key$|\/[^/]*(_key|\.key|\.p12|\.pfx|\.jks)$|\/(id_[a-z0-9]+|privkey[^/]*\.pem)$/;

export const securityFilesCollector: Collector = {
  name: 'security-files',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    const names = await readNames(session);
    const walk = { session, seen, names, files: 0 };
    for (const [path, depth] of WATCHED) await tell(walk, path, depth);
    return seen.end(KINDS);
  },
};

type Walk = {
  readonly session: LookSession;
  readonly seen: Gathering;
  readonly names: Awaited<ReturnType<typeof readNames>>;
  files: number;
};

async function tell(walk: Walk, path: string, depth: number): Promise<void> {
  const { session, seen, names } = walk;
  try {
    const info = await session.files.stat(path);
    if (info === undefined) return;
    if (walk.files++ >= FILES) return seen.short('file', `more than ${FILES} files`);
    const { kind } = info;
    seen.add('file', path, {
      type: kind === 'socket' ? 'other' : kind,
      owner: names.user(info.uid),
      group: names.group(info.gid),
      // Links have no mode of their own.
      mode: kind === 'symlink' ? undefined : `0${info.mode.toString(8).padStart(3, '0')}`,
      linkTarget: kind === 'symlink' ? await session.files.readLink(path) : undefined,
      sha256: kind === 'file' && !isSecretFile(path) ? await contentHash(session, path) : undefined,
    });
    if (kind !== 'directory' || depth === 0) return;
    for (const name of (await session.files.list(path)) ?? [])
      await tell(walk, childOf(path, name), depth - 1);
  } catch (error) {
    seen.short('file', reasonOf(error, path));
  }
}

export function isSecretFile(path: string): boolean {
  return SECRET.test(path);
}

async function contentHash(session: LookSession, path: string): Promise<string | null> {
  try {
    return (await session.files.sha256(path, HASHED_BYTES)) ?? null;
  } catch (error) {
    rethrowEnd(error);
    return null;
  }
}
