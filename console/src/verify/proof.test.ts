/** Changes of a paper fleet, proved as their page does it, and lies about them. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { aKey } from '#samples/authority';
import { ASSISTANT, aChangeWorld, aProposal, OPERATOR, type World } from '#test/change-world';
import { lent } from '#test/lent-verifier';
import { type BentParts, paperProof } from '#test/paper-proof';
import { cosign, KEYS, LOG, OTHER_WITNESS, WITNESS } from '../../../test/verifier/made-bundle.ts';
import { fingerprintOf, type Given, NOTHING_GIVEN } from './given.ts';
import type { CheckpointTold, LogSource, Remembered } from './log.ts';
import type { OnPage, Proof } from './proof.ts';
import { admit, NOBODY, type Trust } from './trust.ts';

const { proveChange } = await lent(() => import('./proof.ts'));

const NOW = '2026-01-02T00:00:00.000Z';
const LATER = '2026-01-03T00:00:00.000Z';
type Known = { log: Remembered | undefined; trust: Trust; own: readonly string[] };
const UNKNOWN: Known = { log: undefined, trust: NOBODY, own: [] };

let world: World;
const sourceOf = (of: World, witnesses: readonly string[] = []): LogSource => {
  const proof = paperProof(of, witnesses);
  return {
    checkpoint: async (earlier) =>
      (await proof.checkpoint(earlier, false)) as unknown as CheckpointTold,
    prove: async () => [],
  };
};

/** A change that is over, as its page and its file have it. */
async function aChange(
  of: World,
  reason = 'it is down',
  bend?: (parts: BentParts) => void,
  by = 'alice',
): Promise<{ page: OnPage; file: string }> {
  const { changeId } = await of.road.propose(ASSISTANT, aProposal({ reason }));
  await of.approve(changeId, by);
  for (let turn = 0; turn < 500 && of.road.get(OPERATOR, changeId).state !== 'confirmed'; turn++)
    await new Promise((resolve) => setImmediate(resolve));
  const view = of.road.get(OPERATOR, changeId);
  assert.equal(view.state, 'confirmed');
  of.pass(3_600);
  const { bundle } = (await paperProof(of, [], bend).bundle(changeId)) as { bundle: string };
  return { page: view as unknown as OnPage, file: bundle };
}

/** An OpenSSH KRL (PROTOCOL.krl) of one key. */
function aKrl(line: string): Buffer {
  const number = (value: number | bigint, bytes: number): Buffer =>
    Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex');
  const text = (bytes: Buffer): Buffer => Buffer.concat([number(bytes.length, 4), bytes]);
  const blob = Buffer.from(line.split(' ').find((each) => each.startsWith('AAAA')) ?? '', 'base64');
  const head = [number(0x5353484b524c0a00n, 8), number(1, 4), Buffer.alloc(24)];
  const none = text(Buffer.alloc(0));
  return Buffer.concat([...head, none, none, Buffer.of(2), text(text(blob))]);
}

/** What failed, by line. */
const failing = ({ lines }: Proof): readonly string[] =>
  lines.filter(({ verdict }) => verdict === 'fails').map(({ id }) => id);
const saysOf = ({ lines }: Proof, of: string): string =>
  lines.find(({ id }) => id === of)?.says.join('; ') ?? '';

function known({ verdict, lines, remember }: Proof): Known & { log: Remembered } {
  assert.equal(verdict, 'proved', JSON.stringify(lines));
  assert.ok(remember);
  return { log: { ...remember.log, seenAt: NOW }, trust: remember.trust, own: [] };
}

before(async () => {
  world = await aChangeWorld({ oneClock: true });
});

