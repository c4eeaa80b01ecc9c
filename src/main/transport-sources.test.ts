import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { parseAllow } from '#egress';
import { nodeClock } from '#machine';
import { SecretsScene } from '#test/secrets';
import { throwsFault } from '#test/throws-fault';
import { transportKeys } from './transport-keys.ts';
import { TransportSources } from './transport-sources.ts';

async function given(
  test: (
    sources: TransportSources,
    scene: SecretsScene<ReturnType<typeof nodeClock>>,
    allow: (entries: string[]) => void,
  ) => Promise<void>,
): Promise<void> {
  await using scene = await SecretsScene.at(nodeClock());
  const { files, programs, clock } = scene.parts;
  const own = transportKeys(files, programs, scene.path('keys'));
  const settings = scene.path('transport.yaml');
  let allowed = ['127.0.0.1'];
  const egress = { allow: async () => parseAllow(allowed) };
  await using sources = new TransportSources({ files, clock, programs, settings, own, egress });
  await test(sources, scene, (entries) => {
    allowed = entries;
  });
}

const lent = ({ vault, path }: { vault: { address: string }; path: (name: string) => string }) =>
  `version: 1
keys:
  runner:
    vault:
      address: ${vault.address}
      auth: {tokenFile: ${path('token')}}
      ssh: {mount: ssh, role: holdfast, principals: [holdfast-runner]}
`;

describe('keys for hosts', () => {
  it('come from no place inside that nobody allowed, and the line to add is told', () =>
    given(async (sources, scene, allow) => {
      await sources.forEnrolment().current();
      allow([]);
      scene.write('transport.yaml', lent({ vault: scene.vault, path: (name) => scene.path(name) }));
      const { message } = await throwsFault(() => sources.keyOf('runner'), 'egress-refused');
      assert.match(
        message,
        /add to server\.yaml and sign: egress: \{allow: \["127\.0\.0\.1:[0-9]+"\]\}$/,
      );
    }));

  it('are our own without a file of settings, which enrolment makes', () =>
    given(async (sources, scene) => {
      assert.deepEqual(
        (await sources.checks()).map(({ ok, says }) => [ok, says]),
        [
          [true, 'made by the first enrolment'],
          [true, 'made by the first enrolment'],
        ],
      );
      await throwsFault(() => sources.keyOf('runner'), 'secret-file');
      assert.match((await sources.forEnrolment().current()).runner, /^ssh-ed25519 /);
      assert.deepEqual(await sources.keyOf('runner'), { keyFile: scene.path('keys/ssh/runner') });
      assert.ok((await sources.checks()).every(({ ok }) => ok));
    }));

  it('come from where the file says now, and from nowhere when it does not hold', () =>
    given(async (sources, scene) => {
      await sources.forEnrolment().current();
      scene.write('transport.yaml', lent({ vault: scene.vault, path: (name) => scene.path(name) }));
      const key = await sources.keyOf('runner');
      assert.ok('keyFile' in key);
      assert.equal(statSync(key.keyFile).mode & 0o777, 0o600);
      assert.deepEqual(await sources.keyOf('runner'), key);
      const [reader, runner] = await sources.checks();
      assert.match(reader?.says ?? '', /^file .*: there$/);
      assert.match(runner?.says ?? '', /^vault at .*, ssh ssh\/sign\/holdfast: there, until 20/);

      scene.write('transport.yaml', 'version: 1\nkeys: {runer: {file: /k}}\n');
      await throwsFault(() => sources.keyOf('runner'), 'invalid-transport-settings');
      assert.ok(!existsSync(key.keyFile));
      const [only] = await sources.checks();
      assert.match(only?.says ?? '', /transport\.yaml:2: /);

      rmSync(scene.path('transport.yaml'));
      assert.deepEqual(await sources.keyOf('runner'), { keyFile: scene.path('keys/ssh/runner') });
    }));

  it('that are lent are put on no host, and nothing of them stays', () =>
    given(async (sources, scene) => {
      scene.write('transport.yaml', lent({ vault: scene.vault, path: (name) => scene.path(name) }));
      const transport = sources.forEnrolment();
      for (const act of [
        () => transport.current(),
        () => transport.next(),
        () => transport.commit(),
      ])
        await throwsFault(act, 'keys-from-elsewhere');
      const key = await sources.keyOf('runner');
      const room = 'keyFile' in key ? dirname(dirname(key.keyFile)) : '';
      assert.equal(statSync(room).mode & 0o777, 0o700);
      await sources[Symbol.asyncDispose]();
      assert.ok(!existsSync(room));
      await throwsFault(() => sources.keyOf('runner'), 'keys-closed');
    }));
});
