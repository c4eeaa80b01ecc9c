/** The events that the log writes about itself, and the statement that hands over its key. */
import { sign } from 'node:crypto';
import { canonicalJson, type JsonObject } from '#base/json';
import type { LogKey } from './log-key.ts';
import type { EventInput, EventRecord } from './protocol.ts';

export type OwnKind =
  | 'log.opened'
  | 'log.recovered'
  | 'log.checkpoint'
  | 'log.key'
  | 'log.restored'
  | 'service.started';

export function ownEvent(kind: OwnKind, more: JsonObject): EventInput {
  return {
    kind,
    requestId: '',
    traceId: null,
    scope: '*',
    principal: 'service:holdfast',
    onBehalfOf: null,
    surface: 'service',
    operation: kind,
    arguments: {},
    decision: { verdict: 'allow', because: 'the log keeps its own record' },
    outcome: 'done',
    fault: null,
    targets: [],
    output: null,
    tainted: false,
    more,
  };
}

/** What both keys sign when one takes over from the other. */
export function keyStatementText(epoch: string, from: string, to: string): string {
  return canonicalJson({ statement: 'holdfast log key v1', epoch, from, to });
}

export function keyStatement(epoch: string, from: LogKey, to: LogKey): JsonObject {
  const text = Buffer.from(keyStatementText(epoch, from.verifier.vkey, to.verifier.vkey));
  return {
    from: from.verifier.vkey,
    to: to.verifier.vkey,
    signedFrom: sign(undefined, text, from.privateKey).toString('base64'),
    signedTo: sign(undefined, text, to.privateKey).toString('base64'),
  };
}

/** A text that an event of the log carries; `''` when it carries none by that name. */
export function textOf(event: EventRecord, name: string): string {
  const value = event.more?.[name];
  return typeof value === 'string' ? value : '';
}
