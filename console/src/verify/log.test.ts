import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EventRecord, Log } from '#evidence';
import { anEvent } from '#samples/evidence';
import { SimulatedDisk } from '#test/simulated-files';
import { openTestLog, seededRandom } from '#test/simulated-log';
import { logProofs } from '../../../src/main/log-proofs.ts';
import { cosign, OTHER_WITNESS, WITNESS } from '../../../test/verifier/made-bundle.ts';
import type { ProvedRecord } from './key-line.ts';
import {
  type CheckpointTold,
  type LogReport,
  type LogSource,
  type Remembered,
  type Shown,
  verifyLog,
} from './log.ts';
import { forget, type Kept, remember, remembered } from './memory.ts';

/** A real log on a simulated disk, and what the service answers about it. */
async function aLog(first: string, count = 300, seed = 7) {
  const files = new SimulatedDisk(1).start();
  const { log } = await openTestLog(files, { random: seededRandom(seed) });
  await fill(log, first, count);
  const { checkpoint, prove } = logProofs(files, log, '/data/log');
  const source: LogSource = {
    checkpoint: async (earlier) => (await checkpoint(earlier, true)) as unknown as CheckpointTold,
    prove: async (seqs, size) =>
      ((await prove(seqs, size)) as unknown as { records: ProvedRecord[] }).records,
  };
  return { log, source };
}

async function fill(log: Log, reason: string, count: number): Promise<void> {
  for (let i = 1; i < count; i++) void log.append(anEvent({ arguments: { reason } })).written;
  await log.append(anEvent({ arguments: { reason } })).durable;
}

const shownOf = async (log: Log, before?: number): Promise<Shown[]> =>
  (await log.read({}, 20, before)).map((event: EventRecord) => ({ ...event }));

function keep(report: LogReport): Remembered {
  assert.equal(report.verdict, 'proved', JSON.stringify(report.steps));
  assert.ok(report.remember);
  return { ...report.remember, seenAt: 'yesterday' };
}

/** The step at which it was found. */
function foundAt({ verdict, steps }: LogReport): string {
  assert.equal(verdict, 'disproved', JSON.stringify(steps));
  const wrong = steps.filter(({ holds }) => !holds);
  assert.equal(wrong.length, 1);
  return `${wrong[0]?.name}: ${wrong[0]?.says}`;
}

const answers = (
  source: LogSource,
  change: (told: CheckpointTold) => CheckpointTold,
): LogSource => ({
  ...source,
  checkpoint: async (earlier) => change(await source.checkpoint(earlier)),
});
const proves = (source: LogSource, change: (told: ProvedRecord) => ProvedRecord): LogSource => ({
  ...source,
  prove: async (seqs, size) => (await source.prove(seqs, size)).map(change),
});
/** Another digit at one place. */
const flip = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);

describe('a log that holds', () => {
  it('is proved, with the records on the screen, and extends what was seen before', async () => {
    const { log, source } = await aLog('a');
    const shown = await shownOf(log, 300);
    const report = await verifyLog(source, undefined, shown);
    const seen = keep(report);
    assert.deepEqual(
      report.proved,
      shown.map(({ seq }) => seq),
    );
    assert.equal(report.vkey, log.vkey);
    assert.equal(keep(await verifyLog(source, seen)).size, seen.size);
    for (const more of [1, 17, 256]) {
      await fill(log, 'more', more);
      const again = await verifyLog(source, seen, await shownOf(log));
      assert.ok(keep(again).size > seen.size);
      assert.match(again.steps[2]?.says ?? '', /extends what this browser saw/);
    }
  });

  it('is followed through changes of its key and a restore that both keys signed', async () => {
    const { log, source } = await aLog('a', 5);
    const seen = keep(await verifyLog(source, undefined));
    await log.rotateKey();
    await fill(log, 'b', 300);
    await log.beginEpoch('ab'.repeat(16), 'holdfast/restored', {});
    await fill(log, 'c', 3);
    await log.rotateKey();
    await fill(log, 'd', 3);
    const report = await verifyLog(source, seen, await shownOf(log, 300));
    keep(report);
    assert.equal(report.vkey, log.vkey);
    assert.equal(report.checkpoint?.origin, 'holdfast/restored');
  });

  it('says which records are newer than the checkpoint', async () => {
    const { log, source } = await aLog('a', 5);
    const frozen = await source.checkpoint(undefined);
    await fill(log, 'b', 2);
    const report = await verifyLog(
      { ...source, checkpoint: async () => frozen },
      undefined,
      await shownOf(log),
    );
    assert.equal(report.verdict, 'proved');
    assert.match(report.steps.at(-1)?.says ?? '', /newer than the checkpoint/);
  });
});

