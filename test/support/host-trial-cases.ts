/** One thing changed in a good draft each, with the code that the contract names for it. */
import { type HostPolicy, NAMESPACES, NO_HASH } from '#authority';
import { sha256 } from '#base/digest';
import {
  aHostPolicy,
  aKey,
  anEcdsaKey,
  aPasskey,
  aRoot,
  aSecurityKey,
  ORIGIN,
  type SampleSigner,
  signerLine,
  theRevocations,
} from '#samples/authority';
import { type Draft, PRESENT } from './host-trials.ts';

export type TrialCase = {
  readonly says: string;
  readonly verbs: readonly Draft['verb'][];
  readonly code: string;
  readonly change: (draft: Draft, file: string) => void;
};

const ALL = ['change', 'run', 'lift', 'config'] as const;
const SIGNED = ['change', 'lift', 'config'] as const;
const RUNS = ['change', 'run'] as const;

function each(
  says: string,
  verbs: TrialCase['verbs'],
  code: string,
  change: TrialCase['change'],
): TrialCase {
  return { says, verbs, code, change };
}

const certified = (
  how: Parameters<ReturnType<typeof aRoot>['certify']>[2] = {},
  now = 0,
): SampleSigner =>
  aRoot('root').certify(aKey('certified'), 'dave', {
    validAfter: now - 60,
    validBefore: now + 3600,
    ...how,
  });

const rules = (
  over: Partial<HostPolicy['rules'][keyof HostPolicy['rules']]>,
): HostPolicy['rules'] => {
  const rule = { quorum: 1, assurance: 'same-user' as const, ...over };
  return { T1: rule, T2: rule, T3: rule, standing: rule, config: rule, lift: rule };
};

