/**
 * A lab host to rehearse actions on: every step goes through the host wrapper under an order signed
 * with keys made for the occasion, as on any enrolled host.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlanStep, Target } from '#model';
import type { RehearsalHost, RehearsalOrder, SeenFact, StepEnd } from '#rehearsal';
import {
  document,
  HostRig,
  id32,
  itemText,
  makeKeys,
  type PartOptions,
  percent,
  receiptLine,
  seconds,
} from '#test/host-rig';
import type { Host } from './hosts.ts';
import { IMAGE } from './image.ts';
import { run, well } from './podman.ts';

// In memory: a host syncs what it records, and the disk is the slowest part of a lab.
const DIRECTORY = '/run/holdfast-host';
/** The collectors whose facts shipped actions rest on. */
const COLLECTORS = ['units', 'packages', 'system', 'accounts'];
const WRAPPER = `exec sh /opt/holdfast/host/holdfast-host ${DIRECTORY}`;

// What is watched for change. Units that come and go by themselves are left out, and so is what the
// wrapper writes, and the copies that shadow-utils leave behind. Process ids and times are no state.
const SNAPSHOT = `
LC_ALL=C; export LC_ALL
watched='/etc /usr/local /srv /root /home /var/spool/cron /var/tmp'
systemctl list-units --all --plain --no-legend --full --type=service,socket |
  awk '$1 !~ /^(run-|session-|user@|user-runtime|systemd-tmpfiles|systemd-hostnamed|systemd-timedated|systemd-localed|apt-|dpkg-|logrotate|e2scrub|modprobe@)/ { print "unit", $1, $2, $3, $4 }'
systemctl list-unit-files --no-legend --plain | awk '{ print "unit-file", $1, $2 }'
dpkg-query -W -f 'package \${Package} \${Version} \${db:Status-Abbrev} \${db:Status-Want}\\n'
find $watched ! -name '*-' -xdev -printf 'path %y %m %u:%g %p %l\\n'
find $watched ! -name '*-' -xdev -type f -exec sha256sum {} +
ss -H -l -t -u -n | awk '{ print "listens", $1, $5 }'
`;

// Kills everything of a job, from the first moment that there is anything of it.
const KILLER = `
nonce=$1 tries=0
while [ ! -e ${DIRECTORY}/jobs/$nonce/result ] && [ $((tries += 1)) -lt 500 ]; do
  for found in $(grep -lsz "^HOLDFAST_JOB=$nonce$" /proc/[0-9]*/environ); do
    pid=\${found#/proc/}
    kill -KILL "\${pid%/environ}" 2>/dev/null && tries=490
  done
done
exit 0
`;

export type LabRehearsal = AsyncDisposable & { readonly host: RehearsalHost };

/** Puts the wrapper's directory onto `lab`, and gives a way to rehearse there. */
export async function rehearsalHost(lab: Host): Promise<LabRehearsal> {
  const keys = makeKeys();
  const shell = ['podman', 'exec', '-i', lab.container, 'sh', '-c', WRAPPER];
  const rig = new HostRig(keys, { shell });
  const dispose = (): void => {
    rig.dispose();
    keys.dispose();
  };
  try {
    const tar = well(
      'tar',
      await run(['sh', '-c', 'tar -C "$1" -cf - . | base64', 'sh', rig.directory]),
    );
    const unpack = `mkdir -m 700 ${DIRECTORY} && base64 -d | tar -C ${DIRECTORY} --no-same-owner -xpf -`;
    await lab.must(['sh', '-euc', unpack], { stdin: tar });
  } catch (trouble) {
    dispose();
    throw trouble;
  }
  return {
    host: new LabRehearsalHost(lab, rig),
    [Symbol.asyncDispose]: async () => dispose(),
  };
}

class LabRehearsalHost implements RehearsalHost {
  readonly where = `lab ${IMAGE}`;
  readonly target: Target;
  readonly #lab: Host;
  readonly #rig: HostRig;

  constructor(lab: Host, rig: HostRig) {
    this.#lab = lab;
    this.#rig = rig;
    this.target = {
      id: `host:${lab.name}`,
      scope: 'lab/lab',
      hostType: 'debian',
      environment: 'lab',
      transport: 'local',
      address: null,
      criticality: 'low',
      owner: null,
      tags: [],
      redundancySet: null,
      staleAfterSeconds: 3600,
      sources: [],
    };
  }

