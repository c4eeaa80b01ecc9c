/** Files of the data directory, edited by somebody without an operator's key. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import { aKey } from '#samples/authority';
import { aChangeHome, ask, type ChangeHome, mustOpen, PERSON, propose } from '#test/change-home';
import { throwsFault } from '#test/throws-fault';

const catalogue = (scratch: string, account: string): string => `version: 1
actions:
  - id: own.touch
    version: 1
    summary: Make a file
    family: own
    tier: T2
    sideEffect: data
    steps:
      - run: [touch, ${scratch}/made]
        runAs: ${account}
        effect: Makes a file
        inverse: none
    verify:
      probes:
        - run: [test, -e, ${scratch}/made]
`;

const records = (home: ChangeHome): string[] =>
  readdirSync(join(home.path, 'authority'))
    .filter((name) => /^\d{6}\.json$/.test(name))
    .sort();

async function refusesT2(home: ChangeHome, code: string): Promise<void> {
  await using service = await mustOpen(home.path);
  await throwsFault(() => propose(service, 'own.touch', {}), code);
}

describe('what operators signed', () => {
  it('is in force while nobody touched it', async () => {
    using home = await aChangeHome({ catalogue });
    await using service = await mustOpen(home.path);
    assert.equal((await propose(service, 'own.touch', {})).state, 'previewed');
  });

  it('is not rolled back by taking the newest record away', async () => {
    using home = await aChangeHome({ catalogue });
    rmSync(join(home.path, 'authority', records(home).at(-1) ?? ''));
    await refusesT2(home, 'authority-broken');
    // Not even where this machine does not remember it.
    rmSync(join(home.path, 'host'), { recursive: true });
    await refusesT2(home, 'authority-broken');
    for (const name of records(home)) rmSync(join(home.path, 'authority', name));
    await refusesT2(home, 'authority-broken');
  });

  it('is not rolled back while the service runs either', async () => {
    using home = await aChangeHome({ catalogue });
    await using service = await mustOpen(home.path);
    assert.equal((await propose(service, 'own.touch', {})).state, 'previewed');
    rmSync(join(home.path, 'authority', records(home).at(-1) ?? ''));
    await throwsFault(() => propose(service, 'own.touch', {}), 'authority-broken');
    const page = () => ask(service, 'config_page', { request: { kind: 'sign' } });
    await throwsFault(page, 'authority-broken');
  });

  it('is nothing that was put there by hand, signed or not', async () => {
    using home = await aChangeHome({ catalogue });
    const path = join(home.path, 'authority');
    {
      await using service = await mustOpen(home.path);
      const { order, digest } = await ask<{ order: string; digest: string }>(
        service,
        'config_page',
        { request: { kind: 'rule', rule: 'T3', quorum: 1, least: 'same-user' } },
      );
      const pending = JSON.parse(
        readFileSync(join(path, 'pending', `${digest}.json`), 'utf8'),
      ) as Record<string, unknown>;
      const signatures = [aKey(PERSON).sign(NAMESPACES.config, order)];
      const next = String(records(home).length + 1).padStart(6, '0');
      writeFileSync(
        join(path, `${next}.json`),
        JSON.stringify({ ...pending, signatures, recoveryTest: null }),
      );
    }
    await refusesT2(home, 'authority-broken');
  });

  it('survives a death between the log and its place', async () => {
    using home = await aChangeHome({ catalogue });
    const path = join(home.path, 'authority');
    const newest = records(home).at(-1) ?? '';
    const before: unknown = JSON.parse(readFileSync(join(path, newest), 'utf8'));
    renameSync(join(path, newest), join(path, 'signed.staged'));
    await using service = await mustOpen(home.path);
    assert.equal((await propose(service, 'own.touch', {})).state, 'previewed');
    assert.deepEqual(JSON.parse(readFileSync(join(path, newest), 'utf8')), before);
  });

  it('is signed one after another', async () => {
    using home = await aChangeHome({ catalogue });
    await using service = await mustOpen(home.path);
    const orders = await Promise.all(
      [1, 2].map((quorum) =>
        ask<{ order: string }>(service, 'config_page', {
          request: { kind: 'rule', rule: 'T3', quorum, least: 'separate' },
        }),
      ),
    );
    const signed = await Promise.allSettled(
      orders.map(({ order }) =>
        ask(service, 'config_apply', {
          order,
          signatures: [aKey(PERSON).sign(NAMESPACES.config, order)],
        }),
      ),
    );
    assert.deepEqual(signed.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal((await propose(service, 'own.touch', {})).state, 'previewed');
  });
});

describe('the enrolment of this machine', () => {
  it('is what the log says, whatever receipt key stands in the file', async () => {
    using home = await aChangeHome({ catalogue });
    const pin = join(home.path, 'authority', 'this-machine.json');
    const enrolled = JSON.parse(readFileSync(pin, 'utf8')) as Record<string, unknown>;
    writeFileSync(pin, JSON.stringify({ ...enrolled, receiptKey: aKey('control-plane').line }));
    await refusesT2(home, 'enrolment-broken');
    rmSync(pin);
    await using service = await mustOpen(home.path);
    assert.equal((await propose(service, 'own.touch', {})).state, 'previewed');
    assert.deepEqual(JSON.parse(readFileSync(pin, 'utf8')), enrolled);
  });
});