// biome-ignore format: a table, one trial a line
export const TRIALS: readonly TrialCase[] = [
  each('good', ALL, 'ok', () => {}),
  each('a second operator', SIGNED, 'ok', (d) => void d.by.push(anEcdsaKey('bob'))),
  each('a passkey', SIGNED, 'ok', (d) => { d.by = [aPasskey('carol')]; d.policy = aHostPolicy({ rules: rules({ assurance: 'separate' }) }); }),
  each('a security key', SIGNED, 'ok', (d) => { d.by = [aSecurityKey('dave')]; d.policy = aHostPolicy({ rules: rules({ assurance: 'touch' }) }); }),
  each('a certificate', SIGNED, 'ok', (d) => void (d.by = [certified({}, d.now)])),
  each('recovery', ['lift', 'config'], 'ok', (d) => { d.by = [aKey('recovery')]; d.policy = aHostPolicy({ rules: rules({ assurance: 'separate', quorum: 3 }) }); }),
  each('stopped', RUNS, 'stopped', (d) => void (d.stop = 'stop_1')),
  each('a document with something behind it', ALL, 'bad-order', (d) => void (d.edit.order = (t) => `${t}\n`)),
  each('a document without its end', ALL, 'bad-order', (d) => void (d.edit.order = (t) => t.slice(0, -4))),
  each('a number with a zero first', ALL, 'bad-order', (d) => void (d.edit.order = (t) => t.replace('\nissued ', '\nissued 0'))),
  each('two spaces', ALL, 'bad-order', (d) => void (d.edit.order = (t) => t.replace('issued ', 'issued  '))),
  each('a byte that is not ASCII', ALL, 'bad-order', (d) => void (d.edit.order = (t) => t.replace('example', 'exämple'))),
  each('another organisation', ALL, 'wrong-organisation', (d) => void (d.order.organisation = 'other')),
  each('one byte of the order', ALL, 'bad-signature', (d) => void (d.edit.order = (t) => t.replace(/issued (\d+)(\d)\n/, (_, a, b) => `issued ${a}${(Number(b) + 1) % 10}\n`))),
  each('two signatures in one', SIGNED, 'two-signatures', (d) => void (d.edit.signature = (s) => s + s)),
  each('lines behind the signature', SIGNED, 'trailing-bytes', (d) => void (d.edit.signature = (s) => `${s}more\n`)),
  each('lines before the signature', SIGNED, 'bad-signature', (d) => void (d.edit.signature = (s) => `more\n${s}`)),
  each('an armour of another width', SIGNED, 'bad-signature', (d) => void (d.edit.signature = rewrap)),
  each('bytes behind the signature inside its armour', SIGNED, 'trailing-bytes', (d) => void (d.edit.signature = inside((b) => Buffer.concat([b, Buffer.of(0)])))),
  each('a reserved field', SIGNED, 'bad-signature', (d) => void (d.edit.signature = inside(reserved))),
  each('no signature at all', SIGNED, 'bad-signature', (d) => void (d.edit.signature = () => '')),
  each('another namespace', SIGNED, 'bad-signature', (d) => void (d.edit.namespace = NAMESPACES.standing)),
  each('a key nobody has', SIGNED, 'unknown-signer', (d) => void (d.by = [aKey('mallory')])),
  each('a root nobody has', SIGNED, 'unknown-signer', (d) => void (d.by = [ aRoot('other').certify(aKey('alice'), 'alice', { validAfter: 0, validBefore: d.now + 60 }), ])),
  each('a certificate that is over', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ validBefore: d.now - 60 }, d.now - 100)])),
  each('a certificate that is not valid yet', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ validAfter: d.now + 600 }, d.now)])),
  each('a certificate of a host', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ isHost: true }, d.now)])),
  each('a certificate for two', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ principals: ['dave', 'alice'] }, d.now)])),
  each('a certificate for nobody', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ principals: [] }, d.now)])),
  each('a certificate for a stranger', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ principals: ['mallory'] }, d.now)])),
  each('a certificate with an option', SIGNED, 'unknown-signer', (d) => void (d.by = [certified({ critical: [['force-command', '/bin/true']] }, d.now)])),
  each('a certificate that asks for verification', SIGNED, 'ok', (d) => void (d.by = [certified({ critical: [['verify-required', '']] }, d.now)])),
  each('recovery where it may not', ['change'], 'unknown-signer', (d) => void (d.by = [aKey('recovery')])),
  each('a run signed by an operator', ['run'], 'unknown-signer', (d) => void (d.controlPlane = aKey('alice'))),
  each('a change signed by the control plane', ['change'], 'unknown-signer', (d) => void (d.by = [aKey('control plane')])),
  each('a revoked key', SIGNED, 'signer-revoked', (d) => void (d.revocations = theRevocations({ keys: [aKey('alice').blob] }))),
  each('a revoked control plane', ['run'], 'signer-revoked', (d) => void (d.revocations = theRevocations({ keys: [aKey('control plane').blob] }))),
  each('a revoked serial', SIGNED, 'signer-revoked', (d) => { d.by = [certified({ serial: 9 }, d.now)]; d.revocations = theRevocations({ serials: [{ root: aRoot('root').blob, serials: [3n, 9n] }] }); }),
  each('another revoked serial', SIGNED, 'ok', (d) => { d.by = [certified({ serial: 8 }, d.now)]; d.revocations = theRevocations({ serials: [{ root: aRoot('root').blob, serials: [3n, 9n] }] }); }),
  each('a revoked root', SIGNED, 'signer-revoked', (d) => { d.by = [certified({}, d.now)]; d.revocations = theRevocations({ keys: [aRoot('root').blob] }); }),
  each('a revoked key in a certificate', SIGNED, 'signer-revoked', (d) => { d.by = [certified({}, d.now)]; d.revocations = theRevocations({ keys: [aKey('certified').blob] }); }),
  each('signers with a line nobody can read', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => `${t}erin namespaces="holdfast-change@1" ssh-rsa AAAA\n`)),
  each('signers with a key cut short', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => t.replace(/(\n[^\n]*)....\n$/, '$1\n'))),
  each("signers whose type is not the key's", ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => t.replace('" ecdsa-sha2-nistp256 ', '" ssh-ed25519 '))),
  each('signers with a wildcard', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => t.replace('\nalice ', '\n* '))),
  each('signers with more namespaces', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => t.replace('holdfast-enrolment@1"', 'holdfast-enrolment@1,holdfast-run@1"'))),
  each('signers with an empty line', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => `${t}\n`)),
  each('signers with two people on one key', ALL, 'signers-broken', (d) => void (d.edit.signers = (t) => t.replace('\nbob ', '\nbob,erin '))),
  each('signers older than the config', ALL, 'signers-broken', (d) => void (d.inForce.signers = { version: 2, hash: NO_HASH })),
  each('no signers', ALL, 'signers-broken', (d) => void (d.edit.signers = () => '')),
  each('no config', ['change', 'run', 'lift', 'config'], 'signers-broken', (d) => void (d.hasConfig = false)),
  each('no revocations', ALL, 'revocations-broken', (d) => void (d.edit.revocations = () => Buffer.alloc(0))),
  each('revocations cut short', ALL, 'revocations-broken', (d) => { d.revocations = theRevocations({ keys: [aKey('mallory').blob] }); d.edit.revocations = (b) => b.subarray(0, -3); }),
  each('revocations of version 0', ALL, 'revocations-broken', (d) => void (d.edit.revocations = (b) => Buffer.concat([b.subarray(0, 12), Buffer.alloc(8), b.subarray(20)]))),
  each('older revocations', ALL, 'revocations-broken', (d) => void (d.inForce.revocations = { version: 2, hash: NO_HASH })),
  each('a host policy nobody can read', ALL, 'policy-broken', (d) => void (d.edit.policy = (t) => t.replace('rule T2', 'rule T9'))),
  each('an older host policy', ALL, 'policy-broken', (d) => void (d.inForce.hostPolicy = { version: 2, hash: NO_HASH })),
  each('a security key nobody touched', SIGNED, 'no-presence', (d) => void (d.by = [aSecurityKey('dave', { present: false })])),
  each('a security key that did not check', SIGNED, 'no-verification', (d) => void (d.by = [aSecurityKey('dave', { verified: false })])),
  each('a passkey nobody touched', SIGNED, 'no-presence', (d) => void (d.by = [aPasskey('carol', { present: false })])),
  each('a passkey that did not check', SIGNED, 'no-verification', (d) => void (d.by = [aPasskey('carol', { verified: false })])),
  each('a foreign origin', SIGNED, 'foreign-origin', (d) => void (d.by = [aPasskey('carol', { origin: 'https://evil.example' })])),
  each('another port', SIGNED, 'foreign-origin', (d) => void (d.by = [aPasskey('carol', { origin: 'https://console.example:8444' })])),
  each('another rpId', SIGNED, 'unknown-signer', (d) => void (d.by = [aPasskey('carol', { rpId: 'evil.example' })])),
  each('a frame of another page', SIGNED, 'cross-origin', (d) => void (d.by = [aPasskey('carol', { crossOrigin: true })])),
  each('a top origin', SIGNED, 'cross-origin', (d) => void (d.by = [aPasskey('carol', { more: `,"topOrigin":"${ORIGIN}"` })])),
  each('crossOrigin twice', SIGNED, 'cross-origin', (d) => void (d.by = [aPasskey('carol', { more: ',"crossOrigin":true' })])),
  each('an escape in what the browser says', SIGNED, 'cross-origin', (d) => void (d.by = [aPasskey('carol', { more: ',"cross\\u004frigin":true' })])),
  each('a browser that says more', SIGNED, 'ok', (d) => void (d.by = [aPasskey('carol', { more: ',"other":"x"' })])),
  each('a browser that says no crossOrigin', SIGNED, 'ok', (d) => void (d.by = [aPasskey('carol', { crossOrigin: undefined })])),
  each('the making of a passkey', SIGNED, 'bad-signature', (d) => void (d.by = [aPasskey('carol', { type: 'webauthn.create' })])),
  each('another challenge', SIGNED, 'bad-signature', (d) => void (d.by = [aPasskey('carol', { challenge: 'AAAA' })])),
  each('too little behind it', SIGNED, 'assurance-too-low', (d) => void (d.policy = aHostPolicy({ rules: rules({ assurance: 'touch' }) }))),
  each('a security key where another machine is asked for', SIGNED, 'assurance-too-low', (d) => { d.by = [aSecurityKey('dave')]; d.policy = aHostPolicy({ rules: rules({ assurance: 'separate' }) }); }),
  ...[ 'http://localhost:8443', 'http://localhost', 'https://localhost:8443', 'https://console.localhost', ].map((origin) => each(`a page on ${origin}`, SIGNED, 'assurance-too-low', (d) => { d.by = [aPasskey('carol', { origin })]; d.policy = aHostPolicy({ origins: [ORIGIN, origin], rules: rules({ assurance: 'separate' }), }); })),
  each('one operator where two are needed', SIGNED, 'quorum-not-met', (d) => void (d.policy = aHostPolicy({ rules: rules({ quorum: 2 }) }))),
  each('one operator where the order asks for two', ['change', 'config'], 'quorum-not-met', (d) => void (d.order.quorum = 2)),
  each('one operator with two keys', SIGNED, 'quorum-not-met', (d) => { d.by = [aKey('alice'), aKey('alice again')]; d.policy = aHostPolicy({ rules: rules({ quorum: 2 }) }); }),
  each('two operators where two are needed', SIGNED, 'ok', (d) => { d.by = [aKey('alice'), anEcdsaKey('bob')]; d.policy = aHostPolicy({ rules: rules({ quorum: 2 }) }); }),
  each('one bad signature among good ones', SIGNED, 'unknown-signer', (d) => void d.by.push(aKey('mallory'))),
  each('a standing approval with too few', ['run'], 'quorum-not-met', (d) => void (d.standing.quorum = 2)),
  each('a standing approval signed by a stranger', ['run'], 'unknown-signer', (d) => void (d.standingBy = [aKey('mallory')])),
  each('a standing approval signed by recovery', ['run'], 'unknown-signer', (d) => void (d.standingBy = [aKey('recovery')])),
  each('a standing approval of another organisation', ['run'], 'wrong-organisation', (d) => void (d.standing.organisation = 'other')),
  each('another standing approval', ['run'], 'bad-order', (d) => void (d.order.standing = NO_HASH)),
  each('a run of T3', ['run'], 'bad-order', (d) => void (d.order.tier = 'T3')),
  each('a clock below the floor', ALL, 'clock-below-floor', (d) => void (d.floor = d.now + 1000)),
  each('an order of the future', ALL, 'clock-skew', (d) => void (d.order.issued = d.now + 1000)),
  each('an order that may not run yet', RUNS, 'not-yet', (d) => void (d.order.notBefore = d.now + 500)),
  each('an order that had to run before', ['change', 'run', 'lift'], 'expired', (d) => void (d.order.runBy = d.now - 60)),
  each('a smaller log', ['change', 'run', 'config'], 'checkpoint-fork', (d) => void (d.order.checkpoint = { size: 6, root: NO_HASH })),
  each('a smaller log that was issued before', ['change', 'run', 'config'], 'ok', (d) => { d.order.checkpoint = { size: 6, root: sha256('six') }; d.witness = d.witness.map((seen) => ({ ...seen, issued: d.now + 60 })); }),
  each('another root', ['change', 'run', 'config'], 'checkpoint-fork', (d) => void (d.order.checkpoint = { size: 7, root: NO_HASH })),
  each('the same log', ['change', 'run', 'config'], 'ok', (d) => void (d.order.checkpoint = { size: 7, root: sha256('seven') })),
  each('no log with a root', ['change', 'run', 'config'], 'checkpoint-fork', (d) => { d.witness = []; d.order.checkpoint = { size: 0, root: sha256('zero') }; }),
  each('a part that is not in the one form', RUNS, 'bad-part', (d) => void (d.edit.part = (t) => t.replace('atomic no', 'atomic maybe'))),
  each('an argument that says one byte twice', RUNS, 'bad-part', (d) => void (d.edit.part = (t) => t.replace('/bin/true', '/bin/%74rue'))),
  each('an argument that is not UTF-8', RUNS, 'bad-part', (d) => void (d.edit.part = (t) => t.replace('/bin/true', '/bin/%C0%AF'))),
  each('a part that was not signed', RUNS, 'not-a-part', (d) => void (d.edit.part = (t) => t.replace('/bin/true', '/bin/false'))),
  each('a part of another host', RUNS, 'wrong-target', (d) => void (d.part.target = '1e'.repeat(16))),
  each('a part of another enrolment', RUNS, 'wrong-epoch', (d) => void (d.part.epoch = 2)),
  each('a standing approval that is over', ['run'], 'standing-expired', (d) => void (d.standing.expires = d.now - 60)),
  each('a standing approval of the future', ['run'], 'clock-skew', (d) => void (d.standing = { issued: d.now + 1000, expires: d.now + 5000 })),
  each('a standing approval outside its window', ['run'], 'outside-window', (d) => void (d.standing.window = windowFrom(d.now, 60, 120))),
  each('a standing approval inside its window', ['run'], 'ok', (d) => void (d.standing.window = windowFrom(d.now, -60, 60))),
  each('a standing approval for another action', ['run'], 'core-not-listed', (d) => void (d.standing.action = 'service.stop@1')),
  each('a core that is not listed', ['run'], 'core-not-listed', (d) => void (d.standing.cores = [sha256('core')])),
  each('a step that just ran', ['run'], 'cooldown', (d) => void (d.counted = [{ at: d.now - 100, core: '' }])),
  each('another step that just ran', ['run'], 'ok', (d) => void (d.counted = [{ at: d.now - 100, core: sha256('core') }])),
  each('a budget that is spent', ['run'], 'over-budget', (d) => void (d.counted = [1000, 900, 800].map((ago) => ({ at: d.now - ago, core: '' })))),
  each('a budget that is there again', ['run'], 'ok', (d) => void (d.counted = [4000, 900, 800].map((ago) => ({ at: d.now - ago, core: '' })))),
  each('input nobody signed', RUNS, 'stdin-changed', (d) => void (d.stdin = 'more')),
  each('input that was signed', RUNS, 'ok', (d) => { d.stdin = 'input\n'; d.part.stdin = sha256('input\n'); }),
  each('input that was changed', RUNS, 'stdin-changed', (d) => { d.stdin = 'input\n'; d.part.stdin = sha256('input\n'); d.edit.stdin = () => 'other\n'; }),
  each('input that is missing', RUNS, 'stdin-changed', (d) => void (d.part.stdin = sha256('input\n'))),
  each('a file that is there', RUNS, 'ok', (d, path) => void (d.part.files = [{ path, sha256: sha256(PRESENT.content) }])),
  each('a file that was changed', RUNS, 'file-changed', (d, path) => void (d.part.files = [{ path, sha256: sha256('before') }])),
  each('a file that is missing', RUNS, 'file-changed', (d, path) => void (d.part.files = [{ path: `${path} ü`, sha256: sha256('before') }])),
  each('conditions that hold', RUNS, 'ok', (d, path) => { d.part.conditions = [ { kind: 'file-sha256', path, sha256: sha256(PRESENT.content) }, { kind: 'file-absent', path: `${path}.absent` }, ]; }),
  each('a condition on content that fails', RUNS, 'condition-failed', (d, path) => void (d.part.conditions = [{ kind: 'file-sha256', path, sha256: sha256('x') }])),
  each('a condition on absence that fails', RUNS, 'condition-failed', (d, path) => void (d.part.conditions = [{ kind: 'file-absent', path }])),
  each('a way back before the way there', RUNS, 'forward-not-run', (d) => void (d.part.direction = 'inverse')),
  each('a way back after the way there', RUNS, 'ok', (d) => { d.part.direction = 'inverse'; d.hasRunForward = true; }),
  each('a spent nonce', RUNS, 'nonce-spent', (d) => void (d.isSpent = true)),
  each('another stop', ['lift'], 'other-stop', (d) => void (d.order.stop = 'stop_2')),
  each('no stop', ['lift'], 'other-stop', (d) => void (d.stop = null)),
  each('the first config', ['config'], 'ok', (d) => { d.hasConfig = false; d.isEnrolling = true; }),
  each('a first config where one is', ['config'], 'version-not-rising', (d) => { d.isEnrolling = true; d.order.version = 1; d.order.previous = NO_HASH; }),
  each('a config that is not newer', ['config'], 'version-not-rising', (d) => void (d.order.version = 1)),
  each('a config after another', ['config'], 'previous-mismatch', (d) => void (d.order.previous = NO_HASH)),
  each('a config with new files', ['config'], 'ok', (d) => { d.brought = { signers: { lines: [signerLine('alice', aKey('alice')), signerLine('recovery', aKey('recovery'))], }, revocations: { keys: [aKey('bob').blob] }, policy: { skew: 60 }, }; }),
  each('a config with another file', ['config'], 'file-mismatch', (d) => void (d.order.signers = { version: 1, hash: NO_HASH })),
  each('a config with an edited file of the same version', ['config'], 'file-mismatch', (d) => void (d.brought.signers = { version: 1, lines: [signerLine('alice', aKey('alice'))] })),
  each('a config with an older file', ['config'], 'version-not-rising', (d) => { d.signers = { ...d.signers, version: 3 }; d.brought.signers = { version: 2 }; }),
  each('a config with a file after another', ['config'], 'previous-mismatch', (d) => void (d.brought.policy = { previous: NO_HASH })),
  each('a config judged by its own files', ['config'], 'unknown-signer', (d) => { d.by = [aKey('mallory')]; d.brought.signers = { lines: [signerLine('mallory', aKey('mallory'))] }; }),
];

function windowFrom(now: number, from: number, to: number): string {
  const clock = (minutes: number): string =>
    new Date((now + minutes * 60) * 1000).toISOString().slice(11, 16);
  return `${clock(from)}-${clock(to)}`;
}

function inside(change: (blob: Buffer) => Buffer): (armored: string) => string {
  return (armored) => {
    const blob = Buffer.from(armored.split('\n').slice(1, -2).join(''), 'base64');
    const lines =
      change(blob)
        .toString('base64')
        .match(/.{1,70}/g) ?? [];
    return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join(
      '\n',
    );
  };
}

function rewrap(armored: string): string {
  const lines =
    armored
      .split('\n')
      .slice(1, -2)
      .join('')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----', ''].join('\n');
}

/** Puts four bytes into the reserved field, which ssh-keygen does not verify. */
function reserved(blob: Buffer): Buffer {
  let at = 10;
  for (let field = 0; field < 2; field++) at += 4 + blob.readUInt32BE(at);
  return Buffer.concat([
    blob.subarray(0, at),
    Buffer.from('0000000461626364', 'hex'),
    blob.subarray(at + 4),
  ]);
}
