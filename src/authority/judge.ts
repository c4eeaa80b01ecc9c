/**
 * What a host makes of an order: the second implementation of docs/host-contract.md, beside the host's own script.
 * Pure, so that a differential test can hold the two together; a host decides for itself all the same.
 */
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import {
  type ChangeOrder,
  type CheckpointMark,
  type ConfigDocument,
  changeDocument,
  configDocument,
  type HostIdentity,
  type HostPolicy,
  hostPolicyDocument,
  liftDocument,
  NO_HASH,
  type PartDocument,
  partCore,
  partDocument,
  type RunOrder,
  runDocument,
  type StandingDocument,
  standingDocument,
} from './documents.ts';
import { type AuthorityFaultCode, authorityFault } from './faults.ts';
import { parseRevocations, type Revocations } from './krl.ts';
import { checkQuorum } from './quorum.ts';
import { NAMESPACES, parseSigners, type Signers } from './signers.ts';
import { readSignature, requireNotRevoked, type VerifiedSignature } from './verify-signature.ts';

/** The host files of one config, as they lie there. */
export type HostFiles = {
  readonly signers: string | null;
  readonly revocations: Uint8Array | null;
  readonly hostPolicy: string | null;
};

/** Everything a host knows when an order comes. Seconds. */
export type HostView = {
  readonly now: number;
  readonly identity: HostIdentity;
  /** The first line of the file `stop`, when it is there. */
  readonly stop: string | null;
  readonly files: HostFiles;
  /** The config document in force. */
  readonly config: string | null;
  /** Whoever holds the machine has said that its first config may come. */
  readonly isEnrolling: boolean;
  /** The public key that signs runs, as one line. */
  readonly controlPlane: string | null;
  readonly floor: number;
  readonly witness: readonly CheckpointMark[];
  readonly spent: ReadonlySet<string>;
  /** What ran under each standing approval, by its digest. */
  readonly counted: ReadonlyMap<string, readonly { readonly at: number; readonly core: string }[]>;
  /** Forward parts that have a receipt with `result exited`. */
  readonly ran: readonly { readonly order: string; readonly step: string }[];
  /** SHA-256 of the files a part may name; what is not here is absent. */
  readonly present: ReadonlyMap<string, string>;
};

export type OrderRequest =
  | {
      readonly verb: 'run';
      readonly order: string;
      readonly signatures: readonly string[];
      readonly part: string;
      readonly stdin: Uint8Array | null;
      readonly standing: string | null;
      readonly standingSignatures: readonly string[];
    }
  | { readonly verb: 'lift'; readonly order: string; readonly signatures: readonly string[] }
  | {
      readonly verb: 'config';
      readonly order: string;
      readonly signatures: readonly string[];
      readonly signers: string;
      readonly revocations: Uint8Array;
      readonly hostPolicy: string;
    };

export type Judgement =
  | { readonly verdict: 'ok'; readonly signatures: readonly VerifiedSignature[] }
  | { readonly verdict: 'refused'; readonly code: AuthorityFaultCode; readonly says: string };

type ParsedFiles = {
  readonly signers: Signers;
  readonly revocations: Revocations;
  readonly policy: HostPolicy;
};
type Timed = { readonly issued: number; readonly notBefore?: number; readonly runBy?: number };

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

type RunRequest = Extract<OrderRequest, { verb: 'run' }>;

function judgeRun(host: HostView, request: RunRequest): readonly VerifiedSignature[] {
  if (host.stop !== null) {
    throw authorityFault(
      'stopped',
      `the host is stopped: ${host.stop}. An operator lifts the stop with "holdfast lift"`,
    );
  }
  const files = filesInForce(host);
  const { order, standing, signatures } =
    request.standing === null
      ? judgeChange(host, files, request)
      : judgeStandingRun(host, files, request, request.standing);
  requireTime(host, files.policy, order);
  requireOneHistory(host, order.checkpoint);
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
  readonly order: ChangeOrder | RunOrder;
  readonly standing: StandingDocument | null;
  readonly signatures: readonly VerifiedSignature[];
};

function judgeChange(host: HostView, files: ParsedFiles, request: RunRequest): Ordered {
  requireCount(request.signatures, MAX_SIGNATURES);
  const order = changeDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
  const signatures = checkQuorum({
    ...files,
    text: request.order,
    armored: request.signatures,
    namespace: NAMESPACES.change,
    rule: order.tier,
    quorum: order.quorum,
    at: host.now,
  });
  return { order, standing: null, signatures };
}

