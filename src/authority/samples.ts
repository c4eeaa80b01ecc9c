/**
 * Good values for tests, the same in every run.
 *
 * Signers: `aKey` (ed25519), `anEcdsaKey`, `aSecurityKey` (sk-ssh-ed25519), `anEcdsaSecurityKey`, `aPasskey`
 * (WebAuthn ES256), and `aRoot(…).certify(…)` for certificates over any of them; each has `sign(namespace, text)`
 * giving armour that the installed `ssh-keygen -Y verify` accepts when its options are left alone.
 * Documents: `aChange`, `aRun`, `aPart`, `aStanding`, `aConfig`, `aLift`, `aReceipt`, `anIdentity`, `aHostPolicy`,
 * `theSigners`, `theRevocations`. Seconds, all around `NOON`.
 */
import { createECDH, createPrivateKey, hash, type KeyObject, sign as rawSign } from 'node:crypto';
import { sha256 } from '#base/digest';
import {
  type ChangeOrder,
  type ConfigDocument,
  type HostIdentity,
  type HostPolicy,
  type LiftDocument,
  NO_HASH,
  type PartDocument,
  type ReceiptDocument,
  type RunOrder,
  type StandingDocument,
} from './document-values.ts';
import { changeDocument, partCore, partDocument, standingDocument } from './documents.ts';
import { blobLine, keyBlob, readKeyBlob } from './keys.ts';
import type { Revocations } from './krl.ts';
import type { SignerLine, Signers } from './signers.ts';
import { armorSshsig, signedBytes, signSshsig } from './sshsig.ts';
import { mpint, u32, u64, wireString } from './wire.ts';

/** 2026-03-01T12:00:00Z */
export const NOON = 1_772_366_400;
export const ORGANISATION = 'example';
export const ORIGIN = 'https://console.example:8443';

export type SampleSigner = {
  /** Wire form of the key, or of the certificate over it. */
  readonly blob: Buffer;
  /** `type base64`, as it stands in a signers file or a `.pub` file. */
  readonly line: string;
  readonly sign: (namespace: string, text: string) => string;
  /** The wire form of a signature over `message` itself. */
  readonly raw: (message: Uint8Array) => Buffer;
};

/** A private Ed25519 key that is always the same for one name. */
export function aPrivateKey(name: string): KeyObject {
  const der = Buffer.concat([
    Buffer.from('302e020100300506032b657004220420', 'hex'),
    hash('sha256', `holdfast sample ${name}`, 'buffer'),
  ]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

export function aKey(name: string): SampleSigner {
  const key = aPrivateKey(name);
  return {
    ...signer(keyBlob(key), (message) =>
      Buffer.concat([wireString('ssh-ed25519'), wireString(rawSign(undefined, message, key))]),
    ),
    sign: (namespace, text) => signSshsig(key, namespace, text),
  };
}

export function anEcdsaKey(name: string): SampleSigner {
  const key = aP256Key(name);
  return signer(keyBlob(key), (message) =>
    Buffer.concat([wireString('ecdsa-sha2-nistp256'), wireString(ecdsa(message, key))]),
  );
}

export type Touch = {
  readonly present?: boolean;
  readonly verified?: boolean;
  readonly counter?: number;
};

export function aSecurityKey(name: string, touch: Touch = {}): SampleSigner {
  const key = aPrivateKey(name);
  const type = 'sk-ssh-ed25519@openssh.com';
  const application = 'ssh:';
  const blob = Buffer.concat([
    wireString(type),
    wireString(keyBlob(key).subarray(-32)),
    wireString(application),
  ]);
  return signer(blob, (message) => {
    const { flags, counter } = touched(touch);
    const signed = authenticatorBytes(application, flags, counter, message);
    const value = rawSign(undefined, signed, key);
    return Buffer.concat([wireString(type), wireString(value), Buffer.of(flags), u32(counter)]);
  });
}

export function anEcdsaSecurityKey(name: string, touch: Touch = {}): SampleSigner {
  const key = aP256Key(name);
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com';
  return signer(p256SecurityKeyBlob(key, 'ssh:'), (message) => {
    const { flags, counter } = touched(touch);
    const value = ecdsa(authenticatorBytes('ssh:', flags, counter, message), key);
    return Buffer.concat([wireString(type), wireString(value), Buffer.of(flags), u32(counter)]);
  });
}

export type PasskeyUse = Touch & {
  readonly rpId?: string;
  readonly origin?: string;
  /** `undefined`: the browser left it out. */
  readonly crossOrigin?: boolean | undefined;
  readonly type?: string;
  readonly challenge?: string;
  /** What the browser put behind everything else, with its comma. */
  readonly more?: string;
};

export function aPasskey(name: string, use: PasskeyUse = {}): SampleSigner {
  const key = aP256Key(name);
  const rpId = use.rpId ?? 'console.example';
  const origin = use.origin ?? ORIGIN;
  return signer(p256SecurityKeyBlob(key, rpId), (message) => {
    const { flags, counter } = touched(use);
    const challenge = use.challenge ?? Buffer.from(message).toString('base64url');
    const crossOrigin = 'crossOrigin' in use ? use.crossOrigin : false;
    const clientData = Buffer.from(
      `{"type":"${use.type ?? 'webauthn.get'}","challenge":"${challenge}","origin":"${origin}"` +
        `${crossOrigin === undefined ? '' : `,"crossOrigin":${crossOrigin}`}${use.more ?? ''}}`,
    );
    const value = ecdsa(authenticatorBytes(rpId, flags, counter, clientData), key);
    return Buffer.concat([
      wireString('webauthn-sk-ecdsa-sha2-nistp256@openssh.com'),
      wireString(value),
      Buffer.of(flags),
      u32(counter),
      wireString(origin),
      wireString(clientData),
      wireString(''),
    ]);
  });
}

/** The public key of `aPasskey` with that name, as its authenticator hands it over. */
export function aCoseKey(name: string): Buffer {
  const point = keyBlob(aP256Key(name)).subarray(-64);
  return Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    point.subarray(0, 32),
    Buffer.from('225820', 'hex'),
    point.subarray(32),
  ]);
}

