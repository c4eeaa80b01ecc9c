import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { NAMESPACES } from '#authority';
import type { Files } from '#base/ports';
import { instant } from '#base/time';
import type { HostPins } from '#enrolment';
import type { EventInput, EventRecord, Log } from '#evidence';
import type { AuthorityState } from '#execution';
import { parseInventory } from '#inventory';
import { nodeFiles } from '#machine';
import type { PinsInput } from '#operations';
import { aHostPolicy, aKey, theRevocations, theSigners } from '#samples/authority';
import { throwsFault } from '#test/throws-fault';
import { EnrolmentKeeper } from './enrolment-keeper.ts';

const root = mkdtempSync(join(tmpdir(), 'enrolment-test-'));
after(() => rmSync(root, { recursive: true, force: true }));

const key = (letter: string): string => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(43)}`;
const pins = (name: string, over: Partial<PinsInput> = {}): PinsInput => ({
  target: `host:${name}`,
  organisation: 'example',
  hostId: Buffer.from(name.padEnd(16, '-')).toString('hex'),
  epoch: 1,
  receiptKey: key('R'),
  hostKeys: [key('H')],
  capability: 'full',
  runnerBy: 'sudo',
  version: '0.1.0',
  server: 'OpenSSH_9.2',
  client: 'OpenSSH_9.2p1',
  ...over,
});

type Page = {
  readonly order: string;
  readonly hosts: readonly HostPins[];
  readonly left: number;
  readonly signedBy: readonly string[];
};
type Applied = { readonly missing: number; readonly says: readonly string[] };

/** Of one data directory; keepers come and go, the log stays. */
function aHouse(quorum = 1) {
  const directory = mkdtempSync(join(root, 'home-'));
  const told: EventRecord[] = [];
  let seconds = 1_772_366_400;
  let restored: string | null = null;
  const events: Pick<Log, 'append' | 'read'> = {
    append: (event: EventInput) => {
      told.push({ ...event, seq: told.length } as unknown as EventRecord);
      return { durable: Promise.resolve() } as unknown as ReturnType<Log['append']>;
    },
    read: async ({ operation }) => told.filter((each) => each.operation === operation).toReversed(),
  };
  const rules = aHostPolicy().rules;
  const state = () =>
    ({
      organisation: 'example',
      signers: theSigners(),
      revocations: theRevocations(),
      hostPolicy: aHostPolicy({ rules: { ...rules, config: { ...rules.config, quorum } } }),
      hasRecovery: true,
      restored,
    }) as unknown as AuthorityState;
  const inventory = parseInventory(
    `version: 1\ntargets:\n${['a', 'b', 'c'].map((name) => `  host:${name}:\n    hostType: debian\n    environment: lab\n    transport: ssh\n    address: 10.0.0.1\n`).join('')}`,
  );
  const keeper = (files: Files = nodeFiles()): EnrolmentKeeper =>
    new EnrolmentKeeper({
      files,
      clock: {
        now: () => instant(new Date(seconds * 1_000).toISOString()),
        monotonicMs: () => 0,
        sleep: async () => {},
      },
      directory,
      events,
      authority: async () => state(),
      inventory: async () => inventory,
      controlPlaneKey: key('C'),
      transport: {} as never,
      deliver: async () => [],
      enter: async () => null,
    });
  return {
    directory,
    told,
    keeper,
    later: (more: number) => void (seconds += more),
    restore: (at: string | null) => void (restored = at),
  };
}

const page = async (keeper: EnrolmentKeeper): Promise<Page> =>
  (await keeper.page(undefined)) as unknown as Page;
const sign = async (keeper: EnrolmentKeeper, order: string, ...by: readonly string[]) =>
  (await keeper.apply(
    { order, signatures: by.map((who) => aKey(who).sign(NAMESPACES.enrolment, order)) },
    'operator:me@local',
  )) as unknown as Applied;
const enrolled = async (keeper: EnrolmentKeeper): Promise<readonly string[]> => [
  ...(await keeper.hosts()).keys(),
];

describe('enrolments', () => {
  it('count from the signature on, and what waits counts for nothing', async () => {
    const { keeper: open } = aHouse();
    const keeper = open();
    await keeper.add(pins('a'), 'me');
    assert.deepEqual(await enrolled(keeper), []);
    const { order } = await page(keeper);
    await throwsFault(() => sign(keeper, order, 'mallory'), 'unknown-signer');
    assert.deepEqual(await enrolled(keeper), []);
    await sign(keeper, order, 'alice');
    assert.deepEqual(await enrolled(keeper), ['host:a']);
    assert.deepEqual(await enrolled(open()), ['host:a']);
    await throwsFault(() => sign(keeper, order, 'alice'), 'enrolment-moved');
  });

  it('wait for the quorum: signatures of several operators, one after another, one for each', async () => {
    const house = aHouse(2);
    const keeper = house.keeper();
    await keeper.add(pins('a'), 'me');
    const { order } = await page(keeper);
    assert.equal((await sign(keeper, order, 'alice')).missing, 1);
    assert.equal((await sign(keeper, order, 'alice')).missing, 1);
    assert.deepEqual(await enrolled(keeper), []);
    // What comes meanwhile waits for its own record; also after another start.
    await keeper.add(pins('b'), 'me');
    const next = await page(house.keeper());
    assert.deepEqual([next.order, next.signedBy, next.left], [order, ['alice'], 1]);
    assert.equal((await sign(house.keeper(), order, 'bob')).missing, 0);
    assert.deepEqual(await enrolled(keeper), ['host:a']);
    const last = await page(keeper);
    assert.deepEqual([last.hosts.map(({ target }) => target), last.signedBy], [['host:b'], []]);
  });

  it('ask for all signatures again after a day, and where what waits is another host by now', async () => {
    for (const moves of ['time', 'host']) {
      const house = aHouse(2);
      const keeper = house.keeper();
      await keeper.add(pins('a'), 'me');
      const { order } = await page(keeper);
      await sign(keeper, order, 'alice');
      if (moves === 'time') house.later(86_401);
      else await keeper.add(pins('a', { hostKeys: [key('X')] }), 'me');
      const next = await page(keeper);
      assert.notEqual(next.order, order);
      assert.deepEqual(next.signedBy, []);
      const old = await sign(keeper, order, 'bob').catch((thrown: unknown) => thrown);
      assert.ok(old instanceof Error, `${moves}: a record that moved was taken`);
    }
  });

  it('are finished by the next start when the log was told and the file was not written', async () => {
    const house = aHouse();
    const dying: Files = {
      ...nodeFiles(),
      replace: async (path, bytes, mode) => {
        if (/records\/\d{6}\.json$/.test(path)) throw new Error('killed');
        return nodeFiles().replace(path, bytes, mode);
      },
    };
    const keeper = house.keeper(dying);
    await keeper.add(pins('a'), 'me');
    await assert.rejects(sign(keeper, (await page(keeper)).order, 'alice'), /killed/);
    assert.deepEqual(await enrolled(house.keeper()), ['host:a']);
    assert.deepEqual(readdirSync(join(house.directory, 'records')), ['000001.json']);
  });

  it('are not there when the log was never told', async () => {
    const house = aHouse();
    const keeper = house.keeper();
    await keeper.add(pins('a'), 'me');
    await sign(keeper, (await page(keeper)).order, 'alice');
    house.told.length = 0;
    await throwsFault(() => house.keeper().hosts(), 'enrolment-broken');
  });

  const tampering: readonly (readonly [string, (records: string) => void])[] = [
    ['a record is taken away', (records) => unlinkSync(join(records, '000002.json'))],
    [
      'a record is put in the place of another',
      (records) => renameSync(join(records, '000001.json'), join(records, '000002.json')),
    ],
    [
      'the pins of a host are others',
      (records) => {
        const path = join(records, '000001.json');
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll('HHHH', 'XXXX'));
      },
    ],
    [
      'one more is put there',
      (records) =>
        writeFileSync(join(records, '000003.json'), readFileSync(join(records, '000002.json'))),
    ],
    ['one is not whole', (records) => writeFileSync(join(records, '000002.json'), '{}')],
  ];
  for (const [what, tamper] of tampering) {
    it(`are none at all when ${what}`, async () => {
      const house = aHouse();
      const keeper = house.keeper();
      for (const name of ['a', 'b']) {
        await keeper.add(pins(name), 'me');
        await sign(keeper, (await page(keeper)).order, 'alice');
      }
      assert.deepEqual(await enrolled(keeper), ['host:a', 'host:b']);
      tamper(join(house.directory, 'records'));
      await throwsFault(() => keeper.hosts(), 'enrolment-broken');
      await throwsFault(() => house.keeper().hosts(), 'enrolment-broken');
    });
  }

  it('never go back: an older epoch, another name for the same host', async () => {
    const keeper = aHouse().keeper();
    await keeper.add(pins('a', { epoch: 2 }), 'me');
    await sign(keeper, (await page(keeper)).order, 'alice');
    await throwsFault(() => keeper.add(pins('a', { epoch: 2 }), 'me'), 'older-epoch');
    const { hostId } = pins('a');
    await throwsFault(() => keeper.add(pins('b', { hostId }), 'me'), 'enrolled-elsewhere');
    await keeper.remove('host:a', 'me');
    await sign(keeper, (await page(keeper)).order, 'alice');
    assert.deepEqual(await enrolled(keeper), []);
    await keeper.add(pins('b', { hostId }), 'me');
    await throwsFault(() => keeper.add(pins('a', { epoch: 1 }), 'me'), 'older-epoch');
  });

  it('are used by nobody while a restored backup waits for an operator to look', async () => {
    const house = aHouse();
    const keeper = house.keeper();
    await keeper.add(pins('a'), 'me');
    await sign(keeper, (await page(keeper)).order, 'alice');
    house.restore('of yesterday');
    assert.deepEqual(await enrolled(keeper), []);
    const { hosts } = (await keeper.list()) as { hosts: readonly { state: string }[] };
    assert.deepEqual(
      hosts.map(({ state }) => state),
      ['restored'],
    );
    house.restore(null);
    assert.deepEqual(await enrolled(keeper), ['host:a']);
  });
});
