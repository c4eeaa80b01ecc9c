import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sha256 } from '#base/digest';
import { throwsFault } from '#test/throws-fault';
import { type AuthorityChange, changeAuthority, firstAuthority } from './change-authority.ts';
import { NO_HASH } from './document-values.ts';
import { hostPolicyDocument } from './documents.ts';
import type { HostView, OrderRequest } from './host-view.ts';
import {
  type Authority,
  authorityOf,
  configStatus,
  type InForce,
  type NextConfig,
  nextConfig,
} from './in-force.ts';
import { judgeOrder } from './judge.ts';
import { parseRevocations } from './krl.ts';
import {
  aKey,
  anIdentity,
  aPasskey,
  aRoot,
  aSecurityKey,
  NOON,
  ORGANISATION,
  ORIGIN,
  type SampleSigner,
} from './samples.ts';
import { NAMESPACES, parseSigners } from './signers.ts';

const digests = {
  inventory: sha256('inventory'),
  policy: sha256('policy'),
  catalogue: sha256('catalogue'),
  baselines: sha256('baselines'),
};
const checkpoint = { size: 0, root: NO_HASH };

function next(
  current: InForce | null,
  authority: Authority,
  over: Partial<typeof digests> = {},
): NextConfig {
  const issued = NOON + (current === null ? 0 : 60);
  return nextConfig({
    organisation: ORGANISATION,
    current,
    authority,
    digests: { ...digests, ...over },
    issued,
    checkpoint,
  });
}

function inForce({ text, files }: NextConfig): InForce {
  return {
    config: text,
    signers: parseSigners(files.signers),
    revocations: parseRevocations(files.revocations),
    hostPolicy: hostPolicyDocument.parse(files.hostPolicy),
  };
}

/** What a host says of the next config, with `before` in force there. */
function judged(before: NextConfig | null, made: NextConfig, by: readonly SampleSigner[]): string {
  const view: HostView = {
    now: NOON + 120,
    identity: anIdentity(),
    stop: null,
    files: before?.files ?? { signers: null, revocations: null, hostPolicy: null },
    config: before?.text ?? null,
    isEnrolling: before === null,
    controlPlane: null,
    floor: 0,
    witness: [],
    spent: new Set(),
    counted: new Map(),
    ran: [],
    present: new Map(),
  };
  const signatures = by.map((key) => key.sign(NAMESPACES.config, made.text));
  const request: OrderRequest = { verb: 'config', order: made.text, signatures, ...made.files };
  const judgement = judgeOrder(view, request);
  return judgement.verdict === 'ok' ? 'ok' : judgement.code;
}

const alice = aSecurityKey('alice');
const bob = aPasskey('bob');
const recovery = aKey('recovery');
const solo = firstAuthority({
  operator: 'alice',
  key: alice.line,
  profile: 'solo',
  origins: [ORIGIN],
});
const first = next(null, solo);

function changed(current: NextConfig, ...changes: AuthorityChange[]): NextConfig {
  const now = inForce(current);
  return next(now, changeAuthority(authorityOf(now), ...changes));
}

