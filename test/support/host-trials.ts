/**
 * Orders and hosts for which the TypeScript judge and the host's own script must say the same.
 *
 * A draft is everything that goes into one request, before anything is written or signed; `build` writes and signs
 * it. host-trial-cases.ts changes drafts, host-directory.ts asks the script.
 */
import {
  type ChangeOrder,
  type ConfigDocument,
  changeDocument,
  configDocument,
  formatRevocations,
  formatSigners,
  type HostPolicy,
  type HostView,
  hostPolicyDocument,
  type LiftDocument,
  liftDocument,
  NAMESPACES,
  NO_HASH,
  type OrderRequest,
  type PartDocument,
  partCore,
  partDocument,
  publicKeyLine,
  type Revocations,
  type RunOrder,
  runDocument,
  type Signers,
  type StandingDocument,
  standingDocument,
} from '#authority';
import { sha256 } from '#base/digest';
import {
  aChange,
  aConfig,
  aHostPolicy,
  aKey,
  aLift,
  anEcdsaKey,
  anIdentity,
  aPart,
  aPasskey,
  aPrivateKey,
  aRoot,
  aSecurityKey,
  aStanding,
  rootLine,
  type SampleSigner,
  signerLine,
  theRevocations,
  theSigners,
} from '#samples/authority';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export type Draft = {
  verb: 'change' | 'run' | 'lift' | 'config';
  now: number;
  signers: Signers;
  revocations: Revocations;
  policy: HostPolicy;
  inForce: Writable<Partial<ConfigDocument>>;
  isEnrolling: boolean;
  hasConfig: boolean;
  stop: string | null;
  floor: number;
  witness: HostView['witness'];
  isSpent: boolean;
  counted: { at: number; core: string }[];
  hasRunForward: boolean;
  part: Writable<Partial<PartDocument>>;
  order: Writable<Partial<ChangeOrder & RunOrder & LiftDocument & ConfigDocument>>;
  standing: Writable<Partial<StandingDocument>>;
  stdin: string | null;
  by: SampleSigner[];
  standingBy: SampleSigner[];
  controlPlane: SampleSigner;
  /** The host files a config brings. */
  brought: {
    signers: Partial<Signers>;
    revocations: Partial<Revocations>;
    policy: Partial<HostPolicy>;
  };
  /** Last changes to what was made and signed. */
  edit: Partial<
    Record<
      'order' | 'part' | 'signature' | 'signers' | 'policy' | 'standing' | 'config' | 'stdin',
      (text: string) => string
    >
  > & { revocations?: (bytes: Buffer) => Buffer; namespace?: string };
};

export type Trial = { readonly view: HostView; readonly request: OrderRequest };

/** A file that is on the host of every trial. */
export const PRESENT = { path: '/tmp', content: 'as it was signed\n' };

const OPERATORS = ['alice', 'bob', 'carol', 'dave'];

export function aDraft(verb: Draft['verb'], now: number): Draft {
  return {
    verb,
    now,
    signers: theSigners([
      signerLine('alice', aKey('alice')),
      signerLine('bob', anEcdsaKey('bob')),
      signerLine('carol', aPasskey('carol')),
      signerLine('dave', aSecurityKey('dave')),
      signerLine('alice', aKey('alice again')),
      rootLine(OPERATORS, aRoot('root')),
      signerLine('recovery', aKey('recovery')),
    ]),
    revocations: theRevocations(),
    policy: aHostPolicy(),
    inForce: {},
    isEnrolling: false,
    hasConfig: true,
    stop: verb === 'lift' ? 'stop_1' : null,
    floor: now - 3600,
    witness: [{ size: 7, root: sha256('seven'), issued: now - 3600 }],
    isSpent: false,
    counted: [],
    hasRunForward: false,
    part: { args: ['/bin/true'], timeout: 5 },
    order: {},
    standing: {},
    stdin: null,
    by: [aKey('alice')],
    standingBy: [aKey('alice')],
    controlPlane: aKey('control plane'),
    brought: { signers: {}, revocations: {}, policy: {} },
    edit: {},
  };
}

