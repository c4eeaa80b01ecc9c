/** Enrolment as the command line goes about it: look at all, show, do all, and hand each host to the service. */
import { asFault, Fault } from '#base/fault';
import {
  type HostPins,
  type HostPlan,
  type Listed,
  OFFERED_GROUPS,
  type Payload,
  type Probe,
  parseNewHost,
  parseProbe,
  pinsOf,
  planHost,
  type ReaderGroup,
  scriptFor,
  type TransportKeys,
} from '#enrolment';
import type { Desk } from './desk.ts';
import type { HostDoor, HostMaterial } from './operator-ssh.ts';

/** The answer of `enrolment_start`. */
export type Start = {
  readonly organisation: string;
  readonly controlPlane: string;
  readonly keys: TransportKeys;
  readonly next: TransportKeys | null;
  readonly hosts: readonly StartHost[];
};
export type StartHost = {
  readonly target: string;
  readonly address: string;
  readonly via: readonly string[];
  readonly state: 'new' | 'pending' | 'enrolled';
  readonly epoch: number;
  readonly capability: string | null;
  readonly version: string | null;
  readonly hostId: string | null;
  /** `host:port` of those that are reached through it. */
  readonly opens: readonly string[];
};

export type Wanted = {
  readonly alias: string | null;
  readonly config: string | null;
  readonly isBatch: boolean;
  readonly again: boolean;
  readonly readerOnly: boolean;
  readonly groups: readonly ReaderGroup[];
  /** At once. */
  readonly width: number;
};

/** One host on its way. */
export type Way = {
  readonly target: string;
  readonly start: StartHost;
  readonly door: HostDoor;
  readonly probe?: Probe;
  readonly plan?: HostPlan;
  readonly pins?: HostPins;
  readonly fault?: Fault;
  readonly ms: number;
};

/** How the operator's ssh is told of a target: by the alias given, else by its address. */
export function doorOf(start: StartHost, wanted: Wanted, listed: Listed | undefined): HostDoor {
  const base = { config: wanted.config, isBatch: wanted.isBatch, withSudo: false };
  const alias = wanted.alias ?? listed?.alias ?? null;
  if (alias !== null) return { ...base, host: alias, port: null, jump: [] };
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]+(?::[^:]*:.*)?))(?::([0-9]{1,5}))?$/.exec(start.address) ?? [];
  const host = bracketed ?? plain ?? start.address;
  const user = listed?.user ?? null;
  return {
    ...base,
    host: user === null ? host : `${user}@${host}`,
    port: port === undefined ? (listed?.port ?? null) : Number(port),
    jump: start.via,
  };
}

/** Looks at a host; changes nothing there. */
export async function probeHost(
  desk: Desk,
  way: Way,
  wanted: Wanted,
  material: HostMaterial,
  organisation: string,
): Promise<Way> {
  const began = performance.now();
  const send = async (door: HostDoor): Promise<Probe> =>
    parseProbe(await desk.commands.ssh.send(door, scriptFor(material.script, { verb: 'probe' })));
  try {
    let { door } = way;
    const asked = desk.io.now();
    let probe = await send(door);
    if (probe.root === 'sudo') {
      door = { ...door, withSudo: true };
      probe = { ...(await send(door)) };
    }
    const spent = Math.round((desk.io.now() - asked) / 2);
    const plan = planHost(probe, {
      readerOnly: wanted.readerOnly,
      groups: wanted.groups,
      again: wanted.again,
      organisation,
      version: material.version,
      opens: way.start.opens,
      now: Math.floor((asked + spent) / 1_000_000),
    });
    return { ...way, door, probe, plan, ms: performance.now() - began };
  } catch (thrown) {
    return { ...way, fault: asFault(thrown), ms: performance.now() - began };
  }
}

/** Makes it a host, as its plan says, and hands what it says of itself to the service. */
export async function installHost(
  desk: Desk,
  way: Way,
  again: boolean,
  start: Start,
  material: HostMaterial,
  hand: (pins: HostPins) => Promise<void>,
): Promise<Way> {
  const { plan, door } = way;
  if (way.fault !== undefined || plan === undefined) return way;
  if (plan.problems.length > 0) {
    const says = plan.problems.join('; ');
    return {
      ...way,
      fault: new Fault(
        'refused',
        'cannot-enrol',
        `${way.target} is not ready to be enrolled: ${says}. Mend that and run it again`,
      ),
    };
  }
  const began = performance.now();
  const payload: Payload = {
    verb: 'install',
    organisation: start.organisation,
    controlPlane: start.controlPlane,
    keys: start.keys,
    version: material.version,
    epoch: way.start.epoch,
    again,
    runnerBy: plan.runnerBy,
    groups: plan.groups,
    opens: way.start.opens,
    files: await material.files(),
  };
  try {
    const host = parseNewHost(
      await desk.commands.ssh.send(door, scriptFor(material.script, payload)),
    );
    if (
      host.organisation !== start.organisation ||
      host.version !== material.version ||
      host.epoch < way.start.epoch
    ) {
      throw new Fault(
        'refused',
        'other-answer',
        `the host answers for something else than it was asked: ${way.target}. Look at it before you try again`,
      );
    }
    const pins = pinsOf(way.target, host);
    await hand(pins);
    return { ...way, pins, ms: way.ms + performance.now() - began };
  } catch (thrown) {
    return { ...way, fault: asFault(thrown), ms: way.ms + performance.now() - began };
  }
}

/** In the order given, at most `width` at once. `work` never throws. */
export async function inTurns<In, Out>(
  items: readonly In[],
  width: number,
  work: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const out: Out[] = [];
  let next = 0;
  const one = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) out[at] = await work(items[at] as In);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(width, items.length)) }, one));
  return out;
}

/** Those of the groups that were asked for. */
export function groupsOf(given: unknown): readonly ReaderGroup[] {
  if (!Array.isArray(given)) return OFFERED_GROUPS;
  const words = given as readonly string[];
  const unknown = words.find(
    (word) => word !== 'none' && !OFFERED_GROUPS.some((group) => group === word),
  );
  if (unknown !== undefined) {
    throw new Fault(
      'invalid',
      'invalid-input',
      `not a group that the reader may be put in: ${unknown.slice(0, 80)}. Take adm, systemd-journal, or none`,
    );
  }
  return OFFERED_GROUPS.filter((group) => words.includes(group));
}

/** As `ssh-keygen -l` writes it, for eyes. */
export function fingerprintsOf(
  keys: readonly string[],
  hash: (blob: Uint8Array) => string,
): readonly string[] {
  return keys.map((line) => {
    const [type = '', blob = ''] = line.split(' ');
    const base64 = Buffer.from(hash(Buffer.from(blob, 'base64')), 'hex').toString('base64');
    return `SHA256:${base64.replace(/=+$/, '')} ${type}`;
  });
}

export type Row = {
  readonly target: string;
  readonly state: string;
  readonly capability: string | null;
  readonly code: string | null;
  readonly says: string;
  readonly ms: number;
};

export function rowOf(way: Way, done: boolean): Row {
  const { fault, plan, pins, start } = way;
  return {
    target: way.target,
    state:
      fault !== undefined
        ? 'failed'
        : pins !== undefined
          ? done
            ? 'enrolled'
            : 'pending'
          : start.state,
    capability: plan?.capability ?? start.capability,
    code: fault?.code ?? null,
    says: fault?.message ?? plan?.notes.join('; ') ?? '',
    ms: Math.round(way.ms),
  };
}
