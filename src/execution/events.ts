/**
 * The events of the change road. They name digests, ids, codes and counts; never an unspent
 * envelope, signature or nonce, and never text of a host.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json, type JsonObject } from '#base/json';
import { LIMITS } from '#base/limits';
import type { EventInput, EventLog } from '#evidence';
import type { Decision } from '#model';
import type { ChangeRow } from '#store';
import type { Requester } from './protocol.ts';
import type { Asked } from './record.ts';
import { said } from './view.ts';

export const EVENT_KINDS = [
  'change.proposed',
  'change.previewed',
  'change.decided',
  'change.approved',
  'change.rejected',
  'change.cancelled',
  'change.expired',
  'change.refused',
  'change.intent',
  'change.paused',
  'change.resumed',
  'change.ended',
  'change.receipt',
  'change.verified',
  'change.outcome',
  'change.undone',
  'change.closed',
  'change.stopped',
  'change.lifted',
  'change.cleared',
  'standing.added',
  'standing.revoked',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Who did it: a caller, or the service by itself. */
export type Actor = Pick<
  Requester,
  'principal' | 'onBehalfOf' | 'surface' | 'requestId' | 'traceId'
>;

export const SERVICE: Actor = {
  principal: 'service:holdfast',
  onBehalfOf: null,
  surface: 'service',
  requestId: 'change-road',
  traceId: null,
};

export type EventMore = {
  readonly decision?: Pick<Decision, 'verdict' | 'because'>;
  readonly outcome?: EventInput['outcome'];
  readonly fault?: string | null;
  readonly more?: JsonObject;
};

/** Leaves room for what the log adds. */
const MORE_BYTES = LIMITS.eventBytes / 2;
const TARGETS_BYTES = LIMITS.eventBytes / 4;

export function eventOf(
  kind: EventKind,
  actor: Actor,
  row: Pick<ChangeRow, 'id' | 'targets' | 'digest' | 'rev' | 'state'>,
  asked: Pick<Asked, 'proposal'> | null,
  more: EventMore = {},
): EventInput {
  return {
    ...frame(kind, actor),
    scope: row.targets[0]?.scope ?? 'none',
    arguments: { action: said(asked?.proposal.action ?? '', 200) },
    decision: {
      verdict: more.decision?.verdict ?? 'allow',
      because: more.decision?.because ?? 'change road',
    },
    outcome: more.outcome ?? 'done',
    fault: more.fault ?? null,
    targets: bounded(
      row.targets.map(({ id }) => id),
      TARGETS_BYTES,
    ),
    // With the revision and state that it leaves: `verify` holds the rows to them.
    more: boundedMore({
      ...more.more,
      change: row.id,
      plan: row.digest,
      rev: row.rev,
      state: row.state,
    }),
  };
}

/** An event that is about no change: stops, lifts and standing approvals. */
export function plainEvent(
  kind: EventKind,
  actor: Actor,
  scope: string,
  targets: readonly string[],
  more: JsonObject,
): EventInput {
  return {
    ...frame(kind, actor),
    scope,
    arguments: {},
    decision: { verdict: 'allow', because: 'change road' },
    outcome: 'done',
    fault: null,
    targets: bounded(targets, TARGETS_BYTES),
    more: boundedMore(more),
  };
}

/** Resolves when the event survives a power cut; rejects with `log-unwritable` when it does not. */
export async function record(events: EventLog, event: EventInput): Promise<void> {
  await events.append(event).durable;
}

function frame(
  kind: EventKind,
  actor: Actor,
): Pick<
  EventInput,
  | 'kind'
  | 'operation'
  | 'requestId'
  | 'traceId'
  | 'principal'
  | 'onBehalfOf'
  | 'surface'
  | 'output'
  | 'tainted'
> {
  return {
    kind,
    operation: kind,
    requestId: actor.requestId,
    traceId: actor.traceId,
    principal: actor.principal,
    onBehalfOf: actor.onBehalfOf,
    surface: actor.surface,
    output: null,
    tainted: false,
  };
}

function bounded(all: readonly string[], most: number): readonly string[] {
  const kept: string[] = [];
  let bytes = 0;
  for (const each of all) {
    bytes += Buffer.byteLength(each) + 4;
    if (bytes > most) return [...kept, `and ${all.length - kept.length} more`];
    kept.push(each);
  }
  return kept;
}

/** What is too large goes by its hash; the change itself always stays. */
function boundedMore(more: JsonObject): JsonObject {
  const text = canonicalJson(more);
  if (Buffer.byteLength(text) <= MORE_BYTES) return more;
  const out: Record<string, Json> = {};
  for (const [name, value] of Object.entries(more)) {
    const each = canonicalJson(value);
    out[name] =
      Buffer.byteLength(each) <= 512
        ? value
        : { sha256: sha256(each), length: Buffer.byteLength(each) };
  }
  return out;
}