describe('what is in force', () => {
  it('begins with version 1 of everything, signed by the first operator', () => {
    const { config } = first;
    assert.deepEqual([config.version, config.previous], [1, NO_HASH]);
    assert.deepEqual(
      [config.signers.version, config.revocations.version, config.hostPolicy.version],
      [1, 1, 1],
    );
    assert.equal(judged(null, first, [alice]), 'ok');
    assert.equal(judged(null, first, [aKey('mallory')]), 'unknown-signer');
  });

  it('asks a lone software key for no more than it can give, where it changes the config', () => {
    const key = aKey('alice');
    const made = next(
      null,
      firstAuthority({ operator: 'alice', key: key.line, profile: 'solo', origins: [] }),
    );
    assert.equal(judged(null, made, [key]), 'ok');
    const { rules } = inForce(made).hostPolicy;
    assert.equal(rules.config.assurance, 'same-user');
    assert.equal(rules.T2.assurance, 'touch');
    assert.equal(rules.standing.assurance, 'touch');
    assert.equal(inForce(first).hostPolicy.rules.config.assurance, 'touch');
  });

  it('keeps the bytes and versions of files that did not change', () => {
    const second = next(inForce(first), solo, { policy: sha256('another policy') });
    assert.deepEqual(second.config.signers, first.config.signers);
    assert.deepEqual(second.files, first.files);
    assert.deepEqual([second.config.version, second.config.previous], [2, sha256(first.text)]);
    assert.equal(judged(first, second, [alice]), 'ok');
  });

  it('takes another operator, and then needs as many as T3', () => {
    const team = changed(first, { kind: 'profile', profile: 'team' });
    assert.equal(judged(first, team, [alice]), 'ok');
    assert.equal(inForce(team).hostPolicy.rules.config.quorum, 1);
    const two = changed(
      team,
      { kind: 'add-operator', id: 'carol', key: aPasskey('carol').line },
      { kind: 'add-operator', id: 'bob', key: bob.line },
      { kind: 'profile', profile: 'team' },
    );
    assert.equal(judged(team, two, [alice]), 'ok');
    assert.equal(two.config.signers.version, 2);
    const { config } = inForce(two).hostPolicy.rules;
    assert.deepEqual(config, { quorum: 2, assurance: 'separate' });
    const later = changed(two, { kind: 'add-recovery', key: recovery.line });
    assert.equal(judged(two, later, [bob]), 'quorum-not-met');
    assert.equal(judged(two, later, [alice, bob]), 'assurance-too-low');
    assert.equal(judged(two, later, [aPasskey('carol'), bob]), 'ok');
  });

  it('revokes an operator: lines gone, keys in the revocations, for ever', async () => {
    const two = changed(first, { kind: 'add-operator', id: 'bob', key: bob.line });
    const gone = changed(two, { kind: 'revoke-operator', id: 'bob' });
    assert.equal(gone.config.revocations.version, 2);
    assert.ok(inForce(gone).revocations.keys.some((key) => key.equals(bob.blob)));
    assert.ok(!gone.files.signers.includes('bob'));
    assert.equal(judged(two, gone, [alice]), 'ok');
    await throwsFault(
      () => changed(gone, { kind: 'add-operator', id: 'bob', key: bob.line }),
      'invalid-config',
    );
  });

  it('is recovered with the recovery key alone', () => {
    const safe = changed(first, { kind: 'add-recovery', key: recovery.line });
    const lost = changed(
      safe,
      { kind: 'revoke-operator', id: 'alice' },
      { kind: 'add-operator', id: 'alice', key: aPasskey('new alice').line },
    );
    assert.equal(judged(safe, lost, [recovery]), 'ok');
    assert.equal(judged(first, lost, [recovery]), 'unknown-signer');
  });

  it('trusts a root for the operators it names, and takes back a certificate', () => {
    const root = aRoot('root');
    const trusted = changed(first, {
      kind: 'trust-root',
      key: root.line,
      operators: ['bob', 'dave'],
    });
    const certified = root.certify(aSecurityKey('bob on a certificate'), 'bob', { serial: 9 });
    const more = next(inForce(trusted), authorityOf(inForce(trusted)), { policy: sha256('p') });
    assert.equal(judged(trusted, more, [certified]), 'ok');
    const taken = changed(trusted, { kind: 'revoke-certificate', root: root.line, serial: 9n });
    const after = next(inForce(taken), authorityOf(inForce(taken)), { policy: sha256('p') });
    assert.equal(judged(taken, after, [certified]), 'signer-revoked');
  });

  it('lowers what a tier needs only by a version of the host policy that was signed', () => {
    const lowered = changed(first, { kind: 'rule', rule: 'T2', quorum: 1, assurance: 'same-user' });
    assert.equal(lowered.config.hostPolicy.version, 2);
    assert.equal(inForce(lowered).hostPolicy.previous, first.config.hostPolicy.hash);
    assert.equal(judged(first, lowered, [alice]), 'ok');
    assert.equal(
      judged(first, lowered, [aSecurityKey('alice', { present: false })]),
      'no-presence',
    );
  });

  const refused: readonly (readonly [string, AuthorityChange])[] = [
    ['nobody left', { kind: 'revoke-operator', id: 'alice' }],
    ['nobody of that name', { kind: 'revoke-operator', id: 'bob' }],
    ['a key that is there', { kind: 'add-operator', id: 'bob', key: alice.line }],
    ['an operator called recovery', { kind: 'add-operator', id: 'recovery', key: bob.line }],
    ['a pattern', { kind: 'add-operator', id: '*', key: bob.line }],
    [
      'an RSA key',
      { kind: 'add-operator', id: 'bob', key: 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAAQ==' },
    ],
    [
      'a certificate',
      { kind: 'add-operator', id: 'bob', key: aRoot('r').certify(bob, 'bob').line },
    ],
    ['a rule nobody can meet', { kind: 'rule', rule: 'config', quorum: 2, assurance: 'touch' }],
    [
      'an assurance nobody can give',
      { kind: 'rule', rule: 'lift', quorum: 1, assurance: 'separate' },
    ],
    ['a root for nobody', { kind: 'trust-root', key: bob.line, operators: [] }],
    ['a root for recovery', { kind: 'trust-root', key: bob.line, operators: ['recovery'] }],
    ['a serial that is none', { kind: 'revoke-certificate', root: bob.line, serial: 0n }],
  ];
  for (const [what, change] of refused) {
    it(`is never left with ${what}`, () =>
      throwsFault(() => changeAuthority(solo, change), 'invalid-config').then(() => undefined));
  }

  it('is unsigned, in force or changed, and says what changed', () => {
    const { config, text } = first;
    const now = {
      ...digests,
      signers: config.signers.hash,
      revocations: config.revocations.hash,
      hostPolicy: config.hostPolicy.hash,
    };
    assert.deepEqual(configStatus(null, [], now), { state: 'unsigned' });
    assert.deepEqual(configStatus(text, [], now), { state: 'unsigned' });
    assert.deepEqual(configStatus(text, ['good'], now), { state: 'in-force', version: 1 });
    for (const key of Object.keys(now) as (keyof typeof now)[]) {
      const name = key === 'hostPolicy' ? 'host-policy' : key;
      assert.deepEqual(configStatus(text, ['good'], { ...now, [key]: NO_HASH }), {
        state: 'changed',
        version: 1,
        changed: [name],
      });
    }
  });
});
