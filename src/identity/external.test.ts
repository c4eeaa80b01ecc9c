import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { shift } from '#base/time';
import { nodeFiles } from '#machine';
import { seededRandom } from '#test/simulated-log';
import { openIdentity } from './open.ts';
import type { Identity } from './protocol.ts';
import { HOUR, MINUTE, NOON, SetClock } from './samples.ts';

const PAIR = { issuer: 'https://id.example', subject: '123', client: 'agent-7' };
const TOKEN = {
  ...PAIR,
  jti: 'token-1',
  issuedAt: shift(NOON, MINUTE),
  expiresAt: shift(NOON, HOUR),
  operator: 'ada',
  profile: 'observer',
};
const BY = ['operator:ada@console', 'lost'] as const;

async function anIdentity(path = ':memory:', clock = new SetClock()): Promise<Identity> {
  return openIdentity({ path, files: nodeFiles(), clock, random: seededRandom(7) });
}

describe('tokens of an identity provider', () => {
  it('are one lease for each subject and client, as it was brought last', async () => {
    await using identity = await anIdentity();
    const { external } = identity.leases;
    external.seen(TOKEN);
    external.seen({ ...TOKEN, jti: 'token-2', expiresAt: shift(NOON, 2 * HOUR) });
    external.seen({ ...TOKEN, jti: 'token-3', expiresAt: shift(NOON, HOUR), profile: 'ingest' });
    external.seen({ ...TOKEN, client: 'agent-8' });
    assert.deepEqual(
      external
        .list()
        .map(({ client, profile, expiresAt }) => [client, profile, expiresAt])
        .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ['agent-7', 'ingest', shift(NOON, 2 * HOUR)],
        ['agent-8', 'observer', shift(NOON, HOUR)],
      ],
    );
  });

  it('stay taken back when the file is opened again, until they are readmitted', async () => {
    const home = mkdtempSync(join(tmpdir(), 'holdfast-external-'));
    try {
      const path = join(home, 'identity.sqlite');
      let id = '';
      {
        await using identity = await anIdentity(path);
        const { external } = identity.leases;
        id = external.revoke(PAIR, ...BY, NOON);
        external.revoke(PAIR, 'operator:bea@console', 'again', shift(NOON, HOUR));
        external.bar({ ...PAIR, jti: 'token-9' }, ...BY, NOON);
        external.used(id, 'query_facts', NOON, true);
      }
      await using identity = await anIdentity(path);
      const { external } = identity.leases;
      assert.equal(external.isBarred(TOKEN), true);
      const { revoked, uses, failures } = external.get(id) ?? {};
      assert.deepEqual(revoked, { at: NOON, by: BY[0], reason: BY[1] }, 'by whoever was first');
      assert.deepEqual([uses, failures], [1, 1]);
      assert.deepEqual([external.readmit(id), external.readmit(id)], [true, false]);
      assert.equal(external.isBarred(TOKEN), false);
      assert.equal(external.isBarred({ ...TOKEN, jti: 'token-9' }), true);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it('that were made before this file began are refused: what barred them may be lost', async () => {
    await using identity = await anIdentity();
    const { external } = identity.leases;
    assert.equal(external.isBarred({ ...TOKEN, issuedAt: NOON }), true);
    assert.equal(external.isBarred({ ...TOKEN, issuedAt: shift(NOON, 1) }), false);
  });

  it('are barred by an issuer for good, and never for less than before', async () => {
    await using identity = await anIdentity();
    const { external } = identity.leases;
    external.barBefore(PAIR.issuer, ...BY, shift(NOON, HOUR));
    external.barBefore(PAIR.issuer, ...BY, NOON);
    assert.equal(external.isBarred({ ...TOKEN, issuedAt: shift(NOON, HOUR) }), true);
    assert.equal(external.isBarred({ ...TOKEN, issuedAt: shift(NOON, 2 * HOUR) }), false);
    assert.deepEqual(
      external.bars().map(({ jti, at, reason }) => [jti, at, reason]),
      [[null, shift(NOON, HOUR), 'lost']],
    );
  });

  it('that were barred one by one are forgotten once no token of then can still be good', async () => {
    const clock = new SetClock();
    await using identity = await anIdentity(':memory:', clock);
    const { external } = identity.leases;
    external.bar(TOKEN, ...BY, clock.now());
    clock.pass(24 * HOUR + MINUTE);
    assert.equal(external.bars().length, 1);
    clock.pass(2 * MINUTE);
    external.bar({ ...TOKEN, jti: 'another' }, ...BY, clock.now());
    assert.deepEqual(
      external.bars().map(({ jti }) => jti),
      ['another'],
    );
  });
});

describe('groups as they were said last', () => {
  it('count for a while, of one issuer, and not from the future', async () => {
    const clock = new SetClock();
    await using identity = await anIdentity(':memory:', clock);
    const { attested } = identity;
    const of = (issuer = PAIR.issuer, within = HOUR) => attested.of('ada', issuer, within);
    assert.deepEqual(of(), [], 'never said');
    attested.keep('ada', PAIR.issuer, ['sre', 'dns']);
    assert.deepEqual(of(), ['sre', 'dns']);
    assert.deepEqual(of('https://other.example'), []);
    assert.deepEqual(attested.of('bea', PAIR.issuer, HOUR), []);
    clock.pass(HOUR - 1);
    assert.deepEqual(of(), ['sre', 'dns']);
    clock.pass(1);
    assert.deepEqual(of(), []);
    clock.pass(-3 * HOUR);
    assert.deepEqual(of(), []);
    attested.keep('ada', PAIR.issuer, ['dns']);
    assert.deepEqual(of(), ['dns'], 'what was said last is all that was said');
    assert.deepEqual([attested.forget('ada'), attested.forget('ada')], [true, false]);
    assert.deepEqual(of(), []);
  });
});
