/**
 * Runs commands for real under strace, unprivileged and with the reader's environment, and tells
 * what each of them did that a look must not do. It judges system calls, attempted ones too, and
 * knows nothing of the grammar.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from '#commands';

export type Misdeed = { readonly argv: readonly string[]; readonly what: string };

const LIMIT_SECONDS = 3;
const AT_ONCE = 10;
const NOBODY = 65534;
const CALLS = [
  'execve,execveat,open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat',
  'symlink,symlinkat,mkdir,mkdirat,rmdir,mknod,mknodat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat',
  'utime,utimes,utimensat,futimesat,truncate,ftruncate,setxattr,lsetxattr,fsetxattr,removexattr',
  'connect,sendto,sendmsg,sendmmsg,kill,tkill,tgkill,pidfd_send_signal,mount,umount2,reboot,sethostname',
  'setdomainname,settimeofday,clock_settime,adjtimex,clock_adjtime,init_module,finit_module,delete_module',
  'swapon,swapoff,ptrace,setpriority,sched_setaffinity,sched_setscheduler,ioprio_set,bpf,fork,vfork,clone,clone3',
].join(',');

/** Other programs that a program starts on its own account, whatever its arguments. */
const HELPERS: Readonly<Record<string, readonly string[]>> = {
  // scripts around their kin
  egrep: ['grep'],
  fgrep: ['grep'],
  zgrep: ['sh', 'bash', 'gzip', 'grep', 'sed', 'mktemp', 'rm', 'expr', 'cat', 'zcat', 'gunzip'],
  zcat: ['gzip'],
  lsb_release: ['python3', 'dpkg-query', 'apt-cache'],
  // dpkg's questions are answered by its part
  dpkg: ['dpkg-query', 'dpkg-deb', 'dpkg-split', 'tar'],
  'dpkg-deb': ['tar'],
  'apt-get': ['dpkg'],
  apt: ['dpkg'],
  'apt-cache': ['dpkg'],
  'apt-mark': ['dpkg'],
  debsums: ['dpkg-query', 'dpkg', 'perl', 'dpkg-divert'],
  // a page of the manual is laid out by the formatter
  man: [
    'whatis',
    'apropos',
    'preconv',
    'tbl',
    'groff',
    'nroff',
    'troff',
    'grotty',
    'locale',
    'manconv',
    'col',
    'gzip',
    'zsoelim',
    'cat',
    'less',
    'pager',
    'mandb',
  ],
  sdiff: ['diff'],
  diff3: ['diff'],
  yq: ['python3', 'jq'],
  git: ['git'],
  npm: ['node'],
  gunzip: ['gzip'],
  // counters of the system are read by its collector
  sar: ['sadc'],
};
/** What standard tools of the process list look at for every process; never an environment or a memory. */
const PROCESS_LISTERS = new Set(
  'ps pgrep pidof pstree w top lsof fuser pmap pwdx lsns lslocks ss netstat htop who uptime systemd-cgls docker pidstat iotop loginctl lslogins prlimit slabtop'.split(
    ' ',
  ),
);
/** They show when passwords end, never a password, and read the shadow file for it when they may. */
const SHADOW_READERS = new Set(['passwd', 'chage', 'lslogins', 'faillock', 'getent']);
const HARMLESS_DEVICES =
  /^\/dev\/(?:null|tty|urandom|random|pts\/.*|stdin|stdout|stderr|full|ptmx)$|^\/dev\/?$/;
/** Places that programs try on their own account, whatever their arguments, and that the reader is refused. */
const REFUSED_ANYWAY: Readonly<Record<string, RegExp>> = {
  dmesg: /^\/dev\/kmsg$/,
  lshw: /^\/dev\//,
  dmidecode: /^\/dev\/mem$/,
  lvs: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
  vgs: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
  pvs: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
  lvdisplay: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
  vgdisplay: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
  pvdisplay: /^\/dev\/|^\/run\/(?:lock\/)?lvm\//,
};
const LOCAL_SOCKETS =
  /sun_path="\/dev\/log"|sun_path=@?"(?:\/var)?\/run\/(?:nscd\/socket|systemd\/|dbus\/|udev\/|user\/|docker\.sock|podman\/|containerd\/|supervisor|fail2ban\/|chrony|snapd|dnsmasq)|sun_path=@"|sun_path="\/tmp\/\.X11|sun_path="\/tmp\/tmux/;

