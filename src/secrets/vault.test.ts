import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MICROS_PER_SECOND } from '#base/time';
import { SecretsScene, type VaultSource } from '#test/secrets';
import { throwsFault } from '#test/throws-fault';
import type { Forgery, VaultTrouble } from '#test/vault';
import type { HeldKey, KeyBroker } from './broker.ts';
import { openKeyBroker } from './open-broker.ts';
import type { KvSecret } from './vault/kv.ts';

const KV: KvSecret = {
  kind: 'kv',
  mount: 'secret',
  path: 'hosts/runner',
  field: 'private_key',
  version: null,
};

const opened = (scene: SecretsScene, more: Partial<VaultSource> = {}): KeyBroker =>
  openKeyBroker(
    { reader: { kind: 'own' }, runner: scene.vaultSettings(more) },
    scene.parts,
    (account) => scene.path(account),
  );
const fileOf = (key: HeldKey): string => ('keyFile' in key ? key.keyFile : '');
const lifeOf = (scene: SecretsScene, key: HeldKey): number =>
  ((key.expires ?? 0) - scene.clock.now()) / MICROS_PER_SECOND;

/** The clock is simulated; removing a file is not. */
async function isTaken(path: string): Promise<boolean> {
  for (let tries = 0; existsSync(path) && tries < 200; tries++) await sleep(10);
  return !existsSync(path);
}

describe("a key in Vault's key-value engine", () => {
  it('is the version that was asked for, and refused once that is deleted or destroyed', async () => {
    await using scene = await SecretsScene.open();
    const { vault } = scene;
    const [first, second] = [scene.key('a'), scene.key('b')];
    vault.put(KV.path, { private_key: first });
    vault.put(KV.path, { private_key: second, more: { not: 'ours' }, big: 1e300 });
    await using newest = opened(scene, { secret: KV });
    await using pinned = opened(scene, { secret: { ...KV, version: 1 } });
    assert.equal(readFileSync(fileOf(await newest.keyOf('runner')), 'utf8'), second);
    await newest[Symbol.asyncDispose]();
    assert.equal(readFileSync(fileOf(await pinned.keyOf('runner')), 'utf8'), first);
    vault.delete(KV.path, 1);
    assert.equal((await pinned.report('runner')).code, 'secret-deleted');
    await throwsFault(() => pinned.keyOf('runner'), 'secret-deleted');
    assert.deepEqual(readdirSync(scene.parts.directory), []);
    vault.destroy(KV.path, 2);
    await throwsFault(() => opened(scene, { secret: KV }).keyOf('runner'), 'secret-deleted');
    const third = { ...KV, version: 3 };
    await throwsFault(() => opened(scene, { secret: third }).keyOf('runner'), 'broker-missing');
  });

  it('is not used beyond the time at which it will be deleted', async () => {
    await using scene = await SecretsScene.open();
    scene.vault.put(KV.path, { private_key: scene.key('a') });
    const at = new Date(scene.clock.now() / 1_000 + 60_000);
    scene.vault.delete(KV.path, 1, at);
    await using broker = opened(scene, { secret: KV });
    const key = await broker.keyOf('runner');
    assert.ok(lifeOf(scene, key) < 61);
    await scene.clock.pass(61_000);
    assert.ok(await isTaken(fileOf(key)));
    await throwsFault(() => broker.keyOf('runner'), 'secret-deleted');
  });

  it('must be one that OpenSSH can use, in the field that was named', async () => {
    await using scene = await SecretsScene.open();
    const locked = scene.lockedKey('locked');
    for (const [data, code] of [
      [{ private_key: 'no key' }, 'key-unusable'],
      [{ private_key: locked }, 'key-unusable'],
      [{ private_key: '' }, 'secret-field'],
      [{ private_key: ['x'] }, 'secret-field'],
      [{ private_key: 7 }, 'secret-field'],
      [{ private_key: 'x'.repeat(20_000) }, 'secret-field'],
      [{ Private_key: 'x' }, 'secret-field'],
    ] as const) {
      scene.vault.put(KV.path, data);
      await using broker = opened(scene, { secret: KV });
      await throwsFault(() => broker.keyOf('runner'), code);
      if (existsSync(scene.parts.directory))
        assert.deepEqual(readdirSync(scene.parts.directory), []);
    }
  });

  it('is looked at again, so that a new one is used', async () => {
    await using scene = await SecretsScene.open();
    scene.vault.put(KV.path, { private_key: scene.key('a') });
    await using broker = opened(scene, { secret: KV });
    const before = await broker.keyOf('runner');
    const text = scene.key('b');
    scene.vault.put(KV.path, { private_key: text });
    assert.deepEqual(await broker.keyOf('runner'), before);
    await scene.clock.pass(301_000);
    const after = await broker.keyOf('runner');
    assert.equal(readFileSync(fileOf(after), 'utf8'), text);
    assert.ok(existsSync(fileOf(before)), 'an ssh may be reading it');
  });
});

