/**
 * A real sshd on loopback, as the account that runs the tests: its own port, host key, and authorised keys with
 * forced commands. Several are several hosts.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Target } from '#model';

export const SSHD = '/usr/sbin/sshd';
export const ME = userInfo().username;

export function whyNoSshd(): string | false {
  return existsSync(SSHD) ? false : `there is no ${SSHD}: install openssh-server`;
}

/** Answers every request of the reader's channel: what it does is said by the first argument. */
export const FAKE_READER = `#!/bin/sh
# verb run: "echo words…", "sleep n", "exit n", "pid", "big n", "die", "junk", "wrong-id"
export LC_ALL=C
answer() { # status stdout-file
  printf 'holdfast-read-answer 1\\nid %s\\nverdict ok\\ncode -\\nended exited\\nstatus %s\\nms 1\\nstdout %s\\nstderr 0\\nend\\n' "$id" "$1" "$(wc -c <"$2" | tr -d ' ')"
  cat "$2"
}
work=$(mktemp -d "\${TMPDIR:-/tmp}/fake-reader.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP TERM
while IFS= read -r line; do
  [ "$line" = 'holdfast-read 1' ] || exit 3
  id= verb= set --
  n=0
  args=
  while IFS= read -r line && [ "$line" != end ]; do
    case $line in
      'id '*) id=\${line#id } ;;
      'verb '*) verb=\${line#verb } ;;
      'arg '*) args="$args \${line#arg }" ;;
    esac
  done
  # shellcheck disable=SC2086
  set -- $args
  case $verb:$1 in
    hello:*) printf 'version 1\\ngrammar %064d\\ncollect no\\ntools awk sh\\n' 0 >"$work/o"; answer 0 "$work/o" ;;
    run:echo) shift; printf '%s\\n' "$*" >"$work/o"; answer 0 "$work/o" ;;
    run:true) : >"$work/o"; answer 0 "$work/o" ;;
    run:who) printf '%s\\n' "$HOST_NAME" >"$work/o"; answer 0 "$work/o" ;;
    run:sleep) sleep "$2" & child=$!; trap 'kill $child; exit 1' HUP TERM; wait $child; printf slept >"$work/o"; answer 0 "$work/o" ;;
    run:exit) : >"$work/o"; answer "$2" "$work/o" ;;
    run:pid) echo $$ >"$work/o"; answer 0 "$work/o" ;;
    run:connection) printf '%s\\n' "$SSH_CONNECTION" >"$work/o"; answer 0 "$work/o" ;;
    run:big) head -c "$2" /dev/zero >"$work/o"; answer 0 "$work/o" ;;
    run:die) exit 9 ;;
    run:junk) echo 'this is no answer, but it goes on and on'; head -c 4096 /dev/zero ;;
    run:wrong-id) id=77; : >"$work/o"; answer 0 "$work/o" ;;
    *) printf 'holdfast-read-answer 1\\nid %s\\nverdict refused\\ncode unknown-program\\nended -\\nstatus 0\\nms 0\\nstdout 0\\nstderr 0\\nend\\n' "$id" ;;
  esac
done
`;

export type Sshd = {
  readonly port: number;
  readonly address: string;
  readonly directory: string;
  /** `<type> <base64>` of its host key. */
  hostKey: string;
  readonly pid: number;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Makes another host key and starts again. */
  rekey(): Promise<void>;
  /** Files in its directory, e.g. \`authorized_keys\`. */
  write(name: string, text: string): void;
};

export class SshLab implements AsyncDisposable {
  readonly directory: string;
  readonly #servers: Sshd[] = [];
  #count = 0;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'hf-ssh-'));
    // sshd is asked not to look, but its account must read it.
    chmodSync(this.directory, 0o755);
    for (const name of ['reader', 'runner', 'stranger', 'user-ca', 'host-ca']) this.key(name);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Private key file of a name, made when it is first asked for. */
  key(name: string): string {
    const path = this.path(name);
    if (!existsSync(path)) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
    }
    return path;
  }

  publicKey(name: string): string {
    return readFileSync(`${this.key(name)}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
  }

  async sshd(
    more: {
      readonly config?: readonly string[];
      readonly reader?: string;
      readonly keys?: readonly string[];
    } = {},
  ): Promise<Sshd> {
    this.#count += 1;
    const directory = this.path(`d${this.#count}`);
    mkdirSync(directory);
    const port = await freePort();
    const at = (name: string): string => join(directory, name);
    const write = (name: string, text: string): void => {
      writeFileSync(at(name), text, { mode: 0o755 });
    };
    write('fake-reader', more.reader ?? FAKE_READER);
    const forced = (command: string, key: string): string =>
      `restrict,command="${command}" ${this.publicKey(key)}\n`;
    write(
      'authorized_keys',
      more.keys?.join('') ??
        forced(`HOST_NAME=h${port} ${at('fake-reader')}`, 'reader') +
          forced(at('fake-runner'), 'runner'),
    );
    write('fake-runner', '#!/bin/sh\nexit 69\n');
    const config = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host-key')}`,
      'PidFile none',
      `AuthorizedKeysFile ${at('authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'LogLevel ERROR',
      'MaxStartups 100:30:200',
      ...(more.config ?? []),
    ];
    write('config', `${config.join('\n')}\n`);
    let child: ChildProcess | undefined;
    const server: Sshd = {
      port,
      directory,
      address: `127.0.0.1:${port}`,
      hostKey: '',
      get pid() {
        return child?.pid ?? -1;
      },
      signal: (signal) => {
        for (const pid of treeOf(child?.pid)) {
          try {
            process.kill(pid, signal);
          } catch {}
        }
      },
      write,
      async stop() {
        const tree = treeOf(child?.pid);
        for (const pid of tree) {
          try {
            process.kill(pid, 'SIGKILL');
          } catch {}
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
      async start() {
        child = spawn(SSHD, ['-D', '-e', '-f', at('config')], {
          stdio: ['ignore', 'ignore', 'ignore'],
        });
        for (let i = 0; !(await answers(port)); i += 1) {
          if (i > 1_500) throw new Error('sshd does not start');
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      },
      async rekey() {
        await server.stop();
        rmSync(at('host-key'), { force: true });
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at('host-key')]);
        server.hostKey = readFileSync(at('host-key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
        await server.start();
      },
    };
    mkdirSync('/run/sshd', { recursive: true });
    this.#servers.push(server);
    await server.rekey();
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function sshTarget(id: string, more: Partial<Target> = {}): Target {
  return {
    id,
    scope: { organisation: 'example', site: 'main' },
    hostType: 'debian',
    environment: 'test',
    transport: 'ssh',
    address: '127.0.0.1',
    via: [],
    hostKey: null,
    criticality: 'normal',
    owner: null,
    tags: [],
    redundancySet: null,
    staleAfterSeconds: 600,
    sources: [],
    ...more,
  } as unknown as Target;
}

/** A process and everything below it, by their parents. */
function treeOf(pid: number | undefined): number[] {
  if (pid === undefined) return [];
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (let i = 0; i < found.length; i += 1) {
    for (const [child, parent] of table) if (parent === found[i]) found.push(child as number);
  }
  return found;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}
