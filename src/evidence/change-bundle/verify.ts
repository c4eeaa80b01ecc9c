/**
 * The bundle of one change, held to everything docs/bundle.md asks. Pure: text and pins in, a report out.
 *
 * It trusts what the auditor names and nothing inside. The standalone verifier is the second
 * implementation; a differential test holds the two together.
 */
import { sha256 } from '#base/digest';
import { canonicalJson, type Json } from '#base/json';
import type { Plan } from '#model';
import { isEnvelopeBy } from '../dsse.ts';
import { decodeEvent } from '../event-form.ts';
import {
  isSignedBy,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  type VerifierKey,
} from '../note.ts';
import type { EventRecord } from '../protocol.ts';
import { verifyToken } from '../timestamp/verify-token.ts';
import { leafHash, toHex, verifyInclusion } from '../tree.ts';
import { claimsCosignature, cosignedAt, parseWitnessKey } from '../witness/cosignature.ts';
import { BundleFindings, type BundleReport } from './findings.ts';
import { OrderCheck } from './orders.ts';
import type { BundlePredicate } from './parts.ts';
import { readBundle } from './read.ts';
import { readOperators } from './signatures.ts';

/** What the auditor knows from elsewhere. */
export type BundlePins = {
  /** Verifier keys of the log. */
  readonly logKeys: readonly string[];
  /** An allowed_signers file. */
  readonly operators?: string | undefined;
  readonly controlPlane?: string | undefined;
  readonly hosts?: ReadonlyMap<string, string> | undefined;
  readonly witnesses?: readonly string[] | undefined;
  /** PEM. */
  readonly timestamp?: string | undefined;
};

/** States of a change that ran to an end. */
const ENDED = new Set(['confirmed', 'failed', 'ambiguous', 'closed', 'rolled-back']);

export function verifyBundle(bundle: string, pins: BundlePins): BundleReport {
  const findings = new BundleFindings();
  const read = readBundle(bundle);
  if (read === undefined) {
    findings.problem('not-a-bundle', 'it is not the bundle of a change');
    return findings.report(null);
  }
  const { change, digest, predicate } = read.statement;
  const logKeys = pins.logKeys.flatMap((vkey) => parseVerifierKey(vkey) ?? []);
  if (logKeys.length === 0) findings.ask('log-key', 'who made it: no key of the log given');
  else if (!logKeys.some((key) => isEnvelopeBy(read.envelope, read.payload, key))) {
    findings.problem('bundle-signature', 'it is not signed by a pinned key of the log');
  }
  const { plan } = predicate;
  if (!isPlan(plan)) findings.problem('not-a-bundle', 'the plan is not one');
  else {
    if (sha256(canonicalJson(plan)) !== digest || plan['change'] !== change) {
      findings.problem('plan-digest', 'the plan is not the one that it names');
    }
    const operators =
      pins.operators === undefined
        ? undefined
        : findings.try('signer-unknown', 'the list of operators', () =>
            readOperators(pins.operators ?? ''),
          );
    if (pins.operators !== undefined && pins.operators !== predicate.signers) {
      findings.notes.push('the signers file inside is not the list of operators given');
    }
    const { controlPlane, hosts = new Map<string, string>() } = pins;
    const order = new OrderCheck(
      plan as unknown as Plan,
      digest,
      { operators, controlPlane, hosts },
      findings,
    );
    order.run(predicate);
  }
  checkEvents(predicate, read.statement, logKeys, pins, findings);
  return findings.report(change);
}

/** As far as the checks rely on it; its digest binds the rest. */
function isPlan(plan: BundlePredicate['plan']): boolean {
  const { inForce, targets, steps, organisation, change, tier } = plan as Record<string, Json>;
  const isList = (value: Json | undefined): value is readonly Record<string, Json>[] =>
    Array.isArray(value) &&
    value.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one));
  const texts = (of: Record<string, Json>, ...names: readonly string[]): boolean =>
    names.every((name) => typeof of[name] === 'string');
  if (typeof inForce !== 'object' || inForce === null || Array.isArray(inForce)) return false;
  if (
    !texts(
      { organisation: organisation ?? null, change: change ?? null, tier: tier ?? null },
      'organisation',
      'change',
      'tier',
    )
  )
    return false;
  if (!texts(inForce as Record<string, Json>, 'inventory', 'policy', 'catalogue', 'baselines'))
    return false;
  if (!isList(targets) || !targets.every((one) => texts(one, 'id', 'hostId'))) return false;
  const ids = targets.map(({ id }) => id as string);
  if ('rollout' in plan && !isRollout((plan as Record<string, Json>)['rollout'], ids)) return false;
  return (
    isList(steps) &&
    steps.every(
      (one) =>
        texts(one, 'target', 'direction', 'action', 'runAs') &&
        Array.isArray(one['argv']) &&
        one['argv'].every((arg) => typeof arg === 'string' || isFileArg(arg)) &&
        (one['stdin'] === null || typeof one['stdin'] === 'string') &&
        isList(one['files']) &&
        one['files'].every((file) => texts(file, 'path', 'sha256')) &&
        isList(one['conditions']) &&
        one['conditions'].every((each) => texts(each, 'kind', 'path')) &&
        typeof one['atomic'] === 'boolean' &&
        ['step', 'of', 'timeoutSeconds'].every((name) => Number.isSafeInteger(one[name])),
    )
  );
}

