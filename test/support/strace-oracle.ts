/**
 * Runs commands for real under strace, unprivileged and with the reader's environment, and tells
 * what each of them did that a look must not do. It judges system calls, attempted ones too, and
 * knows nothing of the grammar.
 */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '#commands';

export type Misdeed = { readonly argv: readonly string[]; readonly what: string };

const LIMIT_SECONDS = 2;
const AT_ONCE = 10;
const DRIVER = join(import.meta.dirname, 'strace-driver.pl');
const NOBODY = 65534;
const CALLS = [
  'execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat',
  'symlink,symlinkat,mkdir,mkdirat,rmdir,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat',
  'utime,utimes,utimensat,futimesat,truncate,ftruncate,setxattr,lsetxattr,fsetxattr,removexattr',
  'connect,sendto,sendmsg,sendmmsg,kill,tkill,tgkill,pidfd_send_signal,mount,umount2,reboot,sethostname',
  'setdomainname,settimeofday,clock_settime,adjtimex,clock_adjtime,init_module,finit_module,delete_module',
  'swapon,swapoff,ptrace,setpriority,sched_setaffinity,sched_setscheduler,ioprio_set,bpf,fork,vfork,clone,clone3',
].join(',');

/**
 * What a program does on its own account, whatever its arguments: the contract's "own fixed helpers",
 * and attempts that come with its way of reading. `starts` may run. What is in `refused` must have
 * been refused by the kernel: it is tried by the program, and nothing is opened. What is in `opens` is
 * no content of what the rules of paths keep: the entry says why. `scratch` is a file that nobody had
 * before, and that is gone when it ends.
 */
type Own = {
  readonly starts?: string;
  readonly refused?: RegExp;
  readonly opens?: RegExp;
  readonly scratch?: RegExp;
};

/** What the tools of the process list look at: descriptors and maps, of which the kernel shows the reader's own; never a memory. */
const PROCESSES =
  /^\/proc\/\d+(?:\/task(?:\/\d+)?)?(?:\/(?:stat|statm|status|schedstat|cmdline|comm|wchan|cgroup|fd|fdinfo\/\d+|maps|smaps|smaps_rollup|ns|net\/.*))?$/;
