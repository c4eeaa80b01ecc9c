/**
 * A bundle as text in, its statement out: exactly the members that docs/bundle.md has, nothing more.
 * `undefined` for anything else; never throws.
 */
import { canonicalJson, type Json, type JsonObject, parseJson } from '#base/json';
import type { DsseEnvelope } from '../dsse.ts';
import {
  type BundlePredicate,
  type BundleStatement,
  PAYLOAD_TYPE,
  PREDICATE_TYPE,
  STATEMENT_TYPE,
} from './parts.ts';

export const BUNDLE_BYTES_MOST = 64 * 1024 * 1024;

class Malformed extends Error {}

type Shape = (value: Json | undefined) => void;

const text: Shape = (value) => hold(typeof value === 'string');
/** In its one form: padding and unused bits as they must be. */
const base64: Shape = (value) => {
  hold(typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value);
};
const flag: Shape = (value) => hold(typeof value === 'boolean');
const count: Shape = (value) => hold(Number.isSafeInteger(value) && (value as number) >= 0);
const anyObject: Shape = (value) => hold(isObject(value));
const constant =
  (wanted: string): Shape =>
  (value) =>
    hold(value === wanted);
const orNull =
  (shape: Shape): Shape =>
  (value) => {
    if (value !== null) shape(value);
  };
const list =
  (shape: Shape): Shape =>
  (value) => {
    hold(Array.isArray(value));
    for (const item of value as readonly Json[]) shape(item);
  };
const object =
  (members: Readonly<Record<string, Shape>>): Shape =>
  (value) => {
    hold(isObject(value));
    const keys = Object.keys(value as JsonObject);
    hold(keys.length === Object.keys(members).length);
    for (const [name, shape] of Object.entries(members)) {
      hold(Object.hasOwn(value as JsonObject, name));
      shape((value as JsonObject)[name]);
    }
  };

const signatures = list(
  object({ operator: text, assurance: text, at: text, armored: text, key: text }),
);
const signedText = object({ text, signatures });
const ENVELOPE = object({
  payloadType: constant(PAYLOAD_TYPE),
  payload: base64,
  signatures: list(object({ keyid: text, sig: base64 })),
});
const STATEMENT = object({
  _type: constant(STATEMENT_TYPE),
  subject: list(object({ name: text, digest: object({ sha256: text }) })),
  predicateType: constant(PREDICATE_TYPE),
  predicate: object({
    plan: anyObject,
    state: text,
    orders: list(object({ text, signatures, parts: list(text), standing: orNull(signedText) })),
    receipts: list(object({ target: text, text, armored: text, key: text })),
    verification: list(object({ says: text, held: flag })),
    config: list(signedText),
    signers: text,
    outputs: list(object({ sha256: text, length: count, media: text, sealed: flag })),
    events: list(object({ record: text, seq: count, proof: list(base64) })),
    checkpoint: text,
    timestamps: list(object({ of: text, token: base64 })),
  }),
});

export type ReadBundle = {
  readonly envelope: DsseEnvelope;
  readonly payload: Buffer;
  readonly statement: BundleStatement;
};

export function readBundle(bundle: string): ReadBundle | undefined {
  try {
    hold(bundle.length <= BUNDLE_BYTES_MOST);
    const envelope = parseJson(bundle, 'the bundle');
    ENVELOPE(envelope);
    const dsse = envelope as unknown as DsseEnvelope;
    const payload = Buffer.from(dsse.payload, 'base64');
    const inside = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
    const statement = parseJson(inside, 'the statement');
    STATEMENT(statement);
    hold(canonicalJson(statement) === inside);
    const { subject, predicate } = statement as unknown as {
      subject: readonly { name: string; digest: { sha256: string } }[];
      predicate: BundlePredicate;
    };
    const [only, second] = subject;
    if (only === undefined || second !== undefined) return undefined;
    return {
      envelope: dsse,
      payload,
      statement: { change: only.name, digest: only.digest.sha256, predicate },
    };
  } catch {
    // Malformed, not JSON, not UTF-8, nested too deeply: all the same answer.
    return undefined;
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hold(holds: boolean): void {
  if (!holds) throw new Malformed();
}