describe('a log that does not hold', () => {
  it('is found when it was rewound, and when it was made anew under the same key', async () => {
    const { source } = await aLog('a', 300);
    const seen = keep(await verifyLog(source, undefined));
    const shorter = await aLog('a', 200);
    assert.match(
      foundAt(await verifyLog(shorter.source, seen)),
      /^remembered: the log was rewound/,
    );
    for (const count of [300, 500]) {
      const other = await aLog('b', count);
      assert.match(foundAt(await verifyLog(other.source, seen)), /^remembered: .*are others now/);
    }
  });

  it('is found when it begins with another key', async () => {
    const { source } = await aLog('a');
    const seen = keep(await verifyLog(source, undefined));
    const other = await aLog('a', 400, 8);
    assert.match(foundAt(await verifyLog(other.source, seen)), /^keys: .*another key/);
  });

  it('is found by each byte of a checkpoint', async () => {
    const { source } = await aLog('a', 5);
    const { note } = await source.checkpoint(undefined);
    for (let at = 0; at < note.length; at++) {
      const report = await verifyLog(
        answers(source, (told) => ({ ...told, note: flip(note, at) })),
        undefined,
      );
      foundAt(report);
      assert.equal(report.remember, undefined);
    }
  });

  it('is found by each hash of a proof, and by one too few or too many', async () => {
    const { log, source } = await aLog('a', 77);
    const seen = keep(await verifyLog(source, undefined));
    await fill(log, 'b', 300);
    const shown = (await shownOf(log, 50)).slice(0, 1);
    const spoilt = (proof: readonly string[]): (readonly string[])[] => [
      ...proof.map((hash, i) => proof.with(i, flip(hash, i % 64))),
      proof.slice(1),
      proof.slice(0, -1),
      [...proof, '0'.repeat(64)],
    ];
    const { consistency } = await source.checkpoint(seen.size);
    assert.ok(consistency !== null && consistency.proof.length > 3);
    for (const proof of spoilt(consistency.proof)) {
      const change = (told: CheckpointTold) => ({
        ...told,
        consistency: { ...consistency, proof },
      });
      assert.match(foundAt(await verifyLog(answers(source, change), seen)), /^remembered/);
    }
    const { size } = await source.checkpoint(undefined);
    const [record] = await source.prove([shown[0]?.seq ?? 0], size);
    for (const proof of spoilt(record?.proof ?? [])) {
      const lying = proves(source, (one) => ({ ...one, proof }));
      assert.match(foundAt(await verifyLog(lying, seen, shown)), /^records: .*not in the log/);
    }
  });

  it('is found when a record is another one, or is shown otherwise', async () => {
    const { log, source } = await aLog('a', 9);
    const shown = await shownOf(log, 8);
    const found = async (lying: LogSource, on = shown) =>
      foundAt(await verifyLog(lying, undefined, on));
    const edit = (one: ProvedRecord) => ({ ...one, record: one.record.replace('ada', 'eve') });
    assert.match(await found(proves(source, edit)), /not in the log/);
    const [first, second, ...others] = shown;
    assert.ok(first && second);
    const swapped = [{ ...first, seq: second.seq }, second, ...others];
    assert.match(await found(source, swapped), /otherwise than it stands/);
    for (const lie of [{ principal: 'operator:eve@local' }, { outcome: 'refused' }, { extra: 1 }])
      assert.match(await found(source, [{ ...first, ...lie }]), /otherwise than it stands/);
    assert.match(await found({ ...source, prove: async () => [] }), /was not handed over/);
  });

  it('is found when its keys were not handed on as they should', async () => {
    const { log, source } = await aLog('a', 5);
    await log.rotateKey();
    await fill(log, 'b', 5);
    const of = async (change: (keys: readonly ProvedRecord[]) => readonly ProvedRecord[]) =>
      foundAt(
        await verifyLog(
          answers(source, (told) => ({ ...told, keys: change(told.keys) })),
          undefined,
        ),
      );
    assert.match(await of((keys) => keys.slice(0, 1)), /^checkpoint: .*key whose turn/);
    assert.match(await of((keys) => keys.slice(1)), /^keys: the first record/);
    assert.match(await of(() => []), /^keys: no record/);
    assert.match(await of((keys) => [...keys, ...keys.slice(1)]), /^keys: .*not in order/);
    const edited = (keys: readonly ProvedRecord[]) =>
      keys.map((one) => ({ ...one, record: one.record.replace('"signedTo":"', '"signedTo":"AA') }));
    assert.match(await of(edited), /^keys: .*not in the log/);
    // Someone who can write records, and so hash them in, but does not hold the old key.
    const { log: forged, source: forgery } = await aLog('a', 5);
    const statement = { from: forged.vkey, to: log.vkey, signedFrom: 'AA==', signedTo: 'AA==' };
    await forged.append(anEvent({ kind: 'log.key', more: statement })).durable;
    const told = await forgery.checkpoint(undefined);
    const size = Number(told.note.split('\n')[1]);
    const keys = [...told.keys, ...(await forgery.prove([6], size))];
    const lying = { ...forgery, checkpoint: async () => ({ ...told, keys }) };
    assert.match(
      foundAt(await verifyLog(lying, undefined)),
      /^keys: record 6: .*not signed by both/,
    );
  });

  it('is not believed for saying anything else', async () => {
    const { source } = await aLog('a', 5);
    for (const note of ['', '\n\n', 'x\n\n— a AAAA\n', 'a\n1\nb\n\n'])
      foundAt(
        await verifyLog(
          answers(source, (told) => ({ ...told, note })),
          undefined,
        ),
      );
  });
});