/** Beyond that ps of procps 4 opens environments without being asked for them, and shows none; they are those of the reader's own looks, and others are refused. */
const PS = new RegExp(`${PROCESSES.source}|^/proc/\\d+/(?:task/\\d+/)?environ$`);
/** The header of a device of the bus, and its addresses: the kernel gives no more to who is not root. */
const PCI = /^\/sys\/devices\/.*\/(?:config|resource)$/;
const LVM: Own = { refused: /^\/dev\/|^\/run\/(?:lock\/)?lvm\// };
// It asks whether it runs in a container, and then asks the manager when the kernel says no.
const VIRTUAL: Own = { refused: /^\/proc\/1\/environ$/ };
// Debian's wrapper in Perl picks a version of the server: Perl asks for the shadow entry with every user, and the setting of a data directory may be there.
const PG_WRAPPER: Own = {
  starts: 'perl',
  refused: /^\/etc\/shadow$|^\/var\/lib\/postgresql\/.*\.auto\.conf$/,
};
const OWN: Readonly<Record<string, Own>> = {
  // Scripts around their kin.
  egrep: { starts: 'grep' },
  fgrep: { starts: 'grep' },
  zgrep: { starts: 'sh bash gzip grep sed mktemp rm expr cat zcat gunzip' },
  zcat: { starts: 'gzip' },
  gunzip: { starts: 'gzip' },
  lsb_release: { starts: 'python3 dpkg-query apt-cache getopt cut tr cat' },
  npm: { starts: 'node' },
  npx: { starts: 'node' },
  yq: { starts: 'python3 jq' },
  sdiff: { starts: 'diff' },
  diff3: { starts: 'diff' },
  // By the contract of LSB, `status` of a script of init reads; the script is root's.
  service: { starts: 'basename env systemctl run-parts grep sshd *init.d' },
  // dpkg's questions are answered by its parts, from lists of what packages hold; some of those are called libsecret.
  dpkg: { starts: 'dpkg-query dpkg-deb dpkg-split tar', opens: /^\/var\/lib\/dpkg\/info\// },
  'dpkg-query': { opens: /^\/var\/lib\/dpkg\/info\// },
  'dpkg-deb': { starts: 'tar' },
  'apt-get': { starts: 'dpkg' },
  apt: { starts: 'dpkg' },
  'apt-cache': { starts: 'dpkg' },
  'apt-mark': { starts: 'dpkg' },
  debsums: { starts: 'dpkg-query dpkg perl dpkg-divert' },
  // A page is laid out by the formatter; it would keep it beside the others if it might.
  man: {
    starts:
      'whatis apropos preconv tbl groff nroff troff grotty locale manconv col gzip zsoelim cat less pager iconv',
    refused: /^\/var\/cache\/man\//,
  },
  // `submodule` is a script of its own; a repository's settings are read on every way.
  git: {
    starts: 'git git-submodule sh basename sed gettext envsubst uname',
    opens: /\/\.git\/(?:modules\/.*\/)?config$/,
  },
  // Counters of the system are read by its collector.
  sar: { starts: 'sadc' },
  'systemd-detect-virt': VIRTUAL,
  'systemd-cgtop': VIRTUAL,
  systemctl: VIRTUAL,
  hostnamectl: VIRTUAL,
  ...Object.fromEntries(
    'dropdb createdb createuser dropuser psql pg_dump pg_dumpall pg_restore pg_isready'
      .split(' ')
      .map((name) => [name, PG_WRAPPER]),
  ),
  // What does not fit into its memory.
  sort: { scratch: /^\/tmp\/sort\w{6}$/ },
  // They open what they are asked about for its flags or its label, and read nothing of it.
  lsattr: { opens: /^\//, refused: /^\// },
  mount: { refused: /^\/dev\// },
  findmnt: { refused: /^\/dev\/|^\/run\/blkid/ },
  btrfs: { refused: /^\/dev\/|^\/run\/blkid/ },
  // A script; what it asks opens a disk, which the reader may not.
  xfs_info: { starts: 'tail losetup findmnt xfs_db xfs_spaceman', refused: /^\// },
  // It complains to the console of an option it has not.
  pidof: { refused: /^\/dev\/console$/, opens: PROCESSES },
  // The kernel's log comes by syslog(2) when its device is refused.
  dmesg: { refused: /^\/dev\/kmsg$/ },
  lshw: { refused: /^\/dev\//, opens: PCI },
  lspci: { opens: PCI },
  ps: { opens: PS, refused: PS },
  ...Object.fromEntries(
    'pgrep pstree w top lsof fuser pmap lsns lslocks ss netstat who uptime pidstat prlimit lsipc'
      .split(' ')
      .map((name) => [name, { opens: PROCESSES, refused: PROCESSES }]),
  ),
  // Its own table, which it has to itself.
  crontab: { opens: /^\/var\/spool\/cron\/crontabs\/nobody$/, refused: /^crontabs\/nobody$/ },
  // Names that failed to log in; group utmp's to read.
  lastb: { refused: /^\/var\/log\/btmp/ },
  // Without the right to open a disk it tells what its cache holds, and cannot keep one.
  blkid: { refused: /^\/dev\/|^\/run\/blkid/ },
  dmidecode: { refused: /^\/dev\/mem$/ },
  lvs: LVM,
  vgs: LVM,
  pvs: LVM,
  lvdisplay: LVM,
  vgdisplay: LVM,
  pvdisplay: LVM,
  // All keys, some of which are root's to read.
  sysctl: { refused: /^\/proc\/sys\//, opens: /_secret_interval$|netdev_rss_key$/ },
  // It would lock the files of passwords; root's.
  lslogins: { refused: /^\/etc\/(?:\.pwd\.lock|g?shadow)$/ },
  mtr: { starts: 'mtr-packet' },
  // It tries a file for its anchors of trust in the directory where it runs, which is /.
  delv: { refused: /^tmp-/ },
  // When passwords end, from what the reader is refused.
  passwd: { refused: /^\/etc\/g?shadow$/ },
  chage: { refused: /^\/etc\/g?shadow$/ },
};
const HARMLESS_DEVICES = /^\/dev\/(?:null|tty|urandom|random|stdin|stdout|stderr)$|^\/dev\/?$/;
/** What the managers of a host listen on. */
const LOCAL_SOCKETS =
  /sun_path="(?:\/dev\/log|\/tmp\/tmux-|(?:\/var)?\/run\/(?:nscd\/socket|systemd\/|dbus\/|udev\/|docker\.sock|podman\/|containerd\/|supervisor|fail2ban\/|chrony|snapd|rpcbind\.sock|postgresql\/))/;

export function whyNoStrace(): string | false {
  const tried = spawnSync('strace', ['-f', '-e', 'trace=execve', '-o', '/dev/null', 'true'], {
    timeout: 10_000,
  });
  if (tried.error) return 'strace is not there';
  if (tried.status !== 0) return 'ptrace is not allowed here';
  return false;
}

/** How one of the commands ended. */
export type Ended = {
  readonly index: number;
  readonly status: number;
  readonly stopped: boolean;
  readonly ms: number;
};

export type Oracle = {
  /** Runs all of them, at most a few seconds each; tells what they did and how they ended. */
  readonly run: (commands: readonly (readonly string[])[]) => {
    readonly misdeeds: readonly Misdeed[];
    readonly ran: number;
    readonly ended: readonly Ended[];
  };
};

/** The environment that host/read gives what it runs. */
export const READER_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
  HOME: '/nonexistent',
  TERM: 'dumb',
  PAGER: 'cat',
  MANPAGER: 'cat',
  SYSTEMD_PAGER: 'cat',
  SYSTEMD_COLORS: '0',
  LESSSECURE: '1',
  GIT_PAGER: 'cat',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: '',
  GIT_NO_LAZY_FETCH: '1',
};

export function strictOracle(scratch: string, { paths }: Places): Oracle {
  const denials = paths.denials.map(({ code, glob }) => ({ code, glob, pattern: toRegExp(glob) }));
  const exceptions = paths.exceptions.map(toRegExp);
  const resolvers = [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)];
  const nameservers = resolvers.map(([, address]) => address as string);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, scratch]);
  const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : scratch, 'oracle-'));
  process.once('exit', () => rmSync(work, { recursive: true, force: true }));
  if (isRoot) chownSync(work, NOBODY, NOBODY);
  const rules: Rules = {
    home: READER_ENVIRONMENT['HOME'] as string,
    denied: (path) =>
      exceptions.some((each) => each.test(path))
        ? null
        : (denials.find(({ pattern }) => pattern.test(path)) ?? null),
    nameservers,
  };

  return {
    run: (commands) => {
      const [list, trace, report] = [join(work, 'list'), join(work, 'trace'), join(work, 'report')];
      // A word may be empty; none holds the end of a line.
      writeFileSync(list, commands.map((argv) => argv.join('\0')).join('\n'));
      rmSync(trace, { force: true });
      const did = spawnSync(
        'strace',
        [
          '-f',
          '-y',
          '--seccomp-bpf',
          '-qq',
          '-s',
          '300',
          '-e',
          `trace=${CALLS}`,
          '-o',
          trace,
          'perl',
          DRIVER,
          list,
          report,
          String(AT_ONCE),
          String(LIMIT_SECONDS),
        ],
        {
          cwd: '/',
          env: READER_ENVIRONMENT,
          timeout: (LIMIT_SECONDS * commands.length + 60) * 1_000,
          killSignal: 'SIGKILL',
          ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
        },
      );
      if (did.error) throw did.error;
      return {
        ...judgeTrace(readFileSync(trace, 'latin1'), commands, rules),
        ended: readFileSync(report, 'utf8').trimEnd().split('\n').map(toEnded),
      };
    },
  };
}

function toEnded(line: string): Ended {
  const [index, status, how, ms] = line.split(' ');
  return {
    index: Number(index),
    status: Number(status),
    stopped: how === 'stopped',
    ms: Number(ms),
  };
}

type Rules = {
  readonly home: string;
  readonly denied: (path: string) => { readonly code: string; readonly glob: string } | null;
  readonly nameservers: readonly string[];
};

/** The processes of one command share its number; the driver is nobody's. */
type Owned = { readonly index: number };

function judgeTrace(
  text: string,
  commands: readonly (readonly string[])[],
  rules: Rules,
): Pick<ReturnType<Oracle['run']>, 'misdeeds' | 'ran'> {
  const misdeeds = new Map<string, Misdeed>();
  const owner = new Map<string, Owned>();
  const hasRun = new Set<number>();
  const pending = new Map<string, string>();
  /** A child may speak before its parent's call has ended: said again once it is known whose it is. */
  const early = new Map<string, string[]>();
  let driver: string | null = null;
  let born = 0;

  const hear = (pid: string, call: string): void => {
    const name = /^(\w+)\(/.exec(call)?.[1];
    const owned = owner.get(pid);
    if (name === undefined) {
      if (call.startsWith('+++')) owner.delete(pid);
      return;
    }
    const result = / = (-?\d+)/.exec(call.slice(call.lastIndexOf(')')))?.[1] ?? '?';
    if (/^(?:fork|vfork|clone3?)$/.test(name)) {
      // Also when a signal made it begin again.
      if (!(Number(result) > 0)) return;
      const child = pid === driver ? { index: born } : owned;
      if (pid === driver) born += 1;
      if (child === undefined) return;
      owner.set(result, child);
      const said = early.get(result) ?? [];
      early.delete(result);
      for (const each of said) hear(result, each);
      return;
    }
    if (owned === undefined) return;
    const argv = commands[owned.index] as readonly string[];
    const what = objection(name, call, result, pid, programOf(argv), {
      owner,
      hasRun,
      owned,
      rules,
    });
    if (what !== null)
      misdeeds.set(`${owned.index} ${what.replaceAll(/\d+/g, 'N')}`, {
        argv,
        what: `${what}: ${call.slice(0, 240)}`,
      });
  };

  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space <= 0) continue;
    const pid = line.slice(0, space);
    driver ??= pid;
    let call = line.slice(space).trimStart();
    if (call.endsWith('<unfinished ...>')) {
      pending.set(pid, call.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(call);
    if (resumed) {
      call = (pending.get(pid) ?? '') + (resumed[1] as string);
      pending.delete(pid);
    }
    if (pid === driver || owner.has(pid)) hear(pid, call);
    else early.set(pid, [...(early.get(pid) ?? []), call]);
  }
  // Its parent was ended while it was born: what it did all the same is told, whoever's it was.
  for (const [pid, said] of early) {
    const [did] = said.filter((each) => /^\w+\(/.test(each));
    if (did !== undefined) misdeeds.set(pid, { argv: ['?'], what: `nobody's process: ${did}` });
  }
  return { misdeeds: [...misdeeds.values()], ran: hasRun.size };
}

function objection(
  name: string,
  call: string,
  result: string,
  pid: string,
  program: string,
  about: {
    readonly owner: ReadonlyMap<string, Owned>;
    readonly hasRun: Set<number>;
    readonly owned: Owned;
    readonly rules: Rules;
  },
): string | null {
  const { rules, owned } = about;
  const strings = [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, each]) => each as string);
  const path = strings[0] ?? '';
  const own = OWN[program];
  const isRefused = /= -1 E(?:ACCES|PERM|ISDIR)/.test(call);
  const isOwn = (each: string): boolean => each === rules.home || each.startsWith(`${rules.home}/`);
  switch (name) {
    case 'execve':
    case 'execveat': {
      if (result !== '0') return null;
      const base = path.slice(path.lastIndexOf('/') + 1);
      const isFirst = !about.hasRun.has(owned.index);
      about.hasRun.add(owned.index);
      const starts = (own?.starts ?? '').split(' ');
      if (isFirst || base === program || starts.includes(base)) return null;
      if (path.startsWith('/etc/init.d/') && starts.includes('*init.d')) return null;
      return `starts ${base}`;
    }
    case 'open':
    case 'openat':
    case 'openat2':
    case 'creat': {
      // Its own name, and its threads'.
      if (
        /^\/proc\/self\/(?:(?:task\/\d+\/)?comm|coredump_filter|oom_score_adj)$/.test(path) ||
        isOwn(path)
      )
        return null;
      // It ended while it asked, so nothing was opened for it.
      if (call.endsWith('= ? <unavailable>')) return null;
      const real = /<([^>]*)>$/.exec(call)?.[1] ?? within(call, path);
      if (isRefused ? own?.refused?.test(path) : own?.opens?.test(real)) return null;
      if (own?.scratch?.test(real) && call.includes('O_EXCL')) return null;
      const writes = /O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(call) || name === 'creat';
      if (writes && !HARMLESS_DEVICES.test(real) && !/O_TMPFILE/.test(call))
        return `writes ${real}`;
      if (
        HARMLESS_DEVICES.test(real) ||
        /O_PATH|O_DIRECTORY/.test(call) ||
        call.includes('= -1 ENOENT')
      )
        return null;
      const denied = rules.denied(real) ?? (path.startsWith('/') ? rules.denied(path) : null);
      if (denied === null) return null;
      // The C library looks at its own memory map and descriptors. df opens what it is asked about, to wake what mounts it, and reads nothing.
      if (/^\/proc\/self\/(?:maps|fd)$/.test(path)) return null;
      if (program === 'df' && /O_NOCTTY/.test(call)) return null;
      // Names of programs and units hold such words too.
      if (/^\/(?:usr\/)?lib\/.*\.(?:pyc?|so[.0-9]*|service|path|timer|target|socket)$/.test(real))
        return null;
      return `opens ${denied.code} ${real}`;
    }
    case 'connect':
    case 'sendto':
    case 'sendmsg':
    case 'sendmmsg': {
      if (call.includes('AF_NETLINK')) return null;
      const address =
        /sin6?_addr[^"]*"([^"]+)"|inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"/.exec(call);
      const to = address?.[1] ?? address?.[2] ?? address?.[3];
      if (to !== undefined)
        return /^127\.|^::1$|^::ffff:127\.|^0\.0\.0\.0$|^::$/.test(to) ||
          rules.nameservers.includes(to)
          ? null
          : `speaks to ${to}`;
      if (name === 'connect' && /AF_UNIX/.test(call) && !LOCAL_SOCKETS.test(call))
        return `connects to ${path}`;
      return null;
    }
    case 'kill':
    case 'tkill':
    case 'tgkill':
    case 'pidfd_send_signal': {
      const target = /\((-?\d+)/.exec(call)?.[1] ?? '';
      const signal = /, (0|SIG\w+)/.exec(call)?.[1];
      const isKin =
        target === pid || target === '0' || about.owner.get(target)?.index === owned.index;
      return isKin || signal === '0' ? null : `signals ${target}`;
    }
    case 'ftruncate':
    case 'fchmod':
    case 'fchown':
    case 'fsetxattr':
      // On what it opened, which has been judged; memory files of its own come without a name.
      return null;
    case 'ptrace':
    case 'setpriority':
    case 'sched_setaffinity':
    case 'sched_setscheduler':
    case 'ioprio_set':
    case 'adjtimex':
    case 'clock_adjtime':
      return /modes=0[,}]|\(0x[0-9a-f]+\)/.test(call) && name.includes('adj')
        ? null
        : `calls ${name}`;
    default:
      if (isRefused && own?.refused?.test(path)) return null;
      if (/^unlink(?:at)?$/.test(name) && own?.scratch?.test(path)) return null;
      return strings.length > 0 && strings.every((each) => isOwn(each))
        ? null
        : `calls ${name} ${path}`;
  }
}

/** A path as it was given, below the directory that the call names. */
function within(call: string, path: string): string {
  if (path.startsWith('/')) return path;
  const directory = /^\w+\((?:AT_FDCWD|\d+)<([^>]*)>/.exec(call)?.[1] ?? '';
  return `${directory === '/' ? '' : directory}/${path}`;
}

/** What a wrapped command is judged by is the wrapped one. */
function programOf(argv: readonly string[]): string {
  if (argv[0] !== 'timeout' && argv[0] !== 'time') return argv[0] ?? '';
  return argv.slice(1).find((word) => /^[a-z[]/.test(word)) ?? argv[0];
}

function toRegExp(glob: string): RegExp {
  return new RegExp(
    `^${glob
      .split('*')
      .map((each) => each.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );
}