  async order(_change: string, steps: readonly PlanStep[]): Promise<RehearsalOrder> {
    const nonces = steps.map(() => id32());
    const parts = steps.map((step, index) => this.#rig.part(partOf(step, nonces[index] ?? '')));
    const order = this.#rig.order(parts, { runBy: seconds() + 900 });
    const signature = this.#rig.keys.sign('alice', 'holdfast-change@1', order);
    const placeOf = (step: PlanStep): number => {
      const index = steps.indexOf(step);
      if (index < 0) throw new Error('that step is not in this order');
      return index;
    };
    const end = async (step: PlanStep): Promise<StepEnd> => {
      const { answer } = this.#rig.begin('run', [
        ['order', order],
        ['signature', signature],
        ['part', parts[placeOf(step)] ?? ''],
        ...(step.stdin === null ? [] : [['stdin', step.stdin] as const]),
      ]);
      const told = await answer;
      if (told.verdict === 'refused') return { kind: 'refused', code: told.code };
      return {
        kind: 'ended',
        result: receiptLine(told, 'result') ?? told.state,
        status: Number(receiptLine(told, 'status')),
        says: itemText(told, 'stderr').trim().slice(-300),
      };
    };
    return {
      run: end,
      killed: async (step) => {
        const nonce = nonces[placeOf(step)] ?? '';
        const killer = this.#lab.exec(['sh', '-c', KILLER, 'sh', nonce]);
        const ended = await end(step);
        await killer;
        return ended;
      },
    };
  }

  async look(argv: readonly string[]): Promise<{ exit: number; stdout: string }> {
    const clean = ['env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C', 'HOME=/'];
    return this.#lab.exec([...clean, ...argv]);
  }

  async facts(): Promise<readonly SeenFact[]> {
    const look = ['/opt/holdfast/bin/holdfast-node', '/opt/holdfast/lab/look-inside.ts'];
    const told = await this.#lab.must([...look, this.target.id, ...COLLECTORS], {
      timeoutMs: 120_000,
    });
    return told
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SeenFact);
  }

  async file(path: string): ReturnType<RehearsalHost['file']> {
    const script =
      '[ -e "$1" ] || [ -L "$1" ] || { echo absent; exit; }; [ -f "$1" ] && sha256sum <"$1"';
    const { exit, stdout } = await this.#lab.exec(['sh', '-c', script, 'sh', path]);
    if (exit !== 0) return undefined;
    return stdout.trim() === 'absent' ? 'absent' : { sha256: stdout.slice(0, 64) };
  }

  async snapshot(): Promise<readonly string[]> {
    const told = await this.#lab.must(['sh', '-c', SNAPSHOT]);
    return told
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  async stop(): Promise<void> {
    const { verdict, code } = this.#rig.ask('stop', [['stop', 'rehearsal\n']]);
    if (verdict !== 'ok') throw new Error(`the host would not stop: ${code}`);
  }

  async lift(): Promise<void> {
    const order = document('lift', [
      'organisation acme',
      'stop rehearsal',
      `issued ${seconds()}`,
      `run-by ${seconds() + 60}`,
    ]);
    const signature = this.#rig.keys.sign('alice', 'holdfast-lift@1', order);
    const answer = this.#rig.ask('lift', [
      ['order', order],
      ['signature', signature],
    ]);
    if (answer.verdict !== 'ok') throw new Error(`the stop was not lifted: ${answer.code}`);
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms);
  }
}

function partOf(step: PlanStep, nonce: string): PartOptions {
  return {
    argv: step.argv,
    action: step.action,
    runAs: step.runAs,
    stdin: step.stdin,
    files: step.files.map(({ sha256, path }) => [sha256, path]),
    conditions: step.conditions.map((condition) =>
      condition.kind === 'file-absent'
        ? `file-absent ${percent(condition.path)}`
        : `file-sha256 ${condition.sha256} ${percent(condition.path)}`,
    ),
    step: `${step.step}/${step.of}`,
    direction: step.direction,
    timeout: step.timeoutSeconds,
    atomic: step.atomic,
    nonce,
  };
}
