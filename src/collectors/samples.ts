/**
 * A machine made of paper: files and answers of programs in memory, for tests of whoever observes.
 * Change `files` and `programs` between rounds to make the machine change.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Clock, MachineFileInfo, MachineFiles, ProgramResult } from '#base/ports';
import { type Instant, instant, shift } from '#base/time';
import { type LookSession, lookSession, type Machine } from './index.ts';

export type PaperFile = {
  readonly text?: string;
  /** Makes it a symbolic link. */
  readonly link?: string;
  readonly kind?: MachineFileInfo['kind'];
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Reading it fails with this system error. */
  readonly unreadable?: string;
};

export type PaperMachine = Machine & {
  /** By absolute path; directories above a file are there by themselves. */
  readonly files: MachineFiles;
  readonly paper: Map<string, string | PaperFile>;
  /** By argv joined with blanks; others are missing. */
  readonly answers: Map<string, string | ProgramResult>;
  readonly clock: Clock & { advance(ms: number): void };
};

export function paperMachine(
  files: Readonly<Record<string, string | PaperFile>> = aSmallServer(),
  answers: Readonly<Record<string, string | ProgramResult>> = {},
): PaperMachine {
  const paper = new Map(Object.entries(files));
  const answered = new Map(Object.entries(answers));
  return {
    paper,
    answers: answered,
    clock: paperClock(),
    files: paperFiles(paper),
    programs: {
      run: async ({ argv }) => {
        const answer = answered.get(argv.join(' '));
        if (answer === undefined) return result('missing', null, '');
        return typeof answer === 'string' ? result('exited', 0, answer) : answer;
      },
    },
  };
}

/** A look session of `host:web-1` on a paper machine. */
export function aLookSession(machine: Machine = paperMachine()): LookSession {
  const budget = { timeoutMs: 10_000, bytes: 8 * 1024 * 1024 };
  return lookSession(machine, 'host:web-1', budget, new AbortController().signal);
}

export function result(
  ended: ProgramResult['ended'],
  exit: number | null,
  stdout: string,
): ProgramResult {
  return { ended, exit, stdout: Buffer.from(stdout), stderr: new Uint8Array() };
}

