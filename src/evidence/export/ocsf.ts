/**
 * Events as OCSF 1.3 records, one JSON line each (docs/operate/export.md has the mapping).
 *
 * Three classes: API Activity (6003) for what a caller asked, Entity Management (3004) for changes to
 * a target, Application Lifecycle (6002) for what the program did by itself. Whatever has no place there
 * stands under `unmapped`, so that nothing of an event is lost.
 */
import { type Json, type JsonObject } from '#base/json';
import { tryParseInstant } from '#base/time';
import type { EventRecord } from '../protocol.ts';

const OCSF_VERSION = '1.3.0';
const PRODUCT = { name: 'Holdfast', vendor_name: 'Holdfast' };

type Mapping = {
  readonly category: number;
  readonly categoryName: string;
  readonly type: number;
  readonly typeName: string;
  readonly activity: number;
  readonly activityName: string;
};

/** One line, without its line feed. JSON escapes every control character below 0x20; the others are escaped here. */
export function toOcsfLine(event: EventRecord): string {
  return JSON.stringify(toOcsf(event)).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function toOcsf(event: EventRecord): JsonObject {
  const mapping = mappingOf(event);
  const time = tryParseInstant(event.time);
  return {
    metadata: {
      version: OCSF_VERSION,
      product: PRODUCT,
      uid: String(event.seq),
      sequence: event.seq,
      log_name: 'events',
      original_time: event.time,
      ...(event.traceId === null ? {} : { correlation_uid: event.traceId }),
    },
    category_uid: mapping.category,
    category_name: mapping.categoryName,
    class_uid: mapping.type,
    class_name: mapping.typeName,
    activity_id: mapping.activity,
    activity_name: mapping.activityName,
    type_uid: mapping.type * 100 + mapping.activity,
    type_name: `${mapping.typeName}: ${mapping.activityName}`,
    time: time === undefined ? 0 : Math.floor(time / 1000),
    ...severityOf(event),
    ...statusOf(event),
    message: `${event.operation} ${event.outcome}`,
    actor: actorOf(event),
    ...partsOf(event, mapping.type),
    unmapped: unmappedOf(event),
  };
}

const API = {
  category: 6,
  categoryName: 'Application Activity',
  type: 6003,
  typeName: 'API Activity',
};
const LIFECYCLE = {
  category: 6,
  categoryName: 'Application Activity',
  type: 6002,
  typeName: 'Application Lifecycle',
};
const ENTITY = {
  category: 3,
  categoryName: 'Identity & Access Management',
  type: 3004,
  typeName: 'Entity Management',
};

function mappingOf({ kind, operation }: EventRecord): Mapping {
  if (kind === 'service.started') return { ...LIFECYCLE, activity: 3, activityName: 'Start' };
  if (kind === 'service.stopped') return { ...LIFECYCLE, activity: 4, activityName: 'Stop' };
  if (kind.startsWith('log.') || kind.startsWith('service.') || kind.startsWith('collect.')) {
    return { ...LIFECYCLE, activity: 99, activityName: 'Other' };
  }
  if (kind.startsWith('change.')) return { ...ENTITY, activity: 3, activityName: 'Update' };
  if (/^(query|find|get|list|show|fact_|drift_|describe|incidents|verify)/.test(operation)) {
    return { ...API, activity: 2, activityName: 'Read' };
  }
  return { ...API, activity: 99, activityName: 'Other' };
}

/** 1 informational, 3 medium for what was refused, 4 high for what failed. */
function severityOf({ outcome }: EventRecord): JsonObject {
  switch (outcome) {
    case 'done':
    case 'started':
      return { severity_id: 1, severity: 'Informational' };
    case 'refused':
      return { severity_id: 3, severity: 'Medium' };
    case 'failed':
      return { severity_id: 4, severity: 'High' };
  }
}

function statusOf({ outcome, fault, decision }: EventRecord): JsonObject {
  const more = { status_code: fault ?? decision.verdict, status_detail: decision.because };
  switch (outcome) {
    case 'done':
      return { status_id: 1, status: 'Success', ...more };
    case 'started':
      return { status_id: 99, status: 'Started', ...more };
    case 'refused':
    case 'failed':
      return { status_id: 2, status: 'Failure', ...more };
  }
}

function actorOf({ principal, onBehalfOf }: EventRecord): JsonObject {
  const kind = principal.startsWith('service:') ? 3 : 1;
  return {
    user: {
      name: onBehalfOf ?? principal,
      uid: principal,
      type_id: kind,
      type: kind === 3 ? 'System' : 'User',
    },
    app_name: principal,
  };
}

function partsOf(event: EventRecord, type: number): JsonObject {
  const resources = event.targets.map((uid) => ({ uid, type: 'target' }));
  switch (type) {
    case 6003:
      return {
        api: {
          operation: event.operation,
          service: { name: 'holdfast' },
          request: { uid: event.requestId },
          response: event.fault === null ? {} : { error: event.fault },
        },
        src_endpoint: { name: event.surface },
        resources,
      };
    case 3004:
      return {
        entity: { uid: event.targets[0] ?? '*', type: 'target', name: event.targets.join(' ') },
        resources,
      };
    default:
      return { app: PRODUCT, resources };
  }
}

/** Everything, under our own names: the record can be put together again and held against the log. */
function unmappedOf(event: EventRecord): JsonObject {
  const { kind, scope, surface, decision, outcome, output, tainted, prev, more, v } = event;
  const rest = { kind, scope, surface, decision, outcome, output, tainted, prev, v };
  return {
    ...(rest as unknown as JsonObject),
    arguments: event.arguments as Json,
    ...(more === undefined ? {} : { more }),
  };
}
