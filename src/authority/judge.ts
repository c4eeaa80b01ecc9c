/**
 * What a host makes of an order: the second implementation of docs/host-contract.md, beside the host's own script.
 * Pure, so that a differential test can hold the two together; a host decides for itself all the same.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import {
  type ChangeOrder,
  NO_HASH,
  type RunOrder,
  type StandingDocument,
} from './document-values.ts';
import {
  changeDocument,
  configDocument,
  liftDocument,
  runDocument,
  standingDocument,
} from './documents.ts';
import { type AuthorityFaultCode, authorityFault } from './faults.ts';
import { filesInForce, parseFiles, requireFiles, requireSuccessor } from './host-files.ts';
import type { HostView, Judgement, OrderRequest, ParsedFiles, RunRequest } from './host-view.ts';
import {
  requireInputs,
  requireOneHistory,
  requireOrganisation,
  requirePart,
  requireTime,
} from './order-checks.ts';
import { checkQuorum } from './quorum.ts';
import { NAMESPACES } from './signers.ts';
import { requireStanding } from './standing-check.ts';
import { readSignature, requireNotRevoked, type VerifiedSignature } from './verify-signature.ts';

const MAX_SIGNATURES = 8;

/** What `host` answers to `request`; nothing is spent, counted or remembered here. */
export function judgeOrder(host: HostView, request: OrderRequest): Judgement {
  try {
    return { verdict: 'ok', signatures: judge(host, request) };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return { verdict: 'refused', code: thrown.code as AuthorityFaultCode, says: thrown.message };
  }
}

function judge(host: HostView, request: OrderRequest): readonly VerifiedSignature[] {
  switch (request.verb) {
    case 'run':
      return judgeRun(host, request);
    case 'lift':
      return judgeLift(host, request);
    case 'config':
      return judgeConfig(host, request);
  }
}

function judgeRun(host: HostView, request: RunRequest): readonly VerifiedSignature[] {
  if (host.stop !== null) {
    throw authorityFault(
      'stopped',
      `the host is stopped: ${host.stop}. An operator lifts the stop with "holdfast lift"`,
    );
  }
  const { order, files, standing, signatures } =
    request.standing === null
      ? judgeChange(host, request)
      : judgeStandingRun(host, request, request.standing);
  requireTime(host, files.policy, order);
  requireOneHistory(host, order);
  const part = requirePart(host, request.part, order.parts);
  if (standing !== null) requireStanding(host, files.policy, standing, part, request);
  requireInputs(host, part, request);
  if (part.direction === 'inverse') {
    const step = `${part.step.number}/${part.step.of}`;
    const digest = sha256(request.order);
    if (!host.ran.some((each) => each.order === digest && each.step === step)) {
      throw authorityFault(
        'forward-not-run',
        `the step to be undone never ran here: ${step}. Nothing is left to undo`,
      );
    }
  }
  if (host.spent.has(part.nonce)) {
    throw authorityFault(
      'nonce-spent',
      'this part ran already, or was cancelled: ask for its job. It never runs twice; propose the change again',
    );
  }
  return signatures;
}

type Ordered = {
  readonly files: ParsedFiles;
  readonly order: ChangeOrder | RunOrder;
  readonly standing: StandingDocument | null;
  readonly signatures: readonly VerifiedSignature[];
};

function judgeChange(host: HostView, request: RunRequest): Ordered {
  requireCount(request.signatures, MAX_SIGNATURES);
  const order = changeDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
  const files = filesInForce(host);
  const signatures = checkQuorum({
    ...files,
    text: request.order,
    armored: request.signatures,
    namespace: NAMESPACES.change,
    rule: order.tier,
    quorum: order.quorum,
    at: host.now,
  });
  return { order, files, standing: null, signatures };
}

function judgeStandingRun(host: HostView, request: RunRequest, text: string): Ordered {
  requireCount(request.signatures, 1);
  requireCount(request.standingSignatures, MAX_SIGNATURES);
  const order = runDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
  if (order.tier === 'T3') {
    throw authorityFault(
      'bad-order',
      'nothing of tier T3 is consented to in advance: have an operator approve this change itself',
    );
  }
  const standing = standingDocument.parse(text);
  if (sha256(text) !== order.standing) {
    throw authorityFault(
      'bad-order',
      'the run names another standing approval than the one sent with it: send the one it names',
    );
  }
  requireOrganisation(host, standing.organisation);
  const files = filesInForce(host);
  requireControlPlane(host, files, request);
  const signatures = checkQuorum({
    ...files,
    text,
    armored: request.standingSignatures,
    namespace: NAMESPACES.standing,
    rule: 'standing',
    quorum: standing.quorum,
    at: host.now,
  });
  return { order, files, standing, signatures };
}

function requireControlPlane(host: HostView, { revocations }: ParsedFiles, run: RunRequest): void {
  const fitting = readSignature(run.order, NAMESPACES.run, run.signatures[0] ?? '');
  if (fitting.line !== host.controlPlane) {
    throw authorityFault(
      'unknown-signer',
      'a run is signed by the control plane that this host knows, and by nobody else. Enrol the host again if the control plane has a new key',
    );
  }
  requireNotRevoked(fitting, revocations);
}

function judgeLift(
  host: HostView,
  request: Extract<OrderRequest, { verb: 'lift' }>,
): readonly VerifiedSignature[] {
  requireCount(request.signatures, MAX_SIGNATURES);
  const order = liftDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
  const files = filesInForce(host);
  const signatures = checkQuorum({
    ...files,
    text: request.order,
    armored: request.signatures,
    namespace: NAMESPACES.lift,
    rule: 'lift',
    quorum: 1,
    at: host.now,
  });
  requireTime(host, files.policy, order);
  if (host.stop === null || host.stop !== order.stop) {
    throw authorityFault(
      'other-stop',
      `the host is not stopped by that stop: ${order.stop}. Read which stop is on, and lift that one`,
    );
  }
  return signatures;
}

function judgeConfig(
  host: HostView,
  request: Extract<OrderRequest, { verb: 'config' }>,
): readonly VerifiedSignature[] {
  requireCount(request.signatures, MAX_SIGNATURES);
  const order = configDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
  const isFirst = host.isEnrolling && host.config === null;
  const judges = isFirst ? parseFiles(request) : filesInForce(host);
  const signatures = checkQuorum({
    ...judges,
    text: request.order,
    armored: request.signatures,
    namespace: NAMESPACES.config,
    rule: 'config',
    quorum: order.quorum,
    at: host.now,
  });
  requireTime(host, judges.policy, order);
  requireOneHistory(host, order);
  const before = host.config === null ? null : configDocument.parse(host.config);
  requireSuccessor(order, before, host.config === null ? NO_HASH : sha256(host.config));
  requireFiles(order, before, request, parseFiles(request));
  return signatures;
}

function requireCount(signatures: readonly string[], most: number): void {
  if (signatures.length < 1 || signatures.length > most) {
    throw authorityFault(
      'bad-frame',
      `the number of signatures is not 1 to ${most}: ${signatures.length}. Send those that count`,
    );
  }
}