/** Batches that hold each target once. */
function isRollout(rollout: Json | undefined, targets: readonly string[]): boolean {
  const { batches, waitSeconds, maxFailures } = (rollout ?? {}) as Record<string, Json>;
  if (!Array.isArray(batches) || !batches.every((each) => Array.isArray(each) && each.length > 0))
    return false;
  const ids = batches.flat();
  return (
    Number.isSafeInteger(waitSeconds) &&
    Number.isSafeInteger(maxFailures) &&
    ids.length === targets.length &&
    new Set(ids).size === ids.length &&
    ids.every((id) => typeof id === 'string' && targets.includes(id))
  );
}

function isFileArg(arg: Json | undefined): boolean {
  return (
    typeof arg === 'object' &&
    arg !== null &&
    Number.isSafeInteger((arg as { file?: unknown }).file)
  );
}

function checkEvents(
  predicate: BundlePredicate,
  { change, digest }: { readonly change: string; readonly digest: string },
  logKeys: readonly VerifierKey[],
  pins: BundlePins,
  findings: BundleFindings,
): void {
  const note = parseNote(predicate.checkpoint);
  const checkpoint = note === undefined ? undefined : parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) {
    findings.problem('checkpoint-unreadable', 'it is not a signed checkpoint');
    return;
  }
  if (
    logKeys.length > 0 &&
    !logKeys.some((key) => key.name === checkpoint.origin && isSignedBy(note, key))
  ) {
    findings.problem('checkpoint-signature', 'it is not signed by a pinned key of the log');
  }
  const witnesses = (pins.witnesses ?? []).flatMap((vkey) => parseWitnessKey(vkey) ?? []);
  if (note.signatures.length > 1 && witnesses.length === 0) {
    findings.ask('witness', 'whether the cosignatures hold: no key of a witness given');
  }
  for (const witness of witnesses.filter((key) => claimsCosignature(note, key))) {
    if (cosignedAt(note, witness) === undefined)
      findings.problem('cosignature-wrong', witness.name);
  }
  const imprint = sha256(note.text);
  for (const { of, token } of predicate.timestamps) {
    if (pins.timestamp === undefined) {
      findings.ask('timestamp-authority', 'whether the timestamps hold: no certificate given');
      continue;
    }
    const expected = { sha256: Buffer.from(imprint, 'hex'), pinned: pins.timestamp };
    const check = verifyToken(Buffer.from(token, 'base64'), expected);
    if (of !== imprint) findings.problem('timestamp-wrong', 'a token is of another checkpoint');
    else if (!check.holds) findings.problem('timestamp-wrong', check.says);
  }
  const events: EventRecord[] = [];
  for (const { record, seq, proof } of predicate.events) {
    const hashes = proof.map((base64) => Buffer.from(base64, 'base64').toString('hex'));
    const event = decodeEvent(Buffer.from(record));
    const claim = { leaf: toHex(leafHash(record)), seq, proof: hashes, ...checkpoint };
    if (event?.seq !== seq || !verifyInclusion(claim)) {
      findings.problem('event-proof', `record ${seq} is not in the checkpoint's tree`);
    } else if (event.more?.['change'] === change && event.more['plan'] === digest) {
      events.push(event);
    } else if (event.kind.startsWith('change.')) {
      findings.problem('event-missing', `record ${seq} is of another change or plan`);
    }
  }
  checkStory(events, predicate, findings);
}

function checkStory(
  all: readonly EventRecord[],
  { state, plan }: Pick<BundlePredicate, 'state' | 'plan'>,
  findings: BundleFindings,
): void {
  const events = all
    .filter(({ kind }) => kind === 'change.intent' || kind === 'change.outcome')
    .toSorted((a, b) => a.seq - b.seq);
  const hasEnded = ENDED.has(state);
  const last = events.at(-1);
  if (events.length === 0 && (hasEnded || state === 'executing')) {
    findings.problem('event-missing', 'no intent of this change is in the log');
  }
  // Of a rollout each batch has an intent of its own.
  const mayRepeat = 'rollout' in plan;
  const isInTurn = events.every(({ kind }, i) => {
    const before = events[i - 1]?.kind;
    if (kind !== (before ?? 'change.outcome')) return true;
    return mayRepeat && kind === 'change.intent' && before === kind;
  });
  if (!isInTurn) findings.problem('event-order', 'intents and outcomes do not take turns');
  if (!hasEnded) return;
  if (last?.kind !== 'change.outcome') {
    findings.problem('event-missing', 'no outcome of this change stands at the end');
  } else if (last.more?.['state'] !== state) {
    findings.problem(
      'state-differs',
      `the log says ${JSON.stringify(last.more?.['state'] ?? null)}`,
    );
  }
}
