/** Parts of the system that are there or not. Absence is a fact, never a failure. */
import type { Collector, LookSession } from './look-session.ts';
import { Gathering } from './reading.ts';

const KINDS = ['component'] as const;

/** Where each is found when installed, and what exists while it runs. */
const COMPONENTS: readonly {
  readonly name: string;
  readonly programs: readonly string[];
  readonly whileRunning?: readonly string[];
}[] = [
  {
    name: 'systemd',
    programs: ['/usr/lib/systemd/systemd', '/lib/systemd/systemd'],
    whileRunning: ['/run/systemd/system'],
  },
  { name: 'sshd', programs: ['/usr/sbin/sshd', '/usr/bin/sshd'] },
  { name: 'sudo', programs: ['/usr/bin/sudo', '/usr/local/bin/sudo'] },
  { name: 'cron', programs: ['/usr/sbin/cron', '/usr/sbin/crond', '/usr/bin/crond'] },
  {
    name: 'docker',
    programs: ['/usr/bin/dockerd', '/usr/sbin/dockerd', '/usr/local/bin/dockerd'],
    whileRunning: ['/run/docker.sock'],
  },
  { name: 'podman', programs: ['/usr/bin/podman', '/usr/local/bin/podman'] },
  { name: 'auditd', programs: ['/usr/sbin/auditd', '/sbin/auditd'] },
  { name: 'apparmor', programs: ['/sys/module/apparmor'] },
  { name: 'selinux', programs: ['/sys/fs/selinux/enforce'] },
  { name: 'chrony', programs: ['/usr/sbin/chronyd'] },
  { name: 'nftables', programs: ['/usr/sbin/nft'] },
  { name: 'ufw', programs: ['/usr/sbin/ufw'] },
];

export const componentsCollector: Collector = {
  name: 'components',
  kinds: KINDS,
  look: async (session) => {
    const seen = new Gathering(session);
    for (const { name, programs, whileRunning } of COMPONENTS) {
      const path = await firstPresent(session, programs);
      const running = whileRunning && (await firstPresent(session, whileRunning)) !== undefined;
      seen.add('component', name, { present: path !== undefined, path, running });
    }
    return seen.end(KINDS);
  },
};

async function firstPresent(
  session: LookSession,
  paths: readonly string[],
): Promise<string | undefined> {
  for (const path of paths) {
    if ((await session.files.stat(path)) !== undefined) return path;
  }
  return undefined;
}