/** Writes and signs a draft; `file` is a file of the host that holds `PRESENT.content`. */
export function build(draft: Draft, file: string): Trial {
  const { now, edit } = draft;
  const as = (
    name: 'order' | 'part' | 'signers' | 'policy' | 'standing' | 'config',
    text: string,
  ): string => edit[name]?.(text) ?? text;
  const signers = as('signers', formatSigners(draft.signers));
  const made = formatRevocations(draft.revocations);
  const revocations = edit.revocations?.(made) ?? made;
  const policy = as('policy', hostPolicyDocument.format(draft.policy));
  const marks = {
    signers: { version: draft.signers.version, hash: sha256(signers) },
    revocations: { version: draft.revocations.version, hash: sha256(revocations) },
    hostPolicy: { version: draft.policy.version, hash: sha256(policy) },
  };
  const config = as(
    'config',
    configDocument.format(aConfig({ issued: now - 7200, ...marks, ...draft.inForce })),
  );
  const partText = as('part', partDocument.format(aPart(draft.part)));
  const standing = as(
    'standing',
    standingDocument.format(
      aStanding({
        issued: now - 3600,
        expires: now + 3600,
        cores: [partCore(partDocument.format(aPart(draft.part)))],
        ...draft.standing,
      }),
    ),
  );
  const body = {
    issued: now - 10,
    notBefore: now - 10,
    runBy: now + 900,
    checkpoint: { size: 8, root: sha256('eight') },
  };
  const parts = [sha256('another part'), sha256(partDocument.format(aPart(draft.part)))];
  const brought = broughtFiles(draft, { signers, revocations, policy });
  const order = as('order', orderText());
  function orderText(): string {
    switch (draft.verb) {
      case 'change':
        return changeDocument.format({
          ...aChange(),
          ...body,
          parts,
          ...only(draft.order, aChange()),
        });
      case 'run': {
        const { quorum: _, ...run } = aChange({ tier: 'T1' });
        const plain = { ...run, standing: sha256(standing) };
        return runDocument.format({ ...plain, ...body, parts, ...only(draft.order, plain) });
      }
      case 'lift':
        return liftDocument.format({
          ...aLift({ issued: now - 10, runBy: now + 900 }),
          ...only(draft.order, aLift()),
        });
      case 'config': {
        const next = {
          issued: now - 10,
          version: draft.hasConfig ? 2 : 1,
          previous: draft.hasConfig ? sha256(config) : NO_HASH,
          checkpoint: body.checkpoint,
          ...brought.marks,
        };
        return configDocument.format(aConfig({ ...next, ...only(draft.order, aConfig()) }));
      }
    }
  }
  const namespace = edit.namespace ?? NAMESPACES[draft.verb];
  const sign = (key: SampleSigner, name: string, text: string): string => {
    const signature = key.sign(name, text);
    return edit.signature?.(signature) ?? signature;
  };
  const by = draft.verb === 'run' ? [draft.controlPlane] : draft.by;
  // What is edited last is not what was signed.
  const signatures = by.map((key) => sign(key, namespace, orderText()));
  const isRun = draft.verb === 'run';
  return {
    view: {
      now,
      identity: anIdentity(),
      stop: draft.stop,
      files: { signers, revocations, hostPolicy: policy },
      config: draft.hasConfig ? config : null,
      isEnrolling: draft.isEnrolling,
      controlPlane: publicKeyLine(aPrivateKey('control plane')),
      floor: draft.floor,
      witness: draft.witness,
      spent: new Set(draft.isSpent ? [aPart(draft.part).nonce] : []),
      counted: new Map([
        [
          sha256(standing),
          draft.counted.map(({ at, core }) => ({
            at,
            core: core === '' ? partCore(partText) : core,
          })),
        ],
      ]),
      ran: draft.hasRunForward ? [{ order: sha256(order), step: '1/1' }] : [],
      present: new Map([[file, sha256(PRESENT.content)]]),
    },
    request: ((): OrderRequest => {
      switch (draft.verb) {
        case 'change':
        case 'run':
          return {
            verb: 'run',
            order,
            signatures,
            part: partText,
            stdin:
              draft.stdin === null ? null : Buffer.from(edit.stdin?.(draft.stdin) ?? draft.stdin),
            standing: isRun ? standing : null,
            standingSignatures: isRun
              ? draft.standingBy.map((key) => key.sign(NAMESPACES.standing, standing))
              : [],
          };
        case 'lift':
          return { verb: 'lift', order, signatures };
        case 'config':
          return { verb: 'config', order, signatures, ...brought.files };
      }
    })(),
  };
}

function broughtFiles(
  draft: Draft,
  now: { signers: string; revocations: Buffer; policy: string },
): {
  files: { signers: string; revocations: Buffer; hostPolicy: string };
  marks: Pick<ConfigDocument, 'signers' | 'revocations' | 'hostPolicy'>;
} {
  const { brought } = draft;
  const isSame = (over: object): boolean => Object.keys(over).length === 0;
  const signers = isSame(brought.signers)
    ? now.signers
    : formatSigners({
        ...draft.signers,
        version: 2,
        previous: sha256(now.signers),
        ...brought.signers,
      });
  const revocations = isSame(brought.revocations)
    ? now.revocations
    : formatRevocations({ ...draft.revocations, version: 2, ...brought.revocations });
  const hostPolicy = isSame(brought.policy)
    ? now.policy
    : hostPolicyDocument.format({
        ...draft.policy,
        version: 2,
        previous: sha256(now.policy),
        ...brought.policy,
      });
  return {
    files: { signers, revocations, hostPolicy },
    marks: {
      signers: {
        version: isSame(brought.signers) ? draft.signers.version : (brought.signers.version ?? 2),
        hash: sha256(signers),
      },
      revocations: {
        version: isSame(brought.revocations)
          ? draft.revocations.version
          : (brought.revocations.version ?? 2),
        hash: sha256(revocations),
      },
      hostPolicy: {
        version: isSame(brought.policy) ? draft.policy.version : (brought.policy.version ?? 2),
        hash: sha256(hostPolicy),
      },
    },
  };
}

/** The fields of `over` that a document of that shape has. */
function only<T extends object>(over: object, shape: T): Partial<T> {
  return Object.fromEntries(Object.entries(over).filter(([key]) => key in shape)) as Partial<T>;
}