describe('a change that was signed, run and written down', () => {
  it('is proved, first by keys seen first, then by keys that are known', async () => {
    const { page, file } = await aChange(world);
    const first = await proveChange(file, page, sourceOf(world), UNKNOWN, NOW);
    const seen = known(first);
    assert.deepEqual(
      first.lines.filter(({ verdict }) => verdict !== 'holds').map(({ id }) => id),
      ['witnesses', 'timestamps', 'revocations'],
    );
    assert.deepEqual(
      first.rests.map(({ who, isFirst }) => [who, isFirst]),
      [
        ['alice', true],
        ['host:web-1', true],
      ],
    );
    assert.match(first.rests[0]?.fingerprint ?? '', /^SHA256:[A-Za-z0-9+/]{43}$/);
    const next = await aChange(world);
    const again = await proveChange(next.file, next.page, sourceOf(world), seen, LATER);
    assert.ok(known(again).log.size > seen.log.size);
    assert.ok(again.rests.every(({ isFirst, since }) => !isFirst && since === NOW));
    // What signed in this browser needs nobody's word.
    const own = [aKey('alice').line];
    const mine = await proveChange(file, page, sourceOf(world), { ...UNKNOWN, own }, NOW);
    assert.deepEqual(
      mine.rests.map(({ isOwn }) => isOwn),
      [true, false],
    );
  });

  it('names the key that signed, and takes no other for it or for one of this browser', async () => {
    const alice = aKey('alice').line;
    const [type, base64] = alice.split(' ');
    const { page, file } = await aChange(world, 'it is down', ({ orders }) => {
      for (const { signatures } of orders)
        for (const one of signatures)
          Object.assign(one, { key: `${type}\t${base64} ${KEYS.mallory.line.split(' ')[1]}` });
    });
    const plain = await aChange(world);
    const { trust } = known(
      await proveChange(plain.file, plain.page, sourceOf(world), UNKNOWN, NOW),
    );
    const other = `alice namespaces="holdfast-change@1" ${KEYS.mallory.line} ${alice}`;
    const both = { ...UNKNOWN, own: [alice], trust: admit(trust, [other], NOW) };
    const proof = await proveChange(file, page, sourceOf(world), both, LATER);
    assert.equal(proof.verdict, 'proved', JSON.stringify(proof.lines));
    assert.deepEqual(
      proof.rests.map(({ fingerprint, isOwn }) => [fingerprint, isOwn]).slice(0, -1),
      [[await fingerprintOf(alice), true]],
    );
    const signed = { ...trust, signers: [{ who: 'alice', key: other, since: NOW }] };
    const byOther = { ...UNKNOWN, own: [alice], trust: signed };
    const stranger = await proveChange(plain.file, plain.page, sourceOf(world), byOther, LATER);
    assert.ok(!stranger.rests.some(({ isOwn }) => isOwn));
  });

  it('is not proved when its page shows something else', async () => {
    const { page, file } = await aChange(world);
    const lies: readonly Partial<OnPage>[] = [
      { changeId: 'chg_other' },
      { digest: '0'.repeat(64) },
      { state: 'failed' },
      { approvals: [{ operator: 'bob' }] },
      { receipts: page.receipts.map((each) => ({ ...each, status: 1 })) },
      { receipts: page.receipts.map((each) => ({ ...each, target: 'host:web-2' })) },
      { verification: [{ says: 'all is well', held: true }] },
    ];
    for (const lie of lies) {
      const shown = { ...page, ...lie };
      const proof = await proveChange(file, shown, sourceOf(world), UNKNOWN, NOW);
      assert.deepEqual([proof.verdict, failing(proof)], ['disproved', ['page']]);
      assert.equal(proof.remember, undefined);
    }
  });

  it('is not proved by keys that are others than were known', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const hosts = seen.trust.hosts.map((each) => ({ ...each, key: KEYS.mallory.line }));
    const byHost = await proveChange(
      file,
      page,
      sourceOf(world),
      { ...seen, trust: { ...seen.trust, hosts } },
      LATER,
    );
    assert.deepEqual([byHost.verdict, failing(byHost).includes('receipts')], ['disproved', true]);
    // The same organisation to the letter, but for the keys of its hosts.
    const other = await aChangeWorld({ oneClock: true });
    const forged = await aChange(other);
    const foreign = await proveChange(forged.file, forged.page, sourceOf(world), seen, LATER);
    assert.equal(foreign.verdict, 'disproved');
  });

  it('waits for a person where signers that are known let in a new one, and fails where nobody did', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const [alice] = seen.trust.signers.filter(({ who }) => who === 'alice');
    assert.ok(alice);
    const onlyAlice = { ...seen, trust: { ...seen.trust, signers: [alice] } };
    const vouched = await proveChange(file, page, sourceOf(world), onlyAlice, LATER);
    assert.deepEqual(known(vouched).trust.signers, [alice], 'nobody is learnt by the way');
    assert.match(saysOf(vouched, 'config'), /new among the signers: /);
    assert.ok(vouched.pending.every(({ by, isNeeded }) => by.join() === 'alice' && !isNeeded));
    assert.match(vouched.pending[0]?.fingerprint ?? '', /^SHA256:/);
    const others = seen.trust.signers.filter(({ who }) => who !== 'alice');
    const withoutAlice = { ...seen, trust: { ...seen.trust, signers: others } };
    const strange = await proveChange(file, page, sourceOf(world), withoutAlice, LATER);
    assert.equal(strange.verdict, 'disproved');
    assert.ok(failing(strange).includes('signatures'));
    assert.deepEqual(strange.pending, []);
  });

  it('counts who was let in since only once a person accepted them', async () => {
    const { page, file } = await aChange(world, 'it is down', undefined, 'bob');
    const first = await proveChange(file, page, sourceOf(world), UNKNOWN, NOW);
    const seen = known(first);
    const alice = seen.trust.signers.filter(({ who }) => who === 'alice');
    const before = { ...seen, trust: { ...seen.trust, signers: alice } };
    const waits = await proveChange(file, page, sourceOf(world), before, LATER);
    assert.deepEqual([waits.verdict, waits.remember], ['cannot', undefined]);
    assert.deepEqual(
      waits.pending.map(({ who, by, isNeeded }) => [who, by, isNeeded]),
      [
        ['bob', ['alice'], true],
        ['recovery', ['alice'], false],
      ],
    );
    const lines = waits.pending.flatMap(({ line, isNeeded }) => (isNeeded ? [line] : []));
    const accepted = { ...before, trust: admit(before.trust, lines, LATER) };
    const proved = await proveChange(file, page, sourceOf(world), accepted, LATER);
    assert.deepEqual([proved.verdict, proved.pending.length], ['proved', 1]);
  });

  it('stands on what a person gave, in place of what was seen first, and learns nothing of it', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const { logKeys } = await proveChange(file, page, sourceOf(world), seen, LATER);
    const prove = (given: Partial<Given>, of: Known = seen): Promise<Proof> =>
      proveChange(
        file,
        page,
        sourceOf(world),
        { ...of, given: { ...NOTHING_GIVEN, ...given } },
        LATER,
      );
    const right = seen.trust.signers.map(({ key }) => key);
    const proved = await prove({ signers: right, logKeys }, UNKNOWN);
    assert.deepEqual([proved.verdict, proved.given], ['proved', { log: true, signers: true }]);
    assert.deepEqual(known(proved).trust.signers, []);
    assert.equal(proved.rests.find(({ who }) => who === 'alice')?.isGiven, true);
    assert.match(saysOf(proved, 'log'), /the key that was given here/);
    // What this browser saw before was a lie: the auditor's key says so.
    const lied = { ...seen, log: { ...seen.log, key: KEYS.mallory.line } };
    assert.equal(
      (await proveChange(file, page, sourceOf(world), lied, LATER)).verdict,
      'disproved',
    );
    assert.equal((await prove({ logKeys }, lied)).verdict, 'proved');
    for (const wrong of [{ logKeys: [LOG.vkey] }, { signers: [`alice ${KEYS.mallory.line}`] }])
      assert.equal((await prove(wrong)).verdict, 'disproved', JSON.stringify(wrong));
    // The list of revoked keys too: holding where it names others, and not where it names who signed.
    const revoked = (key: string): Promise<Proof> =>
      prove({ revocations: aKrl(key).toString('base64') });
    const none = await revoked(KEYS.mallory.line);
    assert.equal(none.lines.find(({ id }) => id === 'revocations')?.verdict, 'holds');
    assert.ok(failing(await revoked(aKey('alice').line)).includes('signatures'));
  });

  it('lets no stranger in behind so many findings that none about the config is listed', async () => {
    const { page, file } = await aChange(world, 'it is down', (parts) => {
      for (const order of parts.orders)
        order.signatures = Array.from({ length: 60 }, () => order.signatures[0] as never);
    });
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const signers = seen.trust.signers.filter(({ who }) => who !== 'alice');
    assert.ok(signers.length > 0);
    const strangers = { ...seen, trust: { ...seen.trust, signers } };
    const proof = await proveChange(file, page, sourceOf(world), strangers, LATER);
    assert.equal(proof.verdict, 'disproved');
    assert.equal(proof.remember, undefined);
  });

  it('takes one key of the control plane from a file, and no signer beside it', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const others = seen.trust.signers.filter(({ who }) => who !== 'alice');
    const alice = seen.trust.signers.find(({ who }) => who === 'alice');
    const strangers = { ...seen, trust: { ...seen.trust, signers: others, controlPlane: [] } };
    const signature = { operator: 'control-plane', assurance: 'same-user', at: '', armored: '' };
    const key = `${KEYS['control-plane'].line}\n${alice?.key}`;
    const bent = await aChange(world, 'it is down', (parts) => {
      const text = 'holdfast-run 1\n';
      parts.orders.push({ text, signatures: [{ ...signature, key }], parts: [], standing: null });
    });
    const proof = await proveChange(bent.file, bent.page, sourceOf(world), strangers, LATER);
    assert.ok(failing(proof).includes('signatures'), JSON.stringify(proof.lines));
    assert.deepEqual(
      proof.signers.split('\n').filter((each) => each.startsWith('alice ')),
      [],
    );
  });

  it('is disproved by each part of it that is bent', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const { payload, ...envelope } = JSON.parse(file) as { payload: string };
    const text = Buffer.from(payload, 'base64').toString();
    for (const [from, to] of [
      ['"tainted":false', '"tainted":true'],
      ['status 0', 'status 1'],
      ['quorum 1', 'quorum 0'],
      ['"state":"confirmed"', '"state":"failed"'],
    ] as const) {
      const bent = text.replace(from, to);
      assert.notEqual(bent, text, from);
      const made = JSON.stringify({ ...envelope, payload: Buffer.from(bent).toString('base64') });
      const proof = await proveChange(made, page, sourceOf(world), seen, LATER);
      assert.equal(proof.verdict, 'disproved', from);
      assert.ok(failing(proof).includes('file'), from);
    }
    for (const nothing of ['', '{}', 'null', '[]', '{"payload":""}']) {
      const proof = await proveChange(nothing, page, sourceOf(world), seen, LATER);
      assert.deepEqual([proof.verdict, failing(proof)], ['disproved', ['file']]);
    }
  });

  it('is disproved when its checkpoint is of another log than the one that is known', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, sourceOf(world), UNKNOWN, NOW));
    const other = await aChangeWorld({ oneClock: true, hosts: ['host:web-1'] });
    const foreign = await aChange(other, 'another history');
    const proof = await proveChange(foreign.file, foreign.page, sourceOf(other), seen, LATER);
    assert.deepEqual([proof.verdict, failing(proof)], ['disproved', ['log']]);
    const mixed = await proveChange(foreign.file, foreign.page, sourceOf(world), seen, LATER);
    assert.ok(failing(mixed).includes('log'), JSON.stringify(mixed.lines));
  });
});