/** Time stands still until it is told to go on; sleepers wake when it has. */
export function paperClock(start = '2026-03-01T12:00:00Z'): Clock & { advance(ms: number): void } {
  let nowMs = 0;
  const origin = instant(start);
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    now: () => shift(origin, nowMs * 1_000) as Instant,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: nowMs + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          resolve();
        });
      }),
    advance(ms) {
      nowMs += ms;
      for (const sleeper of sleepers) {
        if (sleeper.at > nowMs) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

function paperFiles(paper: ReadonlyMap<string, string | PaperFile>): MachineFiles {
  const find = (path: string): PaperFile | undefined => {
    const file = paper.get(path);
    if (file !== undefined) return typeof file === 'string' ? { text: file } : file;
    const isDirectory = [...paper.keys()].some((each) => each.startsWith(`${path}/`));
    return isDirectory ? { kind: 'directory', mode: 0o755 } : undefined;
  };
  const kindOf = (file: PaperFile): MachineFileInfo['kind'] =>
    file.kind ?? (file.link === undefined ? 'file' : 'symlink');
  const open = (path: string): Uint8Array | undefined => {
    const file = find(path);
    if (file === undefined) return undefined;
    if (file.unreadable !== undefined) throw systemError(file.unreadable);
    if (kindOf(file) !== 'file')
      throw new Fault('refused', 'file-not-regular', `not a file: ${path}`);
    return Buffer.from(file.text ?? '');
  };
  return {
    read: async (path, maxBytes) => {
      const bytes = open(path);
      if (bytes !== undefined && bytes.length > maxBytes)
        throw new Fault('refused', 'file-too-big', `file is too big to read: ${path}`);
      return bytes;
    },
    list: async (directory) => {
      const file = find(directory);
      if (file === undefined) return undefined;
      if (file.unreadable !== undefined) throw systemError(file.unreadable);
      const prefix = `${directory}/`;
      const below = [...paper.keys()].filter((path) => path.startsWith(prefix));
      return [
        ...new Set(below.map((path) => path.slice(prefix.length).split('/', 1)[0] ?? '')),
      ].sort();
    },
    stat: async (path) => {
      const file = find(path);
      if (file === undefined) return undefined;
      return {
        kind: kindOf(file),
        uid: file.uid ?? 0,
        gid: file.gid ?? 0,
        mode: file.mode ?? 0o644,
        size: Buffer.byteLength(file.text ?? ''),
        modifiedAt: instant('2026-01-01T00:00:00Z'),
      };
    },
    readLink: async (path) => {
      const file = find(path);
      if (file !== undefined && file.link === undefined) throw systemError('EINVAL');
      return file?.link;
    },
    sha256: async (path, maxBytes) => {
      const bytes = open(path);
      return bytes === undefined || bytes.length > maxBytes ? undefined : sha256(bytes);
    },
  };
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A key that opens nothing: 32 zero bytes as its public part. */
export const SAMPLE_KEY = `ssh-ed25519 ${Buffer.concat([
  Buffer.from([0, 0, 0, 11]),
  Buffer.from('ssh-ed25519'),
  Buffer.from([0, 0, 0, 32]),
  Buffer.alloc(32),
]).toString('base64')}`;

const TCP_HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';

/** One listening line of /proc/net/tcp on all addresses. */
export function listening(port: number, inode: number, uid = 0): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return `   0: 00000000:${hex} 00000000:0000 0A 00000000:00000000 00:00000000 00000000  ${uid}  0 ${inode} 1 0 100 0 0 10 0\n`;
}

/** A Debian server without systemd, with sshd, sudo, cron and one person on it. */
export function aSmallServer(): Record<string, string | PaperFile> {
  return {
    '/usr/lib/os-release':
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n',
    '/etc/debian_version': '12.11\n',
    '/proc/sys/kernel/osrelease': '6.1.0-31-amd64\n',
    '/proc/sys/kernel/hostname': 'web-1\n',
    '/proc/stat': 'btime 1772300000\n',
    '/proc/uptime': '4000.12 3000.00\n',
    '/proc/loadavg': '0.10 0.05 0.01 1/120 4242\n',
    '/proc/meminfo': 'MemTotal:        4012345 kB\nMemAvailable:    2000000 kB\n',
    '/proc/cpuinfo': 'processor\t: 0\nmodel name\t: Example CPU\n',
    '/proc/1/comm': 'init\n',
    '/proc/self/mounts': '/dev/vda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n',
    '/proc/net/tcp': TCP_HEAD + listening(22, 900),
    '/proc/net/udp': TCP_HEAD,
    '/proc/net/route':
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\neth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n',
    '/proc/net/fib_trie': 'Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n',
    '/proc/sys/net/ipv4/ip_forward': '0\n',
    '/proc/77/fd/3': { link: 'socket:[900]' },
    '/proc/77/exe': { link: '/usr/sbin/sshd' },
    '/proc/77/cgroup': '0::/system.slice/ssh.service\n',
    '/sys/class/net/eth0': { link: '../../devices/eth0' },
    '/etc/passwd':
      'root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000:Alice:/home/alice:/bin/bash\n',
    '/etc/group': 'root:x:0:\nsudo:x:27:alice\nalice:x:1000:\n',
    '/etc/shadow': {
      text: 'root:*:20000::::::\nalice:$y$j9T$abc$def:20001::::::\n',
      mode: 0o640,
      gid: 42,
    },
    '/etc/gshadow': { text: 'root:*::\nsudo:*::alice\nalice:!::\n', mode: 0o640, gid: 42 },
    '/etc/subuid': 'alice:100000:65536\n',
    '/etc/subgid': 'alice:100000:65536\n',
    '/etc/sudoers': {
      text: 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n',
      mode: 0o440,
    },
    '/etc/sudoers.d/ops': { text: '%sudo ALL=(ALL) NOPASSWD: /usr/bin/apt\n', mode: 0o440 },
    '/etc/ssh/sshd_config':
      'Port 22\nPermitRootLogin no\nMatch User git\n  PasswordAuthentication no\n',
    '/etc/ssh/ssh_host_ed25519_key': { text: 'a private key', mode: 0o600 },
    '/etc/crontab': '# m h\n17 * * * * root run-parts /etc/cron.hourly\n',
    '/home/alice/.ssh/authorized_keys': {
      text: `${SAMPLE_KEY} alice@laptop\n`,
      uid: 1000,
      gid: 1000,
    },
    '/var/lib/dpkg/status':
      'Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21.22\n\nPackage: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.17-1~deb12u3\n',
  };
}
