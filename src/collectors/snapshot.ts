/**
 * A round over a snapshot: the same collectors as on this machine, each on what the host's script saw,
 * joined with what root's helper told. A kind of which anything was refused is partial, whatever the
 * collector made of it, and what is only known to be unknown is left out, so that it retires nothing.
 */
import { asFault } from '#base/fault';
import type { Json } from '#base/json';
import type { Clock } from '#base/ports';
import { keyOf, kindOf, SSH_SOURCE } from '#model';
import type { Collector, Look, LookFact, LookSession, LookShortfall } from './look-session.ts';
import { type Observed, observe } from './observe.ts';
import { snapshotFiles, snapshotPrograms } from './snapshot-machine.ts';
import { type Part, parseSnapshot, type Snapshot } from './snapshot-parse.ts';

export type ObserveSnapshotRequest = {
  readonly target: string;
  /** What `snapshot` of the reader answered, or what the script printed over the operator's own ssh. */
  readonly bytes: Uint8Array;
  readonly collectors: readonly Collector[];
  readonly clock: Clock;
  readonly signal?: AbortSignal;
};

/** One result per collector, in their order. Throws `snapshot-malformed`; a snapshot that was cut is all partial. */
export async function observeSnapshot(
  request: ObserveSnapshotRequest,
): Promise<readonly Observed[]> {
  const { bytes, collectors, ...rest } = request;
  const snapshot = parseSnapshot(bytes);
  const { clock } = request;
  const machine = { files: snapshotFiles(snapshot), programs: snapshotPrograms(snapshot), clock };
  return await observe({
    ...rest,
    machine,
    collectors: collectors.map((collector) => overSnapshot(collector, snapshot)),
    source: SSH_SOURCE,
    parallel: 1,
  });
}

/** Kinds that suffer when a collector was refused something; all of its kinds where it is not here. */
const SUFFERS: Readonly<Record<string, readonly string[]>> = { accounts: ['user'] };

function overSnapshot(collector: Collector, snapshot: Snapshot): Collector {
  return {
    ...collector,
    look: async (session) => {
      const refused = new Map<string, string>();
      const look = await lookOrShort(collector, {
        ...session,
        files: withRefusals(session.files, refused),
      });
      return joined(collector, look, snapshot, session, refused);
    },
  };
}

/** What root told still counts where the collector itself could not go on. */
async function lookOrShort(collector: Collector, session: LookSession): Promise<Look> {
  try {
    return await collector.look(session);
  } catch (error) {
    if (session.signal.aborted) throw error;
    const code = (error as { code?: unknown } | null)?.code;
    const fault = asFault(error);
    const reason =
      fault.code === 'internal' && typeof code === 'string' ? `failed: ${code}` : fault.message;
    const shortfalls = collector.kinds.map(
      (kind): LookShortfall => ({ kind, status: 'partial', reason: reason.slice(0, 300) }),
    );
    return { facts: [], complete: [], shortfalls };
  }
}

/** Remembers what could not be looked at, also where the collector goes on without it. */
function withRefusals(
  files: LookSession['files'],
  refused: Map<string, string>,
): LookSession['files'] {
  const noting = async <Value>(path: string, act: () => Promise<Value>): Promise<Value> => {
    try {
      return await act();
    } catch (error) {
      const code = (error as { code?: unknown } | null)?.code;
      if (code === 'EACCES' || code === 'snapshot-not-looked') refused.set(path, code);
      throw error;
    }
  };
  return {
    read: (path, maxBytes) => noting(path, () => files.read(path, maxBytes)),
    list: (path) => noting(path, () => files.list(path)),
    stat: (path) => noting(path, () => files.stat(path)),
    readLink: (path) => noting(path, () => files.readLink(path)),
    sha256: (path, maxBytes) => noting(path, () => files.sha256(path, maxBytes)),
  };
}

function joined(
  collector: Collector,
  look: Look,
  snapshot: Snapshot,
  session: LookSession,
  refused: ReadonlyMap<string, string>,
): Look {
  const { reader, root } = snapshot;
  const reasons = new Map(look.shortfalls.map(({ kind, reason }) => [kind, reason]));
  const short = (kind: string, reason: string): void => {
    if (!reasons.has(kind)) reasons.set(kind, reason);
  };
  const whole = (kind: string): boolean => root?.wholes.has(kind) === true;
  const told = facts(root, collector, session);
  const isTold = new Set(told.map(({ entity, attribute }) => `${entity}\0${attribute}`));
  const kept = look.facts.filter((fact) => {
    const kind = kindOf(fact.entity);
    if (whole(kind)) return false;
    if (isTold.size > 0 && isTold.has(`${fact.entity}\0${fact.attribute}`)) return false;
    const unknown = unknownPart(fact, refused);
    if (unknown !== undefined) short(kind, unknown);
    return unknown === undefined;
  });
  const [path, why] = refused.entries().next().value ?? [];
  if (path !== undefined) {
    for (const kind of SUFFERS[collector.name] ?? collector.kinds)
      short(kind, `${plainly(path)}: ${why}`);
  }
  for (const kind of collector.kinds) {
    if (whole(kind)) reasons.delete(kind);
    const missed = reader.shorts.get(kind);
    if (missed !== undefined && !whole(kind)) short(kind, missed);
    // Root saw more than the reader, so its reason is the one to tell.
    const beyond = root?.shorts.get(kind);
    if (beyond !== undefined) reasons.set(kind, beyond);
    if (reader.cut) short(kind, 'the snapshot was cut');
  }
  return {
    facts: [...kept, ...told],
    complete: collector.kinds.filter((kind) => !reasons.has(kind)),
    shortfalls: [...reasons].map(([kind, reason]) => ({ kind, status: 'partial', reason })),
  };
}

/** A path that somebody on the host chose is not told when it could be a sentence. */
function plainly(path: string): string {
  return /^\/[A-Za-z0-9._@+/-]{1,200}$/.test(path) ? path : 'a path of the host';
}

/** Why a fact only says that something is not known, or `undefined`. */
function unknownPart(
  { entity, attribute, value }: LookFact,
  refused: ReadonlyMap<string, string>,
): string | undefined {
  const kind = kindOf(entity);
  if (kind === 'user' && attribute === 'password.state' && value === 'unreadable')
    return 'states of passwords are for root to see';
  if (kind === 'port' && attribute === 'process' && value === null)
    return 'who holds some ports is for root to see';
  if (kind === 'file' && attribute === 'sha256' && value === null && refused.size > 0)
    return 'some contents are for root to see';
  return undefined;
}

/** Attributes that name another entity of the same host, and its kind. */
const EDGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  authorized_key: { user: 'user' },
};

function facts(root: Part | undefined, collector: Collector, session: LookSession): LookFact[] {
  return (root?.facts ?? []).flatMap(({ kind, key, attributes }) => {
    if (!collector.kinds.includes(kind) || kind === keyOf(session.self)) return [];
    const entity = session.entity(kind, key);
    return Object.entries(attributes).map(([attribute, value]) => ({
      entity,
      attribute,
      value: edge(session, EDGES[kind]?.[attribute], value),
    }));
  });
}

function edge(session: LookSession, kind: string | undefined, value: Json): Json {
  return kind !== undefined && typeof value === 'string'
    ? { ref: session.entity(kind, value) }
    : value;
}