function judgeStandingRun(
  host: HostView,
  files: ParsedFiles,
  request: RunRequest,
  text: string,
): Ordered {
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
  return { order, standing, signatures };
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
  const files = filesInForce(host);
  const order = liftDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
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
  const isFirst = host.isEnrolling && host.config === null;
  const judges = isFirst ? parseFiles(request) : filesInForce(host);
  const order = configDocument.parse(request.order);
  requireOrganisation(host, order.organisation);
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
  requireOneHistory(host, order.checkpoint);
  const before = host.config === null ? null : configDocument.parse(host.config);
  requireSuccessor(order, before, host.config === null ? NO_HASH : sha256(host.config));
  requireFiles(order, before, request, parseFiles(request));
  return signatures;
}

function requireSuccessor(
  { version, previous }: ConfigDocument,
  before: ConfigDocument | null,
  inForce: string,
): void {
  const least = before?.version ?? 0;
  if (version <= least) {
    throw authorityFault(
      'version-not-rising',
      `the config is not newer than the one in force: ${version}, in force ${least}. Make the next one from what is in force`,
    );
  }
  if (previous !== inForce) {
    throw authorityFault(
      'previous-mismatch',
      'the config follows another one than is in force here: make the next one from what is in force',
    );
  }
}

function requireFiles(
  order: ConfigDocument,
  before: ConfigDocument | null,
  brought: { signers: string; revocations: Uint8Array; hostPolicy: string },
  parsed: ParsedFiles,
): void {
  const each = [
    { name: 'signers', bytes: brought.signers, file: parsed.signers },
    {
      name: 'revocations',
      bytes: brought.revocations,
      file: { ...parsed.revocations, previous: null },
    },
    { name: 'hostPolicy', bytes: brought.hostPolicy, file: parsed.policy },
  ] as const;
  for (const { name, bytes, file } of each) {
    const mark = order[name];
    const old = before?.[name] ?? null;
    const isOther = mark.version !== file.version || mark.hash !== sha256(bytes);
    const isEdited = old?.version === mark.version && old.hash !== mark.hash;
    if (isOther || isEdited) {
      throw authorityFault(
        'file-mismatch',
        `a host file is not the one that was signed: ${name}. Send the files the config was made with; an edited one has a higher version`,
      );
    }
    if (old === null || old.version === mark.version) continue;
    if (mark.version < old.version) {
      throw authorityFault(
        'version-not-rising',
        `a host file is older than the one in force: ${name}. Make the next one from what is in force`,
      );
    }
    if (file.previous !== null && file.previous !== old.hash) {
      throw authorityFault(
        'previous-mismatch',
        `a host file follows another one than is in force: ${name}. Make the next one from what is in force`,
      );
    }
  }
}

/** Files that are older than the config in force says were put back by somebody. */
function filesInForce(host: HostView): ParsedFiles {
  const parsed = parseFiles(host.files);
  if (host.config === null) {
    throw authorityFault('signers-broken', 'no config is in force: enrol this host first');
  }
  const config = configDocument.parse(host.config);
  const older = (code: AuthorityFaultCode, name: string): never => {
    throw authorityFault(
      code,
      `a host file is older than the config in force says: ${name}. Put back the file of that config`,
    );
  };
  if (parsed.signers.version < config.signers.version) older('signers-broken', 'signers');
  if (parsed.revocations.version < config.revocations.version) {
    older('revocations-broken', 'revocations');
  }
  if (parsed.policy.version < config.hostPolicy.version) older('policy-broken', 'host-policy');
  return parsed;
}

function parseFiles({ signers, revocations, hostPolicy }: HostFiles): ParsedFiles {
  return {
    signers: parseSigners(signers ?? ''),
    revocations: parseRevocations(revocations ?? Buffer.alloc(0)),
    policy: hostPolicyDocument.parse(hostPolicy ?? ''),
  };
}

function requireCount(signatures: readonly string[], most: number): void {
  if (signatures.length < 1 || signatures.length > most) {
    throw authorityFault(
      'bad-frame',
      `the number of signatures is not 1 to ${most}: ${signatures.length}. Send those that count`,
    );
  }
}

function requireOrganisation({ identity }: HostView, organisation: string): void {
  if (organisation !== identity.organisation) {
    throw authorityFault(
      'wrong-organisation',
      `the order is of another organisation: ${organisation}. Send it to a host of that organisation`,
    );
  }
}

