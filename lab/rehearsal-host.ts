/**
 * A lab host to rehearse actions on: every step goes through the host wrapper under an order signed
 * with keys made for the occasion, as on any enrolled host.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { COLLECTORS } from '#collectors';
import type { PlanStep, Target } from '#model';
import {
  KILL_JOB,
  type RehearsalHost,
  type RehearsalOrder,
  type SeenFact,
  SNAPSHOT,
  type StepEnd,
  WATCHED,
} from '#rehearsal';
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
const WRAPPER = `exec sh /opt/holdfast/host/holdfast-host ${DIRECTORY}`;

export type LabRehearsal = AsyncDisposable & { readonly host: RehearsalHost };

/** Puts the wrapper's directory onto `lab`, and gives a way to rehearse there. */
export async function rehearsalHost(lab: Host): Promise<LabRehearsal> {
  const keys = makeKeys();
  const shell = [...lab.door, 'sh', '-c', WRAPPER];
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
  readonly runbookRoot = null;
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
      via: [],
      hostKey: null,
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
        const killer = this.#lab.exec(['sh', '-c', KILL_JOB, 'sh', DIRECTORY, nonce]);
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

  async facts(kinds: readonly string[]): Promise<readonly SeenFact[]> {
    const names = COLLECTORS.filter((each) => each.kinds.some((kind) => kinds.includes(kind)));
    if (names.length === 0) return [];
    const look = ['/opt/holdfast/bin/holdfast-node', '/opt/holdfast/lab/look-inside.ts'];
    const told = await this.#lab.must([...look, this.target.id, ...names.map(({ name }) => name)], {
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
    const told = await this.#lab.must(['sh', '-c', SNAPSHOT, 'sh', ...WATCHED]);
    return told
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  async stop(): Promise<void> {
    const { verdict, code } = await this.#rig.begin('stop', [['stop', 'rehearsal\n']]).answer;
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
    const { answer: told } = this.#rig.begin('lift', [
      ['order', order],
      ['signature', signature],
    ]);
    const answer = await told;
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