export function whyNoStrace(): string | false {
  const tried = spawnSync('strace', ['-f', '-e', 'trace=execve', '-o', '/dev/null', 'true'], {
    timeout: 10_000,
  });
  if (tried.error) return 'strace is not there';
  if (tried.status !== 0) return 'ptrace is not allowed here';
  return false;
}

export type Oracle = {
  /** Runs all of them, at most a few seconds each; tells what they did and how many ended in time. */
  readonly run: (commands: readonly (readonly string[])[]) => {
    readonly misdeeds: readonly Misdeed[];
    readonly ran: number;
    readonly stopped: number;
  };
};

export function strictOracle(scratch: string, { paths }: Places): Oracle {
  const home = join(scratch, 'home');
  mkdirSync(home, { recursive: true, mode: 0o777 });
  const denials = paths.denials.map(({ code, glob }) => ({ code, glob, pattern: toRegExp(glob) }));
  const exceptions = paths.exceptions.map(toRegExp);
  const resolvers = [...readFileSync('/etc/resolv.conf', 'utf8').matchAll(/^nameserver\s+(\S+)/gm)];
  const nameservers = resolvers.map(([, address]) => address as string);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, scratch]);

  return {
    run: (commands) => {
      const script = join(scratch, 'driver.sh');
      const trace = join(scratch, 'trace');
      const lines = commands.map(
        (argv, index) =>
          `timeout -k 1 -s TERM ${LIMIT_SECONDS}.${String(index + 1).padStart(6, '0')} ${argv.map(quote).join(' ')} </dev/null >/dev/null 2>&1 &${index % AT_ONCE === AT_ONCE - 1 ? '\nwait' : ''}`,
      );
      writeFileSync(script, `${lines.join('\n')}\nwait\nexit 0\n`);
      rmSync(trace, { force: true });
      const did = spawnSync(
        'strace',
        [
          '-f',
          '--seccomp-bpf',
          '-qq',
          '-s',
          '300',
          '-e',
          `trace=${CALLS}`,
          '-o',
          trace,
          'sh',
          script,
        ],
        {
          cwd: '/',
          env: {
            PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin',
            LC_ALL: 'C',
            TZ: 'UTC',
            HOME: home,
            TMPDIR: home,
            TERM: 'dumb',
            PAGER: 'cat',
            MANPAGER: 'cat',
            SYSTEMD_PAGER: 'cat',
            LESSSECURE: '1',
            GIT_PAGER: 'cat',
            GIT_OPTIONAL_LOCKS: '0',
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_CONFIG_GLOBAL: '/dev/null',
            GIT_TERMINAL_PROMPT: '0',
          },
          timeout: ((LIMIT_SECONDS * commands.length) / AT_ONCE + 60) * 1_000,
          killSignal: 'SIGKILL',
          ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
        },
      );
      if (did.error) throw did.error;
      return judgeTrace(readFileSync(trace, 'latin1'), commands, {
        home,
        denied: (path) =>
          exceptions.some((each) => each.test(path))
            ? null
            : (denials.find(({ pattern }) => pattern.test(path)) ?? null),
        nameservers,
      });
    },
  };
}

type Rules = {
  readonly home: string;
  readonly denied: (path: string) => { readonly code: string; readonly glob: string } | null;
  readonly nameservers: readonly string[];
};