describe("a certificate of Vault's SSH authority", () => {
  it('is for a new key each time, and renewed at two thirds of its life', async () => {
    await using scene = await SecretsScene.open();
    await using broker = opened(scene);
    const first = await broker.keyOf('runner');
    assert.ok(Math.abs(lifeOf(scene, first) - 900) <= 1);
    assert.ok(existsSync(`${fileOf(first)}-cert.pub`));
    await scene.clock.pass(590_000);
    scene.freshToken();
    assert.deepEqual(await broker.keyOf('runner'), first);
    await scene.clock.pass(20_000);
    const second = await broker.keyOf('runner');
    assert.notEqual(fileOf(second), fileOf(first));
    assert.notEqual(readFileSync(fileOf(second), 'utf8'), readFileSync(fileOf(first), 'utf8'));
    assert.ok(Math.abs(lifeOf(scene, second) - 900) <= 1);
  });

  it('is used to its end while Vault is away, which is said, and no longer', async () => {
    await using scene = await SecretsScene.open();
    await using broker = opened(scene);
    const first = await broker.keyOf('runner');
    await scene.clock.pass(610_000);
    scene.freshToken();
    scene.vault.isSealed = true;
    assert.deepEqual(await broker.keyOf('runner'), first);
    const report = await broker.report('runner');
    assert.deepEqual(
      [report.ok, report.code, report.expires],
      [false, 'broker-sealed', first.expires],
    );
    await scene.clock.pass(291_000);
    assert.ok(await isTaken(fileOf(first)), 'taken away at its end, although nobody asked');
    await throwsFault(() => broker.keyOf('runner'), 'broker-sealed');
    scene.vault.isSealed = false;
    // Left alone for a moment after trouble.
    await throwsFault(() => broker.keyOf('runner'), 'broker-sealed');
    await scene.clock.pass(5_000);
    assert.ok(lifeOf(scene, await broker.keyOf('runner')) > 800);
  });

  it('is dropped at once when Vault says no', async () => {
    await using scene = await SecretsScene.open();
    await using broker = opened(scene);
    const first = await broker.keyOf('runner');
    await scene.clock.pass(610_000);
    scene.vault.tokens.clear();
    await throwsFault(() => broker.keyOf('runner'), 'broker-denied');
    assert.ok(await isTaken(fileOf(first)));
  });

  it('is refused when it is anything but what was asked for', async () => {
    await using scene = await SecretsScene.open();
    scene.key('other');
    const forgeries: readonly (readonly [Forgery, RegExp])[] = [
      [{ key: scene.publicKey('other') }, /another key/],
      [{ isHost: true }, /not for a user/],
      [{ principals: 'holdfast-runner,root' }, /principals/],
      [{ principals: 'root' }, /principals/],
      [{ principals: '' }, /principals/],
      [{ options: ['force-command=id'] }, /critical options/],
      [{ options: ['verify-required'] }, /critical options/],
      [{ ttlSeconds: 5_000 }, /too long/],
      [{ startsInSeconds: 300, ttlSeconds: 800 }, /not valid yet/],
      [{ startsInSeconds: -300, ttlSeconds: -100 }, /over/],
      [{ otherAuthority: true }, /another authority/],
    ];
    for (const [forgery, because] of forgeries) {
      scene.vault.forgery = forgery;
      await using broker = opened(scene);
      const fault = await throwsFault(() => broker.keyOf('runner'), 'certificate-refused');
      assert.match(String(fault.facts['because']), because, JSON.stringify(forgery));
      assert.deepEqual(readdirSync(scene.parts.directory), []);
    }
    for (const body of [
      { signed_key: 7 },
      { signed_key: 'ssh-ed25519-cert-v01@openssh.com AAAA' },
      { signed_key: scene.publicKey('other') },
      {},
    ]) {
      scene.vault.trouble = { kind: 'text', body: JSON.stringify({ data: body }) };
      await using broker = opened(scene);
      const code = typeof body.signed_key === 'string' ? 'certificate-refused' : 'broker-answer';
      await throwsFault(() => broker.keyOf('runner'), code);
    }
  });

  it('is not asked for with principals that the role does not give', async () => {
    await using scene = await SecretsScene.open();
    scene.vault.allowedPrincipals = [];
    await using broker = opened(scene);
    await throwsFault(() => broker.keyOf('runner'), 'broker-refused');
  });
});

