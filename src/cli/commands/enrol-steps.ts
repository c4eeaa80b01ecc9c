/** What the commands that enter hosts have in common: doors, attempts, and the one signature. */
import { resolve } from 'node:path';
import { Fault } from '#base/fault';
import { canonicalJson, type Json } from '#base/json';
import { type HostPins, type Probe, parseProbe, scriptFor } from '#enrolment';
import type { Desk } from '../desk.ts';
import { groupsOf, rowOf, type Start, type Wanted, type Way } from '../enrolling.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import {
  type EnrolmentPage,
  type Outcome,
  renderEnrolmentPage,
  renderOutcome,
} from '../render/enrolment.ts';
import { consent, keyFor } from '../signing.ts';
import type { Options } from './spec.ts';

export function wantedOf(desk: Desk, options: Options): Wanted {
  const text = (name: string): string | null =>
    typeof options[name] === 'string' ? options[name] : null;
  const config = text('sshConfig');
  return {
    alias: text('ssh'),
    config: config === null ? null : resolve(desk.io.cwd, config),
    isBatch: options['batch'] === true,
    again: options['again'] === true,
    readerOnly: options['readerOnly'] === true,
    groups: groupsOf(options['groups']),
    width: Math.min(64, Math.max(1, typeof options['atOnce'] === 'number' ? options['atOnce'] : 8)),
  };
}

export async function startOf(desk: Desk, targets: readonly string[]): Promise<Start> {
  return (await desk.ask('enrolment_start', { targets: [...targets] })) as unknown as Start;
}

export async function enrolledTargets(
  desk: Desk,
  words: string | undefined,
): Promise<readonly string[]> {
  if (words !== undefined) return words.split(',').map((word) => word.trim());
  const { hosts: all } = (await desk.ask('enrolment_list', {})) as unknown as {
    readonly hosts: readonly { readonly target: string; readonly state: string }[];
  };
  const targets = all.filter(({ state }) => state === 'enrolled').map(({ target }) => target);
  return targets.length > 0 ? targets : missing('enrolled');
}

export function missing(what: string): never {
  throw new Fault(
    'missing',
    'unknown-target',
    `no such host: ${what.slice(0, 80)}. holdfast hosts lists those there are`,
  );
}

export async function look(
  desk: Desk,
  door: Way['door'],
  script: Parameters<typeof scriptFor>[0],
): Promise<Probe> {
  return parseProbe(await desk.commands.ssh.send(door, scriptFor(script, { verb: 'probe' })));
}

/** As root, or with sudo where that asks for nothing. */
export async function rootDoor(
  desk: Desk,
  door: Way['door'],
  script: Parameters<typeof scriptFor>[0],
): Promise<Way['door']> {
  return asRoot(door, await look(desk, door, script));
}

export function asRoot(door: Way['door'], { root }: Probe): Way['door'] {
  if (root !== 'no') return { ...door, withSudo: root === 'sudo' };
  throw new Fault(
    'refused',
    'needs-root',
    `root is needed there: ${door.host}. Enter as root, or with sudo that asks for no password`,
  );
}

export async function attempted(way: Way, began: number, work: () => Promise<void>): Promise<Way> {
  try {
    await work();
    return { ...way, ms: performance.now() - began };
  } catch (thrown) {
    if (thrown instanceof Fault) return { ...way, fault: thrown, ms: performance.now() - began };
    throw thrown;
  }
}

export function shown(
  desk: Desk,
  ways: readonly Way[],
  says: readonly string[],
  next: string,
): number {
  const rows = ways.map((way) => ({
    ...rowOf(way, true),
    state: way.fault === undefined ? 'done' : 'failed',
  }));
  desk.show({ hosts: rows, says, next } satisfies Outcome, renderOutcome);
  return worst(ways);
}

export function worst(ways: readonly Way[]): number {
  return Math.max(
    EXIT_CODES.ok,
    ...ways.map(({ fault, plan }) =>
      fault !== undefined
        ? EXIT_CODES[fault.kind]
        : (plan?.problems.length ?? 0) > 0
          ? EXIT_CODES.refused
          : EXIT_CODES.ok,
    ),
  );
}

export async function goOn(desk: Desk, options: Options, question: string): Promise<void> {
  if (options['yes'] === true) return;
  const typed = desk.io.isTerminal.stdin ? await desk.io.ask(`${question} Type yes: `) : undefined;
  if (typed?.trim() === 'yes') return;
  throw new Fault(
    'refused',
    'not-confirmed',
    'nothing was done: nobody said yes. At a terminal you are asked; elsewhere give --yes',
  );
}

export type SignedPending = Pick<Outcome, 'says' | 'next'> & {
  /** Enough operators have signed. */
  readonly isWhole: boolean;
};

/** One signature over everything that waits (200 hosts each). `own`: what hosts told this very process. */
export async function signPending(
  desk: Desk,
  options: Options,
  own: ReadonlyMap<string, HostPins>,
): Promise<SignedPending> {
  const says: string[] = [];
  for (;;) {
    const page = (await desk.ask('enrolment_page', {})) as unknown as EnrolmentPage;
    const { order, namespace, hosts: pins, digestWords } = page;
    for (const each of pins) {
      const told = own.get(each.target);
      if (
        told === undefined ||
        canonicalJson(told as unknown as Json) === canonicalJson(each as unknown as Json)
      )
        continue;
      throw new Fault(
        'refused',
        'page-differs',
        `what would be signed is not what the host said: ${each.target}. Sign nothing, and find out what answers on the socket of this data directory`,
      );
    }
    await desk.commands.checkOrder({
      kind: 'enrolment',
      order,
      namespace,
      hosts: pins,
      digestWords,
    });
    desk.present(page, renderEnrolmentPage);
    await consent(desk, { words: digestWords, given: options['words'], name: null });
    const signature = await desk.commands.keys.sign(
      await keyFor(desk, options['key']),
      namespace,
      order,
    );
    const applied = (await desk.ask('enrolment_apply', { order, signatures: [signature] })) as {
      readonly says: readonly string[];
      readonly missing: number;
    };
    says.push(...applied.says);
    if (applied.missing > 0)
      return { says, next: 'holdfast enroll --sign, by another operator', isWhole: false };
    if (page.left === 0) return { says, next: '', isWhole: true };
  }
}