export type Certifying = {
  readonly principals?: readonly string[];
  readonly serial?: number;
  readonly keyId?: string;
  readonly validAfter?: number;
  readonly validBefore?: number;
  readonly critical?: readonly (readonly [string, string])[];
  readonly isHost?: boolean;
};

/** An offline root key, and certificates over the keys of operators. */
export function aRoot(name: string): SampleSigner & {
  certify(subject: SampleSigner, operator: string, how?: Certifying): SampleSigner;
} {
  const root = aKey(name);
  return {
    ...root,
    certify(subject, operator, how = {}) {
      const { type } = readKeyBlob(subject.blob, (says) => assertNever(says));
      const certType = type.includes('@')
        ? type.replace('@', '-cert-v01@')
        : `${type}-cert-v01@openssh.com`;
      const principals = how.principals ?? [operator];
      const option = ([key, value]: readonly [string, string]): Buffer =>
        Buffer.concat([wireString(key), wireString(value === '' ? '' : wireString(value))]);
      const signed = Buffer.concat([
        wireString(certType),
        wireString(hash('sha256', `${name} ${operator}`, 'buffer')),
        subject.blob.subarray(4 + type.length),
        u64(BigInt(how.serial ?? 7)),
        u32(how.isHost === true ? 2 : 1),
        wireString(how.keyId ?? `${operator}@example`),
        wireString(Buffer.concat(principals.map((each) => wireString(each)))),
        u64(BigInt(how.validAfter ?? NOON - 86_400)),
        u64(BigInt(how.validBefore ?? NOON + 30 * 86_400)),
        wireString(Buffer.concat((how.critical ?? []).map(option))),
        wireString(''),
        wireString(''),
        wireString(root.blob),
      ]);
      return signer(Buffer.concat([signed, wireString(root.raw(signed))]), subject.raw);
    },
  };
}

function assertNever(says: string): never {
  throw new Error(says);
}

function signer(blob: Buffer, raw: (message: Uint8Array) => Buffer): SampleSigner {
  return {
    blob,
    line: blobLine(blob),
    raw,
    sign: (namespace, text) =>
      armorSshsig({
        key: blob,
        namespace,
        hash: 'sha512',
        signature: raw(signedBytes(namespace, 'sha512', Buffer.from(text))),
      }),
  };
}

