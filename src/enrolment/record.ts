/** What is kept of a host, and the record that an operator signs over any number of them (docs/host-contract.md). */
import {
  type EnrolledHost,
  type EnrolmentDocument,
  enrolmentDocument,
  HOST_CAPABILITIES,
  type HostCapability,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { JsonObject } from '#base/json';
import type { NewHost } from './answer.ts';
import type { RunnerBy } from './payload.ts';

/** Everything that is pinned of a host, and what it was when it was enrolled. */
export type HostPins = {
  readonly target: string;
  readonly organisation: string;
  readonly hostId: string;
  readonly epoch: number;
  readonly receiptKey: string;
  /** `<type> <base64>`, ascending. */
  readonly hostKeys: readonly string[];
  readonly capability: HostCapability;
  /** `root`: the runner enters as root, for want of sudo. */
  readonly runnerBy: RunnerBy;
  readonly version: string;
  readonly server: string;
  readonly client: string;
};

/** What it can check, by its own word: never more than it was asked to be. */
export function pinsOf(target: string, host: NewHost): HostPins {
  const { time: _, sshsig, ...kept } = host;
  return { target, capability: capabilityOf(host.runnerBy, sshsig), ...kept };
}

function capabilityOf(runnerBy: NewHost['runnerBy'], sshsig: NewHost['sshsig']): HostCapability {
  if (runnerBy === 'none' || sshsig === 'none') return 'reader-only';
  return sshsig === 'passkeys' ? 'full' : 'key-only';
}

export function hostKeysHash(hostKeys: readonly string[]): string {
  return sha256(
    hostKeys
      .toSorted()
      .map((key) => `${key}\n`)
      .join(''),
  );
}

export function enrolledHost(pins: HostPins): EnrolledHost {
  const { target, hostId, epoch, receiptKey, hostKeys, capability } = pins;
  return {
    target,
    hostId,
    epoch,
    hostKeys: hostKeysHash(hostKeys),
    receiptKey: sha256(`${receiptKey}\n`),
    capability,
  };
}

export function enrolmentRecord(
  organisation: string,
  issued: number,
  hosts: readonly HostPins[],
): string {
  const document: EnrolmentDocument = { organisation, issued, hosts: hosts.map(enrolledHost) };
  return enrolmentDocument.format(document);
}

/** Throws `enrolment-broken` unless these pins are exactly what the record was signed over. */
export function mustFit(record: string, hosts: readonly HostPins[]): EnrolmentDocument {
  const document = enrolmentDocument.parse(record);
  const same = enrolmentRecord(document.organisation, document.issued, hosts) === record;
  const names = new Set(hosts.map(({ target }) => target));
  const ids = new Set(hosts.map(({ hostId }) => hostId));
  const isOne =
    names.size === hosts.length &&
    ids.size === hosts.length &&
    hosts.every(({ organisation }) => organisation === document.organisation);
  if (same && isOne) return document;
  throw broken('its hosts are not those that were signed');
}

/** Reads pins back from a file or an answer; throws `enrolment-broken`. */
export function parsePins(value: unknown): HostPins {
  const from = (typeof value === 'object' && value !== null ? value : {}) as JsonObject;
  const text = (name: string, pattern: RegExp): string => {
    const found = from[name];
    return typeof found === 'string' && pattern.test(found) ? found : fail(name);
  };
  const keys = from['hostKeys'];
  const epoch = from['epoch'];
  const capability = HOST_CAPABILITIES.find((each) => each === from['capability']);
  if (
    !Array.isArray(keys) ||
    keys.length < 1 ||
    keys.length > 8 ||
    !keys.every((key) => typeof key === 'string' && KEY.test(key))
  )
    fail('hostKeys');
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 1) fail('epoch');
  return {
    target: text('target', /^[^\p{C}]{1,128}$/u),
    organisation: text('organisation', TOKEN),
    hostId: text('hostId', /^[0-9a-f]{32}$/),
    epoch: epoch as number,
    receiptKey: text('receiptKey', KEY),
    hostKeys: (keys as string[]).toSorted(),
    capability: capability ?? fail('capability'),
    runnerBy: RUNNERS.find((each) => each === from['runnerBy']) ?? fail('runnerBy'),
    version: text('version', TOKEN),
    server: text('server', PLAIN),
    client: text('client', PLAIN),
  };
}

const RUNNERS: readonly RunnerBy[] = ['sudo', 'root', 'none'];
const TOKEN = /^(?!-)[A-Za-z0-9._:@/-]{1,128}$/;
const KEY = /^[a-z0-9-]{4,32} [A-Za-z0-9+/]{40,2000}={0,2}$/;
const PLAIN = /^[\x20-\x7e]{0,400}$/;

function fail(name: string): never {
  throw broken(`${name} is not what it must be`);
}

function broken(why: string): Fault {
  return new Fault(
    'broken',
    'enrolment-broken',
    `the enrolment of a host does not hold: ${why}. Put back the file of a backup, or enrol the host again`,
  );
}
