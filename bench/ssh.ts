/**
 * Rows A2 to A6 and M2: hosts over OpenSSH, here sshd on loopback with one port for each host. Everything on the far
 * side runs on the same cores, so what a host does is kept to one `true`. Beside `ssh` with a kept master, `ssh`
 * afresh, and Ansible where it is installed.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { openSshReach, type SshReach } from '#adapters';
import { COLLECTORS, observeSnapshot } from '#collectors';
import { nodeChannels, nodeClock, nodeFiles, nodePrograms, nodeRandom } from '#machine';
import type { Target } from '#model';
import { ME, type Sshd, SshLab, sshTarget, whyNoSshd } from '#test/sshd';
import { inTurn, median, mustHold, nowMs, type Pair, pairOf, percentile, took } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting, Sizes } from './sizes.ts';

/** The reader's channel with as little as it can do. The real one is host/read. */
const READER = `#!/bin/sh
while IFS= read -r line; do
  while IFS= read -r line && [ "$line" != end ]; do
    case $line in 'id '*) id=\${line#id } ;; esac
  done
  /bin/true
  printf 'holdfast-read-answer 1\\nid %s\\nverdict ok\\ncode -\\nended exited\\nstatus 0\\nms 1\\nstdout 0\\nstderr 0\\nend\\n' "$id"
done
`;
const SNAPSHOT = join(import.meta.dirname, '..', 'host', 'snapshot.sh');
const REQUEST = { seconds: 20, bytes: 1_000 } as const;
const WARM = 10;
/** What is not begun by then is left out, and said to be. */
const MOST_SECONDS = 300;
/** Of one program; under it everything of a round has to come to an end. */
const PROGRAM_MS = 60_000;

type Host = Sshd & { readonly target: Target };

export async function sshRows(setting: Setting): Promise<Row[]> {
  const { sizes, say, wants } = setting;
  const why = whyNoSshd();
  if (why !== false) {
    say(`ssh: NOT MEASURED: ${why}`);
    return [];
  }
  say(`ssh: ${sizes.sshHosts} servers on loopback`);
  await using lab = new SshLab();
  await using bench = await Bench.open(lab, sizes.sshHosts);
  const rows: Row[] = [];
  const parts: readonly (readonly [string, () => Promise<Row[]>])[] = [
    ['A3', async () => [...(await bench.oneWarm(sizes)), await bench.roundWarm(sizes)]],
    ['A4', async () => [await bench.processor(sizes), await bench.snapshot(sizes)]],
    ['M2', () => bench.memory()],
    ['A5', () => bench.cold(sizes)],
    ['A6', () => bench.hung(sizes)],
    ['A2', () => bench.ansible(sizes, say)],
  ];
  const until = nowMs() + MOST_SECONDS * 1_000;
  for (const [id, measure] of parts) {
    if (!wants(id)) continue;
    if (nowMs() > until) {
      say(`ssh: ${id} NOT MEASURED: ${MOST_SECONDS} s are over: the machine has other work`);
      continue;
    }
    say(`ssh: ${id}, load ${loadavg()[0]?.toFixed(1)}`);
    rows.push(...(await measure()));
  }
  return rows;
}

class Bench implements AsyncDisposable {
  readonly #lab: SshLab;
  readonly #hosts: readonly Host[];
  readonly #reach: SshReach;
  readonly #config: string;
  #masters: number[] = [];