describe('Vault', () => {
  it('in trouble is told apart, and its words are not repeated', async () => {
    await using scene = await SecretsScene.open();
    const canary = 'canary-of-the-body';
    const status = (number: number): VaultTrouble => ({
      kind: 'status',
      status: number,
      body: JSON.stringify({ errors: [canary] }),
    });
    for (const [trouble, code] of [
      [status(400), 'broker-refused'],
      [status(403), 'broker-denied'],
      [status(404), 'broker-missing'],
      [status(307), 'broker-elsewhere'],
      [status(412), 'broker-busy'],
      [status(429), 'broker-busy'],
      [status(500), 'broker-failed'],
      [status(502), 'broker-failed'],
      [status(503), 'broker-sealed'],
      [status(201), 'broker-answer'],
      [{ kind: 'silent' }, 'broker-unreachable'],
      [{ kind: 'huge' }, 'broker-unreachable'],
      [{ kind: 'cut' }, 'broker-unreachable'],
      [{ kind: 'text', body: `<html>${canary}` }, 'broker-answer'],
      [{ kind: 'text', body: '[]' }, 'broker-answer'],
      [{ kind: 'text', body: '['.repeat(200_000) }, 'broker-answer'],
      [{ kind: 'text', body: '{"__proto__":{"data":{"signed_key":"x"}}}' }, 'broker-answer'],
    ] as const satisfies readonly (readonly [VaultTrouble, string])[]) {
      scene.vault.trouble = trouble;
      await using broker = opened(scene, { secret: KV });
      const fault = await throwsFault(() => broker.keyOf('runner'), code);
      assert.ok(
        !JSON.stringify([fault.message, fault.facts, String(fault.cause)]).includes(canary),
      );
    }
    await using broker = opened(scene, { secret: KV });
    await scene.vault.stop();
    await throwsFault(() => broker.keyOf('runner'), 'broker-unreachable');
  });

  it('is asked with the token that lies in the file now, in the namespace that was set', async () => {
    await using scene = await SecretsScene.open();
    scene.vault.namespace = 'team/a';
    await throwsFault(() => opened(scene).keyOf('runner'), 'broker-missing');
    await using broker = opened(scene, { namespace: 'team/a' });
    await broker.keyOf('runner');
    scene.vault.tokens.clear();
    scene.freshToken();
    assert.equal((await broker.report('runner')).ok, true);
    assert.equal(scene.vault.requests.at(-1)?.headers['x-vault-token'], scene.token);
    for (const [text, mode] of [
      [scene.token, 0o644],
      ['two words\n', 0o600],
      [`${scene.token}\r\nx-forged: 1\n`, 0o600],
      ['', 0o600],
    ] as const) {
      scene.write('token', text, mode);
      const before = scene.vault.requests.length;
      assert.equal((await broker.report('runner')).code, 'secret-file');
      assert.equal(scene.vault.requests.length, before);
    }
  });

  it('renews a token of AppRole, asks for a new one when that ends, and gives it back', async () => {
    await using scene = await SecretsScene.open();
    const { vault, clock } = scene;
    vault.tokenLifeMs = 90_000;
    const auth = {
      kind: 'approle',
      mount: 'approle',
      roleId: vault.roleId,
      secretIdFile: scene.path('secret-id'),
    } as const;
    await using broker = opened(scene, { auth });
    const asked = (): string[] => vault.requests.splice(0).map(({ path }) => path);
    const [login, renew, sign] = [
      'auth/approle/login',
      'auth/token/renew-self',
      'ssh/sign/holdfast',
    ];
    const report = async (): Promise<string[]> => {
      assert.equal((await broker.report('runner')).code, null);
      return asked();
    };
    assert.deepEqual(await report(), [login, sign]);
    assert.deepEqual(await report(), [sign]);
    await clock.pass(61_000);
    assert.deepEqual(await report(), [renew, sign]);
    await clock.pass(95_000);
    assert.deepEqual(await report(), [login, sign]);
    vault.tokens.clear();
    assert.deepEqual(await report(), [sign, login, sign]);
    vault.tokenIsRenewable = false;
    vault.tokens.clear();
    assert.deepEqual(await report(), [sign, login, sign]);
    await clock.pass(61_000);
    assert.deepEqual(await report(), [login, sign]);
    const before = vault.tokens.size;
    await broker[Symbol.asyncDispose]();
    assert.deepEqual(asked(), ['auth/token/revoke-self']);
    assert.equal(vault.tokens.size, before - 1);
  });
});