describe('witnesses', () => {
  const witnessed = async (key = WITNESS, time = 1_700_000_000): Promise<LogSource> => {
    const { note, ...told } = await sourceOf(world).checkpoint(undefined);
    const cosigned = { note: cosign(note, key, time), proof: [] };
    return {
      checkpoint: async (earlier) => {
        const { consistency } = await sourceOf(world).checkpoint(earlier);
        return { ...told, note, consistency, witnesses: [{ key: WITNESS.vkey, cosigned }] };
      },
      prove: async () => [],
    };
  };

  it('are said, known from then on, and missed when they are gone', async () => {
    const { page, file } = await aChange(world);
    const first = await proveChange(file, page, await witnessed(), UNKNOWN, NOW);
    const seen = known(first);
    assert.deepEqual(seen.log.witnesses, [WITNESS.vkey]);
    assert.match(saysOf(first, 'witnesses'), /had not cosigned this checkpoint/);
    const gone = await proveChange(file, page, sourceOf(world), seen, LATER);
    assert.deepEqual(known(gone).log.witnesses, [WITNESS.vkey]);
  });

  it('are not believed with another key, another log, or no time', async () => {
    const { page, file } = await aChange(world);
    const seen = known(await proveChange(file, page, await witnessed(), UNKNOWN, NOW));
    for (const source of [
      await witnessed(OTHER_WITNESS),
      await witnessed(WITNESS, 0),
      ...[OTHER_WITNESS.vkey.replace('w2', 'w1'), OTHER_WITNESS.vkey, 'x'].map((key) => ({
        ...sourceOf(world),
        checkpoint: async (earlier: number | undefined) => ({
          ...(await sourceOf(world).checkpoint(earlier)),
          witnesses: [{ key, cosigned: { note: file, proof: [] } }],
        }),
      })),
    ]) {
      const proof = await proveChange(file, page, source, seen, LATER);
      assert.deepEqual([proof.verdict, failing(proof)], ['disproved', ['log']]);
    }
  });
});
