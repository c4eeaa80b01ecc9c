/** What every source of keys owes, whatever stands behind it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { asFault } from '#base/fault';
import { SecretsScene } from '#test/secrets';
import { throwsFault } from '#test/throws-fault';
import type { HeldKey, KeyBroker } from './broker.ts';
import { openKeyBroker } from './open-broker.ts';
import type { SourceSettings } from './settings.ts';

export type SourceScene = {
  readonly settings: SourceSettings;
  /** `<type> <base64>` that it must be; `null`: a new one each time. */
  readonly publicKey: string | null;
  /** What must never be said. */
  readonly secrets: () => readonly string[];
  /** From now on it has no key. */
  readonly breakIt: () => unknown;
  readonly brokenCode: string;
  readonly end?: () => unknown;
};

export function brokerContract(
  name: string,
  prepare: (scene: SecretsScene) => SourceScene | Promise<SourceScene>,
): void {
  const given = async (
    test: (broker: KeyBroker, from: SourceScene, scene: SecretsScene) => Promise<void>,
  ): Promise<void> => {
    await using scene = await SecretsScene.open();
    const from = await prepare(scene);
    const settings = { reader: from.settings, runner: from.settings };
    try {
      await using broker = openKeyBroker(settings, scene.parts, (account) => scene.path(account));
      await test(broker, from, scene);
    } finally {
      await from.end?.();
    }
  };

  describe(`${name} as a source of keys`, () => {
    it('gives a key that OpenSSH can use, the same to all who ask at once and soon after', () =>
      given(async (broker, { publicKey }) => {
        const asked = await Promise.all([1, 2, 3, 4].map(() => broker.keyOf('runner')));
        const again = await broker.keyOf('runner');
        for (const each of asked) assert.deepEqual(each, again);
        const found = publicHalves(again);
        if (publicKey !== null) assert.ok(found.includes(publicKey), found.join());
        assert.ok((found[0] ?? '').length > 60);
        const report = await broker.report('runner');
        assert.deepEqual([report.ok, report.code, report.account], [true, null, 'runner']);
      }));

    it('says why it gives none, with a code and what to do, and nothing secret', () =>
      given(async (broker, { breakIt, brokenCode, secrets }) => {
        await broker.keyOf('runner');
        await breakIt();
        const report = await broker.report('runner');
        assert.deepEqual([report.ok, report.code], [false, brokenCode]);
        const fault = await throwsFault(() => broker.keyOf('runner'), brokenCode);
        assert.equal(fault.kind, 'unavailable');
        assert.match(fault.message, /^[a-z][^:]+: .+\. [A-Z].+/);
        const said = inspect([fault, fault.cause, fault.stack, report], { depth: 9 });
        assert.ok(secrets().length > 0);
        for (const secret of secrets()) assert.ok(!said.includes(secret), 'a secret was said');
      }));

    it('writes only private files into a private place, and leaves none', () =>
      given(async (broker, _, { parts: { directory } }) => {
        await broker.keyOf('runner');
        await broker.keyOf('reader');
        await broker.report('runner');
        if (existsSync(directory)) {
          assert.equal(statSync(directory).mode & 0o777, 0o700);
          for (const file of readdirSync(directory))
            if (!file.endsWith('.pub') || file.endsWith('-cert.pub'))
              assert.equal(statSync(`${directory}/${file}`).mode & 0o777, 0o600, file);
        }
        await broker[Symbol.asyncDispose]();
        assert.deepEqual(existsSync(directory) ? readdirSync(directory) : [], []);
        assert.equal(
          asFault(await broker.keyOf('runner').catch((e: unknown) => e)).code,
          'keys-closed',
        );
      }));
  });
}

function publicHalves(key: HeldKey): string[] {
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin' };
  const said =
    'keyFile' in key
      ? execFileSync('ssh-keygen', ['-y', '-P', '', '-f', key.keyFile], { encoding: 'utf8', env })
      : execFileSync('ssh-add', ['-L'], {
          encoding: 'utf8',
          env: { ...env, SSH_AUTH_SOCK: key.agentSocket },
        });
  return said
    .trim()
    .split('\n')
    .map((line) => line.split(' ').slice(0, 2).join(' '));
}