function requireTime({ now, floor }: HostView, { skew }: HostPolicy, order: Timed): void {
  if (now + skew < floor) {
    throw authorityFault(
      'clock-below-floor',
      "the host's clock is behind a time it has already seen: set its clock, then send again",
    );
  }
  if (order.issued > now + skew) {
    throw authorityFault(
      'clock-skew',
      "the order was issued in the future of the host's clock: set both clocks, then sign again",
    );
  }
  if (now < (order.notBefore ?? 0)) {
    throw authorityFault(
      'not-yet',
      `the order may not run before ${order.notBefore}: send it then`,
    );
  }
  if (order.runBy !== undefined && now > order.runBy) {
    throw authorityFault('expired', `the order had to run by ${order.runBy}: have it signed again`);
  }
}

function requireOneHistory({ witness }: HostView, { size, root }: CheckpointMark): void {
  const isOne =
    (size !== 0 || root === NO_HASH) &&
    witness.every((seen) => size > seen.size || (size === seen.size && root === seen.root));
  if (!isOne) {
    throw authorityFault(
      'checkpoint-fork',
      'the event log is not the one this host was shown: it was cut or written anew. Run "holdfast verify" before anything else',
    );
  }
}

function requirePart(host: HostView, text: string, parts: readonly string[]): PartDocument {
  const part = partDocument.parse(text);
  if (!parts.includes(sha256(text))) {
    throw authorityFault('not-a-part', 'the part is not one that was signed: send the signed one');
  }
  if (part.target !== host.identity.target) {
    throw authorityFault('wrong-target', 'the part is for another host: send it there');
  }
  if (part.epoch !== host.identity.epoch) {
    throw authorityFault(
      'wrong-epoch',
      `the host was enrolled again since: epoch ${host.identity.epoch}. Propose the change again`,
    );
  }
  return part;
}

function requireStanding(
  host: HostView,
  { skew }: HostPolicy,
  standing: StandingDocument,
  part: PartDocument,
  { part: text, standing: standingText }: RunRequest,
): void {
  const { now } = host;
  if (standing.issued > now + skew) {
    throw authorityFault(
      'clock-skew',
      "the standing approval was issued in the future of the host's clock: set both clocks",
    );
  }
  const check = standingCheck(standing, part.action, partCore(text), now);
  if (check !== null) throw authorityFault(check, STANDING_SAYS[check]);
  const runs = host.counted.get(sha256(standingText ?? '')) ?? [];
  const core = partCore(text);
  if (runs.some((run) => run.core === core && now - run.at < standing.cooldown)) {
    throw authorityFault('cooldown', 'the same step ran a moment ago: wait, or ask an operator');
  }
  const spent = runs.filter((run) => now - run.at < standing.budget.seconds).length;
  if (spent >= standing.budget.runs) {
    throw authorityFault(
      'over-budget',
      `the standing approval is used up for now: ${spent} runs. Wait, or ask an operator`,
    );
  }
}

type StandingRefusal = 'standing-expired' | 'outside-window' | 'core-not-listed';
const STANDING_SAYS: Readonly<Record<StandingRefusal, string>> = {
  'standing-expired': 'the standing approval is over: have an operator sign a new one',
  'outside-window':
    'the standing approval does not hold at this time of day: wait, or ask an operator',
  'core-not-listed': 'the standing approval does not list this step: ask an operator to approve it',
};

/** Whether the consent itself covers one core at `now`; counters are the host's. */
export function standingCheck(
  { action, expires, window, cores }: StandingDocument,
  partAction: string,
  core: string,
  now: number,
): StandingRefusal | null {
  if (partAction !== action) return 'core-not-listed';
  if (now > expires) return 'standing-expired';
  if (!isWithin(window, now)) return 'outside-window';
  return cores.includes(core) ? null : 'core-not-listed';
}

function isWithin(window: string, now: number): boolean {
  if (window === 'always') return true;
  const minutes = (clock: string): number =>
    Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3));
  const from = minutes(window.slice(0, 5));
  const to = minutes(window.slice(6));
  const at = Math.floor((now % 86_400) / 60);
  return from < to ? at >= from && at < to : at >= from || at < to;
}

function requireInputs(host: HostView, part: PartDocument, { stdin }: RunRequest): void {
  if ((stdin === null ? null : sha256(stdin)) !== part.stdin) {
    throw authorityFault(
      'stdin-changed',
      'the input is not the one that was signed: send that one',
    );
  }
  for (const { path, sha256: signed } of part.files) {
    if (host.present.get(path) !== signed) {
      throw authorityFault(
        'file-changed',
        `a file on the host is not the one that was signed: ${path}. Propose the change again`,
      );
    }
  }
  for (const each of part.conditions) {
    const found = host.present.get(each.path);
    const holds = each.kind === 'file-absent' ? found === undefined : found === each.sha256;
    if (!holds) {
      throw authorityFault(
        'condition-failed',
        `the host is no longer as the change expects it: ${each.path}. Propose the change again`,
      );
    }
  }
}