function judgeTrace(
  text: string,
  commands: readonly (readonly string[])[],
  rules: Rules,
): ReturnType<Oracle['run']> {
  const misdeeds = new Map<string, Misdeed>();
  /** The command that a process belongs to, and how deep below the timer. */
  const owner = new Map<string, { readonly index: number; readonly depth: number }>();
  const hasRun = new Set<string>();
  const started = new Set<number>();
  let stopped = 0;
  const pending = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+) +(.*)$/.exec(line);
    if (!match) continue;
    const pid = match[1] as string;
    let call = match[2] as string;
    if (call.endsWith('<unfinished ...>')) {
      pending.set(pid, call.slice(0, -'<unfinished ...>'.length));
      // A child may speak before its parent's call has ended.
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(call);
    if (resumed) call = (pending.get(pid) ?? '') + (resumed[1] as string);
    const name = /^(\w+)\(/.exec(call)?.[1];
    const owned = owner.get(pid);
    if (name === undefined) {
      if (owned?.depth === 0 && /killed by SIGKILL|exited with (?:124|137)/.test(call))
        stopped += 1;
      continue;
    }
    const result = / = (-?\d+)/.exec(call.slice(call.lastIndexOf(')')))?.[1] ?? '?';
    const timer =
      /^execve\("[^"]*\/timeout", \["timeout", "-k", "1", "-s", "TERM", "\d\.(\d{6})"/.exec(call);
    if (owned === undefined && timer && result === '0') {
      owner.set(pid, { index: Number(timer[1]) - 1, depth: 0 });
      continue;
    }
    if (/^(?:fork|vfork|clone3?)$/.test(name)) {
      if (owned && Number(result) > 0)
        owner.set(result, { index: owned.index, depth: owned.depth + 1 });
      continue;
    }
    if (owned === undefined || owned.depth === 0) continue;
    const argv = commands[owned.index] as readonly string[];
    const program = programOf(argv);
    const what = objection(name, call, result, pid, program, { owner, hasRun, owned, rules });
    if (name === 'execve' && result === '0') started.add(owned.index);
    if (what !== null)
      misdeeds.set(`${owned.index} ${what.replaceAll(/\d+/g, 'N')}`, {
        argv,
        what: `${what}: ${call.slice(0, 240)}`,
      });
  }
  return { misdeeds: [...misdeeds.values()], ran: started.size, stopped };
}

function objection(
  name: string,
  call: string,
  result: string,
  pid: string,
  program: string,
  about: {
    readonly owner: ReadonlyMap<string, { readonly index: number }>;
    readonly hasRun: Set<string>;
    readonly owned: { readonly index: number; readonly depth: number };
    readonly rules: Rules;
  },
): string | null {
  const { rules, owned } = about;
  const strings = [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, each]) => each as string);
  const path = strings[0] ?? '';
  const isOwn = (each: string): boolean =>
    each === rules.home || each.startsWith(`${rules.home}/`) || each.startsWith('/dev/shm/');
  switch (name) {
    case 'execve':
    case 'execveat': {
      if (result !== '0') return null;
      const base = path.slice(path.lastIndexOf('/') + 1);
      const key = `${owned.index}`;
      const isFirst = !about.hasRun.has(key);
      about.hasRun.add(key);
      if (isFirst || base === program || (HELPERS[program] ?? []).includes(base)) return null;
      // What timeout and time wrap is the second to start.
      if (owned.depth >= 1 && /^(?:timeout|time)$/.test(base)) return null;
      return `starts ${base}`;
    }
    case 'open':
    case 'openat':
    case 'openat2':
    case 'creat': {
      // Its own threads' names, and what the kernel refuses it.
      if (
        /^\/proc\/self\/(?:task\/\d+\/comm|coredump_filter|oom_score_adj)$/.test(path) ||
        isOwn(path)
      )
        return null;
      if (/E(?:ACCES|PERM)/.test(call) && REFUSED_ANYWAY[program]?.test(path)) return null;
      const writes = /O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)/.test(call) || name === 'creat';
      if (writes && !HARMLESS_DEVICES.test(path) && !/O_TMPFILE/.test(call))
        return `writes ${path}`;
      if (HARMLESS_DEVICES.test(path) || /O_PATH|O_DIRECTORY/.test(call) || call.includes('ENOENT'))
        return null;
      const denied = rules.denied(path.startsWith('/') ? path : `/${path}`);
      if (denied === null) return null;
      // Keys of sysctl -a are the kernel's to refuse. The C library looks at its own memory map; df opens what it is asked about, to wake what mounts it, and reads nothing; ps of procps 4 fills in more than it is asked for, and shows none of it.
      if (path === '/proc/self/maps') return null;
      if (program === 'sysctl' && path.startsWith('/proc/sys/net/')) return null;
      if (program === 'df' && /O_NOCTTY\|O_NONBLOCK/.test(call)) return null;
      if (program === 'ps' && /^\/proc\/[\d/task]+\/environ$/.test(path)) return null;
      if (PROCESS_LISTERS.has(program) && /^\/proc\/(?!.*(?:environ|mem)$)/.test(path)) return null;
      if (SHADOW_READERS.has(program) && /^\/etc\/g?shadow$/.test(path)) return null;
      return `opens ${denied.code} ${path}`;
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
      return strings.some((each) => each.startsWith('/') && !isOwn(each)) || strings.length === 0
        ? `calls ${name} ${path}`
        : null;
  }
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

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