function aP256Key(name: string): KeyObject {
  const curve = createECDH('prime256v1');
  const d = hash('sha256', `holdfast sample p256 ${name}`, 'buffer');
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: d.toString('base64url'),
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

function p256SecurityKeyBlob(key: KeyObject, application: string): Buffer {
  return Buffer.concat([
    wireString('sk-ecdsa-sha2-nistp256@openssh.com'),
    wireString('nistp256'),
    wireString(keyBlob(key).subarray(-65)),
    wireString(application),
  ]);
}

function ecdsa(message: Uint8Array, key: KeyObject): Buffer {
  const pair = rawSign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([mpint(pair.subarray(0, 32)), mpint(pair.subarray(32))]);
}

function touched({ present = true, verified = true, counter = 5 }: Touch): {
  flags: number;
  counter: number;
} {
  return { flags: (present ? 1 : 0) | (verified ? 4 : 0), counter };
}

function authenticatorBytes(
  application: string,
  flags: number,
  counter: number,
  message: Uint8Array,
): Buffer {
  return Buffer.concat([
    hash('sha256', application, 'buffer'),
    Buffer.of(flags),
    u32(counter),
    hash('sha256', message, 'buffer'),
  ]);
}

export function signerLine(operator: string, key: SampleSigner): SignerLine {
  return {
    operators: [operator],
    isAuthority: false,
    key: readKeyBlob(key.blob, assertNever),
  };
}

export function rootLine(operators: readonly string[], root: SampleSigner): SignerLine {
  return { operators, isAuthority: true, key: readKeyBlob(root.blob, assertNever) };
}

/** alice and bob with an Ed25519 key each, carol with a passkey, and the recovery key. */
export function theSigners(lines?: readonly SignerLine[]): Signers {
  return {
    version: 1,
    previous: NO_HASH,
    lines: lines ?? [
      signerLine('alice', aKey('alice')),
      signerLine('bob', aKey('bob')),
      signerLine('carol', aPasskey('carol')),
      signerLine('recovery', aKey('recovery')),
    ],
  };
}

export function theRevocations(over: Partial<Revocations> = {}): Revocations {
  return { version: 1, madeAt: NOON - 3600, keys: [], serials: [], ...over };
}

export function aHostPolicy(over: Partial<HostPolicy> = {}): HostPolicy {
  const rule = { quorum: 1, assurance: 'same-user' } as const;
  return {
    version: 1,
    previous: NO_HASH,
    profile: 'test',
    rules: { T1: rule, T2: rule, T3: rule, standing: rule, config: rule, lift: rule },
    skew: 120,
    origins: [ORIGIN],
    ...over,
  };
}

export function anIdentity(over: Partial<HostIdentity> = {}): HostIdentity {
  return { organisation: ORGANISATION, target: '0f'.repeat(16), epoch: 1, ...over };
}

export function aPart(over: Partial<PartDocument> = {}): PartDocument {
  return {
    target: anIdentity().target,
    epoch: 1,
    action: 'service.restart@1',
    catalogue: sha256('catalogue'),
    runAs: 'root',
    args: ['/usr/bin/systemctl', 'restart', 'nginx.service'],
    stdin: null,
    files: [],
    conditions: [],
    step: { number: 1, of: 1 },
    direction: 'forward',
    timeout: 30,
    atomic: false,
    nonce: 'ab'.repeat(16),
    ...over,
  };
}

export function aChange(over: Partial<ChangeOrder> = {}): ChangeOrder {
  return {
    organisation: ORGANISATION,
    change: 'chg_1',
    plan: sha256('plan'),
    tier: 'T2',
    quorum: 1,
    issued: NOON - 10,
    notBefore: NOON - 10,
    runBy: NOON + 900,
    checkpoint: { size: 0, root: NO_HASH },
    parts: [sha256(partDocument.format(aPart()))],
    ...over,
  };
}

export function aStanding(over: Partial<StandingDocument> = {}): StandingDocument {
  return {
    organisation: ORGANISATION,
    standing: 'standing_1',
    action: 'service.restart@1',
    issued: NOON - 86_400,
    expires: NOON + 86_400,
    window: 'always',
    budget: { runs: 3, seconds: 3600 },
    cooldown: 300,
    evenTainted: false,
    quorum: 1,
    cores: [partCore(partDocument.format(aPart()))],
    ...over,
  };
}

export function aRun(over: Partial<RunOrder> = {}): RunOrder {
  const { quorum: _, ...body } = aChange({ tier: 'T1' });
  return { ...body, standing: sha256(standingDocument.format(aStanding())), ...over };
}

export function aConfig(over: Partial<ConfigDocument> = {}): ConfigDocument {
  return {
    organisation: ORGANISATION,
    version: 1,
    previous: NO_HASH,
    issued: NOON - 10,
    quorum: 1,
    inventory: sha256('inventory'),
    policy: sha256('policy'),
    catalogue: sha256('catalogue'),
    baselines: sha256('baselines'),
    signers: { version: 1, hash: sha256('signers') },
    revocations: { version: 1, hash: sha256('revocations') },
    hostPolicy: { version: 1, hash: sha256('host-policy') },
    checkpoint: { size: 0, root: NO_HASH },
    ...over,
  };
}

export function aLift(over: Partial<LiftDocument> = {}): LiftDocument {
  return {
    organisation: ORGANISATION,
    stop: 'stop_1',
    issued: NOON - 10,
    runBy: NOON + 900,
    ...over,
  };
}

export function aReceipt(over: Partial<ReceiptDocument> = {}): ReceiptDocument {
  return {
    target: anIdentity().target,
    epoch: 1,
    number: 1,
    previous: NO_HASH,
    order: sha256(changeDocument.format(aChange())),
    part: sha256(partDocument.format(aPart())),
    nonce: 'ab'.repeat(16),
    started: NOON,
    ended: NOON + 2,
    result: 'exited',
    status: 0,
    stdout: { sha256: sha256(''), length: 0 },
    stderr: { sha256: sha256(''), length: 0 },
    ...over,
  };
}