describe('witnesses of a log', () => {
  const told = async (source: LogSource, then: LogSource, key = WITNESS, named = WITNESS.vkey) => {
    const { note } = await source.checkpoint(undefined);
    const size = Number(note.split('\n')[1]);
    const { consistency } = await then.checkpoint(size);
    const cosigned = { note: cosign(note, key, 1_700_000_000), proof: consistency?.proof ?? [] };
    return answers(then, (each) => ({ ...each, witnesses: [{ key: named, cosigned }] }));
  };
  const witnessSteps = ({ steps }: LogReport) => steps.filter(({ name }) => name === 'witnesses');

  it('hold for the same log, also when they are behind it, and are known from then on', async () => {
    const { log, source } = await aLog('a', 30);
    const same = await verifyLog(await told(source, source), undefined);
    assert.match(
      witnessSteps(same)[0]?.says ?? '',
      /w1 saw the same \d+ records, and cosigned them at 2023-/,
    );
    const seen = keep(same);
    const before = await told(source, source);
    const { note: old } = (await before.checkpoint(undefined)).witnesses[0]?.cosigned ?? {
      note: '',
    };
    const size = Number(old.split('\n')[1]);
    await fill(log, 'more', 300);
    const { proof } = (await source.checkpoint(size)).consistency ?? { proof: [] };
    const cosigned = { note: old, proof };
    const behind = answers(source, (each) => ({
      ...each,
      witnesses: [{ key: WITNESS.vkey, cosigned }],
    }));
    const later = await verifyLog(behind, seen);
    assert.match(witnessSteps(later)[0]?.says ?? '', /fewer than there are now/);
    assert.deepEqual(keep(later).witnesses, [WITNESS.vkey]);
    const gone = await verifyLog(source, seen);
    assert.deepEqual(
      witnessSteps(gone).map(({ holds, isOpen }) => [holds, isOpen]),
      [[false, true]],
    );
    assert.deepEqual(keep(gone).witnesses, [WITNESS.vkey]);
  });

  it('are found when they saw another log, did not sign, or have another key', async () => {
    const { source } = await aLog('a', 30);
    const seen = keep(await verifyLog(await told(source, source), undefined));
    const other = await aLog('b', 20);
    const found = async (lying: LogSource) => foundAt(await verifyLog(lying, seen));
    assert.match(await found(await told(other.source, source)), /^witnesses: .*there are two logs/);
    assert.match(await found(await told(source, source, OTHER_WITNESS)), /does not hold/);
    const renamed = OTHER_WITNESS.vkey.replace('w2', 'w1');
    assert.match(await found(await told(source, source, WITNESS, renamed)), /has another key/);
    const stranger = await aLog('a', 30, 9);
    assert.match(
      await found(await told(stranger.source, source)),
      /not signed by this log|two logs/,
    );
  });
});

describe('what this browser remembers', () => {
  const storage = (): Kept & { text: string | null } => ({
    text: null,
    getItem() {
      return this.text;
    },
    setItem(_name, value) {
      this.text = value;
    },
    removeItem() {
      this.text = null;
    },
  });

  it('comes back as it was kept, and as nothing where it cannot be read', () => {
    const kept = storage();
    assert.equal(remembered(kept), undefined);
    const what = { size: 3, root: 'ab', key: 'k', witnesses: ['w'], seenAt: 'now' };
    remember(kept, what);
    assert.deepEqual(remembered(kept), what);
    kept.text = '{"size":"3"}';
    assert.equal(remembered(kept), undefined);
    kept.text = '{';
    assert.equal(remembered(kept), undefined);
    forget(kept);
    assert.equal(kept.text, null);
  });
});
