/** What an enrolment record may say after what is known, and whose signatures on it count. Pure. */
import { checkQuorum, NAMESPACES, verifySignature } from '#authority';
import { asFault, Fault } from '#base/fault';
import type { HostPins } from '#enrolment';
import type { AuthorityState } from '#execution';
import type { Known } from './enrolment-records.ts';

export const LIFE_SECONDS = 86_400;
export const SHOWN_SECONDS = 3_600;

export type Signed = { readonly order: string; readonly signatures: readonly string[] };
export type Counted = {
  /** One for each operator. */
  readonly signatures: readonly string[];
  readonly signedBy: readonly string[];
  readonly missing: number;
};

type May = Pick<AuthorityState, 'signers' | 'revocations' | 'hostPolicy'>;

/** Who signed so far; what does not hold any more counts for nothing. */
export function signersOf(
  { order, signatures }: Signed,
  state: May,
  now: number,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const armored of signatures) {
    try {
      found.set(verifySignature({ ...question(order, state, now), armored }).operator, armored);
    } catch {
      // Its key was revoked, or its certificate is over.
    }
  }
  return found;
}

/** With those kept from others; throws for a signature that does not hold or has too little behind it. */
export function counted(
  { order, signatures: given }: Signed,
  kept: ReadonlyMap<string, string>,
  state: May,
  now: number,
): Counted {
  const asked = question(order, state, now);
  const all = new Map(kept);
  for (const armored of given) all.set(verifySignature({ ...asked, armored }).operator, armored);
  const [signatures, signedBy] = [[...all.values()], [...all.keys()]];
  try {
    checkQuorum({ ...asked, armored: signatures, rule: 'config', quorum: 1 });
    return { signatures, signedBy, missing: 0 };
  } catch (thrown) {
    if (asFault(thrown).code !== 'quorum-not-met') throw thrown;
    return { signatures, signedBy, missing: state.hostPolicy.rules.config.quorum - all.size };
  }
}

function question(text: string, { signers, revocations, hostPolicy }: May, at: number) {
  const namespace = NAMESPACES.enrolment;
  return { text, namespace, signers, revocations, policy: hostPolicy, at };
}

/** The pending pins behind each host of a record. */
export function hostsOf(order: string, pending: Known): readonly HostPins[] {
  const names = order
    .split('\n')
    .flatMap((line) => (line.startsWith('host ') ? [line.slice(5)] : []));
  return names.map((name) => {
    const target = name.replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    const pins = pending.get(Buffer.from(target, 'latin1').toString('utf8'));
    if (pins === undefined) throw moved('a host in the record does not wait for a signature');
    return pins;
  });
}

/** Throws where this is not what may come after what is known of the target and of the host. */
export function mayFollow(known: Known, pins: HostPins): void {
  const before = known.get(pins.target);
  const other = [...known.values()].find(
    ({ hostId, target, capability }) =>
      hostId === pins.hostId && target !== pins.target && capability !== 'none',
  );
  if (other !== undefined) {
    throw new Fault(
      'conflict',
      'enrolled-elsewhere',
      `this host is enrolled under another name: ${other.target}. Unenrol that one first`,
    );
  }
  if (before === undefined) return;
  const isNext =
    pins.capability === 'none'
      ? pins.epoch === before.epoch && pins.hostId === before.hostId
      : pins.epoch > before.epoch;
  if (!isNext) {
    throw new Fault(
      'conflict',
      'older-epoch',
      `the epoch of the host is not greater than the last one: ${pins.target}, ${pins.epoch} after ${before.epoch}. Enrol it with --again`,
    );
  }
}

export function moved(why: string): Fault {
  return new Fault(
    'conflict',
    'enrolment-moved',
    `${why}: prepare it again with holdfast enroll --sign`,
  );
}
