/** Hosts over ssh get what operators signed, in order, once, and without anybody waiting for the absent. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Adapter, Host } from '#adapters';
import {
  configDocument,
  firstAuthority,
  hostPolicyDocument,
  NAMESPACES,
  NO_HASH,
  nextConfig,
  parseRevocations,
  parseSigners,
} from '#authority';
import { sha256 } from '#base/digest';
import { Fault } from '#base/fault';
import type { Target } from '#model';
import { aKey, NOON } from '#samples/authority';
import { SimulatedHost } from '#test/simulated-host';
import { throwsFault } from '#test/throws-fault';
import type { AuthorityRecord } from './authority-record.ts';
import { HostsKeeper } from './hosts-keeper.ts';

const ALICE = aKey('alice');
const AUTHORITY = firstAuthority({
  operator: 'alice',
  key: ALICE.line,
  profile: 'solo',
  origins: [],
});
const LAX = { quorum: 1, assurance: 'same-user' } as const;

function records(count: number, signer = ALICE): readonly AuthorityRecord[] {
  const authority = {
    ...AUTHORITY,
    policy: { ...AUTHORITY.policy, rules: { ...AUTHORITY.policy.rules, config: LAX } },
  };
  const made: AuthorityRecord[] = [];
  let current: Parameters<typeof nextConfig>[0]['current'] = null;
  for (let n = 1; n <= count; n++) {
    const hash = sha256(`catalogue ${n}`);
    const digests = { inventory: hash, policy: hash, catalogue: hash, baselines: hash };
    const checkpoint = { size: 0, root: NO_HASH };
    const issued = NOON + n;
    const next = nextConfig({
      organisation: 'example',
      current,
      authority,
      digests,
      issued,
      checkpoint,
    });
    const { signers, revocations, hostPolicy } = next.files;
    current = {
      config: next.text,
      signers: parseSigners(signers),
      revocations: parseRevocations(revocations),
      hostPolicy: hostPolicyDocument.parse(hostPolicy),
    };
    made.push({
      config: configDocument.parse(next.text),
      texts: {
        order: next.text,
        signatures: [signer.sign(NAMESPACES.config, next.text)],
        signers,
        revocations: Buffer.from(revocations).toString('base64'),
        hostPolicy,
      },
    } as unknown as AuthorityRecord);
  }
  return made;
}

const target = (id: string): Target => ({ id, transport: 'ssh' }) as Target;

function aFleet(...names: readonly string[]) {
  const hosts = new Map(names.map((name) => [name, new SimulatedHost({ now: () => NOON + 100 })]));
  const away = new Set<string>();
  const entered: string[] = [];
  const adapter: Adapter = {
    name: 'simulated',
    host: async ({ id }): Promise<Host> => {
      entered.push(id);
      await new Promise((resolve) => setImmediate(resolve));
      if (away.has(id)) throw new Fault('unavailable', 'timed-out', 'away');
      return hosts.get(id) as SimulatedHost;
    },
  };
  const local = {
    adapter,
    enrolled: async () => undefined,
    deliver: async () => [],
  };
  const keeper = new HostsKeeper(local, {
    adapter,
    enrolled: async ({ id }) => ({
      organisation: 'example',
      hostId: id,
      epoch: 1,
      receiptKey: '',
    }),
    targets: async () => names.map(target),
  });
  const version = async (name: string): Promise<number | undefined> =>
    (await hosts.get(name)?.status())?.configVersion;
  return { keeper, away, entered, version, host: hosts };
}

describe('the hosts of a fleet', () => {
  it('are brought every version in order, and are not asked again when they have it', async () => {
    const fleet = aFleet('a', 'b');
    assert.deepEqual(await fleet.keeper.deliver(records(3)), []);
    assert.deepEqual([await fleet.version('a'), await fleet.version('b')], [3, 3]);
    fleet.entered.length = 0;
    await fleet.keeper.catchUp(target('a'));
    assert.deepEqual(fleet.entered, []);
  });

  it('that are away are told of, hold up nobody, and catch up when they are looked at', async () => {
    const fleet = aFleet('a', 'b');
    fleet.away.add('a');
    const said = await fleet.keeper.deliver(records(2));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^a does not have what is in force yet: timed-out/);
    assert.deepEqual([await fleet.version('a'), await fleet.version('b')], [0, 2]);
    fleet.away.clear();
    await fleet.keeper.catchUp(target('a'));
    assert.equal(await fleet.version('a'), 2);
  });

  it('are asked nothing when a process begins, and have what is in force before they are used', async () => {
    const fleet = aFleet('a');
    await fleet.keeper.begin(records(2));
    assert.deepEqual(fleet.entered, []);
    await fleet.keeper.adapterOf(target('a'))?.host(target('a'));
    assert.equal(await fleet.version('a'), 2);
  });

  it('take it once also from many who use them at the same moment', async () => {
    const fleet = aFleet('a');
    await fleet.keeper.begin(records(2));
    const uses = Array.from({ length: 10 }, () => fleet.keeper.catchUp(target('a')));
    await Promise.all(uses);
    assert.equal(await fleet.version('a'), 2);
    assert.deepEqual(fleet.entered, ['a']);
  });

  it('that refuse it say so, and are reached all the same: a stop has to', async () => {
    const fleet = aFleet('a');
    await fleet.keeper.begin(records(1, aKey('mallory')));
    await throwsFault(() => fleet.keeper.catchUp(target('a')), 'host-refused');
    assert.ok(await fleet.keeper.adapterOf(target('a'))?.host(target('a')));
  });
});