  constructor(lab: SshLab, hosts: readonly Host[]) {
    this.#lab = lab;
    this.#hosts = hosts;
    this.#reach = this.#newReach('reach');
    this.#config = lab.path('floor.conf');
    const known = hosts.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`).join('');
    writeFileSync(lab.path('floor.known'), known);
    writeFileSync(
      this.#config,
      `BatchMode yes\nIdentitiesOnly yes\nIdentityAgent none\nIdentityFile ${lab.key('floor')}\n` +
        `StrictHostKeyChecking yes\nUserKnownHostsFile ${lab.path('floor.known')}\nGlobalKnownHostsFile none\nLogLevel ERROR\n`,
    );
  }

  static async open(lab: SshLab, count: number): Promise<Bench> {
    const hosts: Host[] = [];
    for (let i = 0; i < count; i += 1) {
      const server = await lab.sshd({ reader: READER });
      const reader = `restrict,command="${server.directory}/fake-reader" ${lab.publicKey('reader')}`;
      server.write('authorized_keys', `${reader}\n${lab.publicKey('floor')}\n`);
      const target = sshTarget(`host:h${i}`, { address: server.address, hostKey: server.hostKey });
      hosts.push(Object.assign(server, { target }));
    }
    const bench = new Bench(lab, hosts);
    await bench.#round();
    await bench.#startMasters();
    return bench;
  }

  async oneWarm({ rounds, calls }: Sizes): Promise<Row[]> {
    const [host] = this.#hosts as [Host];
    const parts: { p50: [number[], number[]]; p99: [number[], number[]] } = {
      p50: [[], []],
      p99: [[], []],
    };
    for (let i = 0; i < WARM; i += 1) await this.#ask(host);
    for (let round = 0; round < rounds; round += 1) {
      const ours: number[] = [];
      const floor: number[] = [];
      for (let i = 0; i < calls; i += 1) {
        ours.push(await took(() => this.#ask(host)));
        floor.push(await took(() => this.#execOverMaster(host)));
      }
      for (const [name, part] of [
        ['p50', 0.5],
        ['p99', 0.99],
      ] as const) {
        parts[name][0].push(percentile(ours, part));
        parts[name][1].push(percentile(floor, part));
      }
    }
    const told = (name: 'p50' | 'p99') => ({
      id: 'A3',
      what: `one look over a kept session, ${name}`,
      beside: 'ssh with a kept master',
      unit: 'ms',
    });
    return [
      paired({ ...told('p50'), must: { atMost: 1 } }, pairOf(...parts.p50)),
      paired({ ...told('p99'), must: { atMost: 1 } }, pairOf(...parts.p99)),
    ];
  }

  async roundWarm({ rounds }: Sizes): Promise<Row> {
    const pair = await inTurn(
      rounds,
      () => took(() => this.#round()),
      () => took(() => Promise.all(this.#hosts.map((host) => this.#execOverMaster(host)))),
    );
    return paired(
      {
        id: 'A3',
        what: `a round of ${this.#hosts.length} hosts, kept sessions`,
        beside: 'as many ssh with kept masters',
        unit: 'ms',
        must: { atMost: 1.3 },
        aim: { atMost: 1 },
      },
      pair,
    );
  }

  /** Ours and our kept ssh; of the other side the shell's children and the masters. */
  async processor({ rounds }: Sizes): Promise<Row> {
    const many = 5;
    const hosts = this.#hosts.length;
    const kept = sshIn(this.#lab.path('reach/'));
    const pair = await inTurn(
      rounds,
      async () => {
        const before = ranMs(kept);
        const used = process.cpuUsage();
        for (let i = 0; i < many; i += 1) await this.#round();
        const { user, system } = process.cpuUsage(used);
        return ((user + system) / 1_000 + ranMs(kept) - before) / (many * hosts);
      },
      async () => {
        const before = ranMs(this.#masters);
        const all = this.#hosts.map((host) => `${this.#overMaster(host).join(' ')} & `).join('');
        // One round after another: a master carries only so many sessions at a time.
        const used = await childrenMs(`${all} wait; `.repeat(many));
        return (used + ranMs(this.#masters) - before) / (many * hosts);
      },
    );
    return paired(
      {
        id: 'A4',
        what: `processor time a host a round, here and in our ssh`,
        beside: 'ssh with a kept master',
        unit: 'ms',
        must: { atMost: 1 },
      },
      pair,
    );
  }

  /** What a whole snapshot costs here, from its bytes to checked facts; this machine's own stands for a host's. */
  async snapshot({ rounds }: Sizes): Promise<Row> {
    const bytes = Buffer.from(await output(['sh', SNAPSHOT], process.env, 'latin1'), 'latin1');
    const clock = nodeClock();
    const look = () => observeSnapshot({ target: 'host:h0', bytes, collectors: COLLECTORS, clock });
    for (let i = 0; i < WARM; i += 1) await look();
    const times: number[] = [];
    for (let i = 0; i < rounds * 5; i += 1) {
      const used = process.cpuUsage();
      const seen = await look();
      const { user, system } = process.cpuUsage(used);
      mustHold(
        seen.some(({ facts }) => facts.length > 0),
        'a snapshot has facts',
      );
      times.push((user + system) / 1_000);
    }
    const size = `${Math.round(bytes.length / 1_024)} KiB`;
    return alone(
      {
        id: 'A4',
        what: `processor time of a snapshot of ${size}`,
        unit: 'ms',
        must: { atMost: 2 },
      },
      median(times),
    );
  }

  async memory(): Promise<Row[]> {
    await this.#round();
    const kept = sshIn(this.#lab.path('reach/'));
    mustHold(kept.length === this.#hosts.length, 'one ssh for each host is kept');
    const of = (key: string): number =>
      kept.reduce((sum, pid) => sum + smaps(pid, key), 0) / kept.length / 1_024;
    const own = of('Private_Clean') + of('Private_Dirty');
    return [
      alone({ id: 'M2', what: 'memory of a kept session, resident', unit: 'MiB' }, of('Rss')),
      alone(
        { id: 'M2', what: 'memory of a kept session, its share (PSS)', unit: 'MiB' },
        of('Pss'),
      ),
      alone({ id: 'M2', what: 'memory of a kept session, its own', unit: 'MiB' }, own),
    ];
  }

  async cold({ rounds }: Sizes): Promise<Row[]> {
    const few = Math.max(1, Math.min(rounds, 3));
    const [host] = this.#hosts as [Host];
    const fresh = async (act: (reach: SshReach) => Promise<unknown>): Promise<number> => {
      await using reach = this.#newReach('cold');
      const ms = await took(() => act(reach));
      return ms;
    };
    const one = await inTurn(
      few,
      () => fresh((reach) => reach.reader(host.target).run(['true'], REQUEST)),
      () => took(() => this.#exec(this.#afresh(host))),
    );
    const all = await inTurn(
      few,
      () => fresh((reach) => this.#round(reach)),
      () => took(() => Promise.all(this.#hosts.map((each) => this.#exec(this.#afresh(each))))),
    );
    const told = { id: 'A5', unit: 'ms', must: { atMost: 1 }, aim: { atMost: 0.75 } };
    const beside = 'ssh afresh';
    const what = `the first look at ${this.#hosts.length} hosts`;
    return [
      paired({ ...told, what: 'the first look at a host', beside }, one),
      paired({ ...told, what, beside: 'as many ssh afresh' }, all),
      // A2 in the goals: kept sessions beside ssh that connects anew each round.
      paired(
        {
          id: 'A5',
          what: `a round of ${this.#hosts.length} hosts, kept sessions`,
          beside: 'as many ssh afresh',
          unit: 'ms',
          must: { atMost: 1 / 3.5 },
          aim: { atMost: 1 / 4.5 },
        },
        await this.#keptBeside(few, () =>
          took(() => Promise.all(this.#hosts.map((each) => this.#exec(this.#afresh(each))))),
        ),
      ),
    ];
  }

  /** Two of them stopped in the middle of everything. */
  async hung({ rounds }: Sizes): Promise<Row[]> {
    const hung = this.#hosts.slice(0, Math.min(2, this.#hosts.length - 1));
    const live = this.#hosts.filter((host) => !hung.includes(host));
    const p95 = async (): Promise<number> => {
      const began = nowMs();
      const times = await Promise.all(
        live.map(async (host) => {
          await this.#ask(host);
          return nowMs() - began;
        }),
      );
      return percentile(times, 0.95);
    };
    const seconds = 2;
    const slack = 5_000;
    const wholes: number[] = [];
    const pair = await inTurn(
      Math.min(rounds, 3),
      async () => {
        for (const host of hung) host.signal('SIGSTOP');
        const began = nowMs();
        try {
          const stuck = hung.map((host) =>
            this.#reach
              .reader(host.target)
              .run(['true'], { ...REQUEST, seconds, force: true })
              .catch(() => {}),
          );
          const times = await p95();
          await Promise.all(stuck);
          wholes.push(nowMs() - began);
          return times;
        } finally {
          for (const host of hung) host.signal('SIGCONT');
          // The next round, whichever it is, finds all of them connected.
          await Promise.all(hung.map((host) => this.#ask(host)));
        }
      },
      async () => {
        const all = hung.map((host) => this.#ask(host));
        const times = await p95();
        await Promise.all(all);
        return times;
      },
    );
    return [
      paired(
        {
          id: 'A6',
          what: `p95 of the others when ${hung.length} of ${this.#hosts.length} hosts hang`,
          beside: 'the same round when none does',
          unit: 'ms',
          must: { atMost: 1.2 },
          aim: { atMost: 1.05 },
        },
        pair,
      ),
      alone(
        {
          id: 'A6',
          what: 'that whole round beyond its deadline',
          unit: 'ms',
          must: { atMost: 200 },
        },
        median(wholes) - (seconds * 1_000 + slack),
      ),
    ];
  }

  async ansible({ rounds }: Sizes, say: Setting['say']): Promise<Row[]> {
    const version = await output(['ansible', '--version']).catch(() => '');
    if (version === '') {
      say('ssh: ANSIBLE NOT MEASURED: there is no ansible; install ansible-core');
      return [];
    }
    say(`ssh: beside ${version.split('\n')[0]}`);
    const inventory = this.#lab.path('inventory');
    const lines = this.#hosts.map(
      ({ port }, i) => `h${i} ansible_host=127.0.0.1 ansible_port=${port} ansible_user=${ME}\n`,
    );
    writeFileSync(inventory, lines.join(''));
    const env = {
      ...process.env,
      ANSIBLE_SSH_ARGS: `-F ${this.#config} -o ControlMaster=auto -o ControlPersist=120s`,
      ANSIBLE_SSH_CONTROL_PATH_DIR: this.#lab.path('cp'),
      ANSIBLE_PIPELINING: 'True',
      ANSIBLE_HOME: this.#lab.path('ansible'),
    };
    const rows: Row[] = [];
    for (const [module, goals] of [
      ['raw', {}],
      ['setup', {}],
      ['shell', { must: { atMost: 1 / 7 }, aim: { atMost: 1 / 9 } }],
    ] as const) {
      const given = module === 'setup' ? [] : ['-a', 'true'];
      const argv = ['ansible', 'all', '-i', inventory, '-f', '20', '-m', module, ...given];
      const pair = await this.#keptBeside(Math.min(rounds, 3), () => took(() => output(argv, env)));
      const what = `a round of ${this.#hosts.length} hosts, kept sessions`;
      const beside = `ansible -m ${module}, ControlPersist, pipelining, 20 forks`;
      rows.push(paired({ id: 'A2', what, beside, unit: 'ms', ...goals }, pair));
    }
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reach[Symbol.asyncDispose]();
    for (const pid of this.#masters) process.kill(pid, 'SIGTERM');
  }

  #keptBeside(rounds: number, peer: () => Promise<number>): Promise<Pair> {
    return inTurn(rounds, () => took(() => this.#round()), peer);
  }

  #newReach(name: string): SshReach {
    return openSshReach({
      channels: nodeChannels(),
      programs: nodePrograms(),
      clock: nodeClock(),
      random: nodeRandom(),
      files: nodeFiles(),
      directory: this.#lab.path(name),
      resolve: () => undefined,
      hostKeys: async () => [],
      keyOf: async () => ({ keyFile: this.#lab.key('reader') }),
      settings: { users: { reader: ME, runner: ME } },
    });
  }

  async #ask(host: Host, reach: SshReach = this.#reach): Promise<void> {
    const answer = await reach.reader(host.target).run(['true'], { ...REQUEST, force: true });
    mustHold(answer.verdict === 'ok' && answer.status === 0, 'every look is answered');
  }

  async #round(reach: SshReach = this.#reach): Promise<void> {
    await Promise.all(this.#hosts.map((host) => this.#ask(host, reach)));
  }

  async #startMasters(): Promise<void> {
    for (const host of this.#hosts) {
      const argv = ['-F', this.#config, '-M', '-N', '-S', this.#socket(host)];
      const child = spawn('ssh', [...argv, '-p', String(host.port), `${ME}@127.0.0.1`], {
        stdio: 'ignore',
      });
      this.#masters.push(child.pid ?? -1);
      for (let i = 0; ; i += 1) {
        mustHold(i < 300, 'a master starts');
        if (
          await this.#exec(this.#overMaster(host)).then(
            () => true,
            () => false,
          )
        )
          break;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
  }

  #socket({ port }: Host): string {
    return this.#lab.path(`m${port}`);
  }

  #overMaster(host: Host): string[] {
    const own = ['-o', 'ControlMaster=no', '-o', 'ProxyCommand=false', '-S', this.#socket(host)];
    return [
      'ssh',
      '-n',
      '-F',
      this.#config,
      ...own,
      '-p',
      String(host.port),
      `${ME}@127.0.0.1`,
      'true',
    ];
  }

  #afresh({ port }: Host): string[] {
    return ['ssh', '-n', '-F', this.#config, '-p', String(port), `${ME}@127.0.0.1`, 'true'];
  }

  #execOverMaster(host: Host): Promise<void> {
    return this.#exec(this.#overMaster(host));
  }

  async #exec(argv: readonly string[]): Promise<void> {
    await output(argv);
  }
}

function output(
  argv: readonly string[],
  env = process.env,
  encoding: BufferEncoding = 'utf8',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env,
      timeout: PROGRAM_MS,
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString(encoding);
    });
    child.once('error', reject);
    child.once('close', (exit) =>
      exit === 0
        ? resolve(said)
        : reject(new Error(`${program} ended with ${exit}: ${said.slice(-300)}`)),
    );
  });
}

/** Processor time of everything a shell started and waited for. */
async function childrenMs(script: string): Promise<number> {
  const said = await output(['/bin/sh', '-c', `${script} wait; times`]);
  const [, user = '', system = ''] = /(\S+) (\S+)\s*$/.exec(said) ?? [];
  const ms = (text: string): number => {
    const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text) ?? [];
    return Number(minutes) * 60_000 + Number(seconds) * 1_000;
  };
  return ms(user) + ms(system);
}

/** Processes of ssh that use files of a directory. */
function sshIn(directory: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid)) return false;
      try {
        return readFileSync(join('/proc', `${pid}`, 'cmdline'), 'latin1').includes(directory);
      } catch {
        return false;
      }
    });
}

function ranMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const [ns] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ');
    return sum + Number(ns) / 1e6;
  }, 0);
}

function smaps(pid: number, key: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
}
