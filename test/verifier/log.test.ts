/**
 * Logs. Method: a real log made by the server on a real disk, with checkpoints, a rotated key and full
 * tiles; one change to one file of a copy; the verdict must name it. The server's own verifier, which
 * has the owner's secrets as well, must agree that it is damaged.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openEventLog, openHeadFile, readHead, readJournalKeys, verifyLog } from '#evidence';
import { nodeFiles, nodeRandom } from '#machine';
import { anEvent } from '#samples/evidence';
import { SEED } from '#test/seed';
import { mulberry } from '#test/simulated-files';
import { tickingClock } from '#test/simulated-log';
import { checkLog, type LogOptions, parseVerifierKey } from '../../verifier/holdfast-verifier.mjs';
import { cosign, LOG, signNote, WITNESS } from './made-bundle.ts';

const TAMPERS = Number(process.env['HOLDFAST_TAMPERS'] ?? 25);
const SAMPLE = Math.max(8, TAMPERS / 4);
const EVENTS = 700;
const scratch = mkdtempSync(join(tmpdir(), 'holdfast-verifier-'));
after(() => rmSync(scratch, { recursive: true }));
const files = nodeFiles();

type Made = { readonly home: string; readonly keys: readonly string[]; readonly size: number };

async function makeLog(
  name: string,
  over: { events?: number; origin?: string; rotate?: boolean; seed?: string } = {},
): Promise<Made> {
  const home = join(scratch, name);
  await files.makeDirectory(home);
  await using heads = await openHeadFile(files, `${home}/head`);
  const log = await openEventLog({
    files,
    clock: tickingClock(),
    random: nodeRandom(),
    heads,
    directory: `${home}/log`,
    keys: `${home}/keys`,
    origin: over.origin ?? 'holdfast/test',
    digests: { program: 'sha256:aa', configuration: 'sha256:bb' },
    checkpointEveryMs: 0,
  });
  const keys = [log.vkey];
  const events = over.events ?? EVENTS;
  for (let i = 0; i < events; i += 1) {
    const { durable } = log.append(anEvent({ requestId: `req_${over.seed ?? ''}${i}` }));
    if (i % 40 === 39) await durable;
    if (over.rotate !== false && i === 300) {
      await log.rotateKey();
      keys.push(log.vkey);
    }
  }
  await log[Symbol.asyncDispose]();
  return { home, keys, size: log.size };
}

let made: Made;
let copies = 0;
const at = (home: string, file: string): string => join(home, 'log', file);

/** A copy of the log, with one thing changed. */
function copyOf(source: Made, change: (home: string) => void): string {
  const home = join(scratch, `copy-${copies++}`);
  cpSync(source.home, home, { recursive: true });
  change(home);
  return home;
}

function check(home: string, over: Partial<LogOptions> = {}): ReturnType<typeof checkLog> {
  return checkLog(join(home, 'log'), {
    keys: made.keys.map(parseVerifierKey),
    head: join(home, 'head'),
    ...over,
  });
}

function tampered(
  change: (home: string) => void,
  over: Partial<LogOptions> = {},
): ReturnType<typeof checkLog> {
  const home = copyOf(made, change);
  try {
    return check(home, over);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const bend =
  (file: string, change: (bytes: Buffer) => Buffer) =>
  (home: string): void => {
    const before = readFileSync(at(home, file));
    writeFileSync(at(home, file), change(Buffer.from(before)));
  };
const flip = (bytes: Buffer, place: number, bit = 1): Buffer => {
  bytes[place] = (bytes[place] ?? 0) ^ bit;
  return bytes;
};

type Frame = {
  readonly seq: number;
  readonly start: number;
  readonly end: number;
  readonly entryEnd: number;
};
function frames(file: string): readonly Frame[] {
  const bytes = readFileSync(at(made.home, file));
  const isJournal = file.startsWith('journal');
  const found: Frame[] = [];
  for (let start = 0; start < bytes.length; ) {
    const entryEnd = start + 2 + bytes.readUInt16BE(start);
    const end = entryEnd + (isJournal ? 16 : 0);
    found.push({ seq: Number(file.split('/').at(-1)) * 256 + found.length, start, end, entryEnd });
    start = end;
  }
  return found;
}

function allFiles(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((one) =>
    one.isDirectory() ? allFiles(directory, join(prefix, one.name)) : [join(prefix, one.name)],
  );
}

const firstRecord = (report: ReturnType<typeof checkLog>): number | undefined =>
  report.findings.flatMap(({ record }) => record ?? []).sort((a, b) => a - b)[0];
const codes = (report: ReturnType<typeof checkLog>): readonly string[] =>
  report.findings.map(({ code }) => code);

describe('the standalone verifier, on a log', () => {
  before(async () => {
    made = await makeLog('good');
  });

  it('holds for a log that nobody touched, and says how far it reaches', () => {
    const report = check(made.home);
    assert.deepEqual(
      [report.findings, report.undecided, report.verdict, report.exitCode],
      [[], [], 'holds', 0],
    );
    const { anchored, records, keys } = report.facts as {
      anchored: Record<string, unknown>;
      records: number;
      keys: string[];
    };
    assert.deepEqual([records, keys], [made.size, made.keys]);
    assert.deepEqual(
      [anchored['acknowledged'], anchored['outside'], anchored['beyond']],
      [made.size, 0, made.size],
    );
    assert.ok(readdirSync(at(made.home, 'tile/entries')).length >= 2);
  });

  it('holds without the head after an orderly stop, and is undecided without a key', () => {
    assert.equal(check(made.home, { head: undefined }).verdict, 'holds');
    assert.deepEqual(
      [check(made.home, { keys: [] }).verdict, check(made.home, { keys: [] }).exitCode],
      ['undecided', 9],
    );
  });

  it('names the record in which any byte was flipped', () => {
    const random = mulberry(17);
    for (const file of ['tile/entries/000', 'tile/entries/001', 'journal/2']) {
      const all = frames(file);
      for (let i = 0; i < SAMPLE; i += 1) {
        const frame = all[Math.floor(random() * all.length)] as Frame;
        const place = frame.start + Math.floor(random() * (frame.entryEnd - frame.start));
        const report = tampered(
          bend(file, (bytes) => flip(bytes, place, 1 << Math.floor(random() * 8))),
        );
        assert.equal(report.exitCode, 8, `${file} byte ${place}`);
        const isLast = frame.seq === made.size - 1;
        assert.equal(
          isLast ? frame.seq : firstRecord(report),
          frame.seq,
          `${file} byte ${place - frame.start} of record ${frame.seq}: ${JSON.stringify(report.findings.slice(0, 3))}`,
        );
      }
    }
  });

  it('names the hash that was changed in a tile', () => {
    for (const place of [0, 33, 8191]) {
      const report = tampered(bend('tile/0/001', (bytes) => flip(bytes, place)));
      assert.deepEqual(
        [codes(report), firstRecord(report)],
        [['tile-differs'], 256 + Math.floor(place / 32)],
      );
    }
  });

  it('tells deleted, repeated and exchanged records apart', () => {
    for (const file of ['tile/entries/000', 'tile/entries/001', 'journal/2']) {
      const all = frames(file);
      for (const k of [1, 57, all.length - 3]) {
        const [a, b] = [all[k] as Frame, all[k + 1] as Frame];
        const cut = (bytes: Buffer, ...places: readonly (readonly [number, number])[]): Buffer =>
          Buffer.concat(places.map(([from, to]) => bytes.subarray(from, to)));
        const what = `${file} ${a.seq}`;
        const gone = tampered(
          bend(file, (bytes) => cut(bytes, [0, a.start], [a.end, bytes.length])),
        );
        assert.deepEqual([codes(gone)[0], firstRecord(gone)], ['record-missing', a.seq], what);
        const twice = tampered(
          bend(file, (bytes) => cut(bytes, [0, a.end], [a.start, bytes.length])),
        );
        assert.deepEqual(
          [codes(twice)[0], firstRecord(twice)],
          ['record-repeated', a.seq + 1],
          what,
        );
        const swapped = tampered(
          bend(file, (bytes) =>
            cut(bytes, [0, a.start], [b.start, b.end], [a.start, a.end], [b.end, bytes.length]),
          ),
        );
        assert.deepEqual(
          [codes(swapped)[0], firstRecord(swapped)],
          ['record-out-of-order', a.seq],
          what,
        );
      }
    }
  });

  it('finds a record rewritten together with its tile', () => {
    const frame = frames('tile/entries/000')[100] as Frame;
    const report = tampered((home) => {
      bend('tile/entries/000', (bytes) => {
        const entry = bytes.subarray(frame.start + 2, frame.end);
        entry.write(entry.toString().replace('req_', 'rEq_'));
        const tile = readFileSync(at(home, 'tile/0/000'));
        createHash('sha256')
          .update('\0')
          .update(entry)
          .digest()
          .copy(tile, 100 * 32);
        writeFileSync(at(home, 'tile/0/000'), tile);
        return bytes;
      })(home);
    });
    assert.deepEqual([codes(report)[0], firstRecord(report)], ['record-changed', 100]);
  });

  it('finds the end cut off at any byte, by the head or by a checkpoint', () => {
    const size = statSync(at(made.home, 'journal/2')).size;
    for (let to = 0; to < size; to += Math.ceil(size / SAMPLE)) {
      const report = tampered(bend('journal/2', (bytes) => bytes.subarray(0, to)));
      const gone = frames('journal/2').find(({ end }) => end > to);
      assert.deepEqual([report.exitCode, firstRecord(report)], [8, gone?.seq], `cut at ${to}`);
      assert.ok(
        codes(report).includes('records-cut') || codes(report).includes('record-missing'),
        codes(report).join(),
      );
      const blind = tampered(
        bend('journal/2', (bytes) => bytes.subarray(0, to)),
        { head: undefined },
      );
      assert.notEqual(blind.exitCode, 0, `cut at ${to} without the head`);
    }
  });

  it('finds a shorter history grown again, up to the last signature and up to the head', () => {
    const grown =
      (from: number) =>
      (home: string): void =>
        bend('journal/2', (bytes) => {
          const all = frames('journal/2').slice(0, from);
          let kept = bytes.subarray(0, all.at(-1)?.end ?? 0);
          let last = bytes.subarray((all.at(-1)?.start ?? 0) + 2, all.at(-1)?.entryEnd);
          for (let seq = 512 + from; seq < made.size; seq += 1) {
            const event = {
              ...JSON.parse(last.toString()),
              kind: 'operation',
              seq,
              prev: createHash('sha256').update(last).digest('hex'),
            };
            delete event.more;
            last = Buffer.from(JSON.stringify(event));
            const length = Buffer.alloc(2);
            length.writeUInt16BE(last.length);
            kept = Buffer.concat([kept, length, last, Buffer.alloc(16)]);
          }
          return kept;
        })(home);
    assert.ok(codes(tampered(grown(100))).includes('root-differs'));
    assert.equal(tampered(grown(100), { head: undefined }).exitCode, 8);
    const afterAll = made.size - 512 - 1;
    assert.deepEqual(codes(tampered(grown(afterAll))).slice(0, 1), ['root-differs']);
    assert.deepEqual(
      tampered(grown(afterAll), { head: undefined }).undecided.map(({ code }) => code),
      ['tail'],
    );
  });

  it('finds bytes that are not UTF-8, lines and frames behind the end', () => {
    for (const tail of [
      Buffer.from([0x00, 0x02, 0xff, 0xfe, ...Buffer.alloc(16)]),
      Buffer.concat([Buffer.from([0, 12]), Buffer.from('{"forged":1}'), Buffer.alloc(16)]),
    ]) {
      const report = tampered(bend('journal/2', (bytes) => Buffer.concat([bytes, tail])));
      assert.deepEqual([codes(report)[0], firstRecord(report)], ['record-unreadable', made.size]);
    }
    const torn = tampered(
      bend('journal/2', (bytes) => Buffer.concat([bytes, Buffer.from([9, 9, 9])])),
    );
    assert.deepEqual([torn.exitCode, torn.notes.length > 0], [0, true]);
    assert.equal(
      tampered(
        bend('journal/2', (bytes) => Buffer.concat([bytes, Buffer.from([9, 9, 9])])),
        { head: undefined },
      ).exitCode,
      9,
    );
  });

  it('finds every file that is gone, emptied, doubled or strange', () => {
    for (const file of allFiles(join(made.home, 'log'))) {
      assert.equal(tampered((home) => rmSync(at(home, file))).exitCode, 8, `${file} gone`);
      assert.equal(tampered(bend(file, () => Buffer.alloc(0))).exitCode, 8, `${file} empty`);
      assert.equal(
        tampered(bend(file, (bytes) => Buffer.concat([bytes, bytes]))).exitCode,
        8,
        `${file} doubled`,
      );
    }
    for (const file of [
      'tile/0/002',
      'tile/entries/009',
      'tile/1/000',
      'journal/7',
      'journal/x',
      'note',
      'tile/entries/x000',
      'recovered/9.1.torn',
      'timestamps/9.aa',
      'tile/x/000',
    ]) {
      const report = tampered((home) => {
        mkdirSync(join(at(home, file), '..'), { recursive: true });
        writeFileSync(at(home, file), readFileSync(at(home, 'tile/0/000')));
      });
      assert.equal(report.exitCode, 8, file);
    }
    assert.equal(
      tampered(bend('tile/entries/001', () => readFileSync(at(made.home, 'tile/entries/000'))))
        .findings[0]?.code,
      'record-repeated',
    );
  });

  it('finds checkpoints removed, repeated, exchanged, cut and forged', () => {
    const text = readFileSync(at(made.home, 'checkpoints'), 'utf8');
    const notes = text.match(/[^\n]+\n\d+\n[^\n]+\n\n— [^\n]+\n/g) ?? [];
    assert.ok(notes.length > 4, String(notes.length));
    const put =
      (list: readonly string[], newest = list.at(-1)) =>
      (home: string): void => {
        writeFileSync(at(home, 'checkpoints'), list.join(''));
        writeFileSync(at(home, 'checkpoint'), newest ?? '');
      };
    for (let i = 0; i < notes.length; i += 2) {
      assert.ok(
        codes(tampered(put(notes.toSpliced(i, 1)))).includes('checkpoint-missing'),
        `removed ${i}`,
      );
      assert.ok(
        codes(tampered(put(notes.toSpliced(i, 0, notes[i] ?? '')))).includes('checkpoint-order'),
        `repeated ${i}`,
      );
      assert.equal(
        tampered(
          put(
            notes
              .slice(0, i + 1)
              .reverse()
              .concat(notes.slice(i + 1)),
          ),
        ).exitCode,
        i === 0 ? 0 : 8,
        `reversed to ${i}`,
      );
    }
    assert.deepEqual(codes(tampered(put(notes, notes[0]))), ['checkpoint-differs']);
    assert.ok(codes(tampered(put(notes.slice(0, -1)))).includes('checkpoint-missing'));
    const forged = signNote((notes.at(-1) ?? '').split('\n\n')[0] + '\n', {
      ...LOG,
      name: 'holdfast/test',
    });
    assert.ok(
      codes(tampered(put([...notes.slice(0, -1), forged]))).includes('checkpoint-signature'),
    );
    const other = signNote(
      `holdfast/test\n${made.size}\n${Buffer.alloc(32).toString('base64')}\n`,
      LOG,
    );
    assert.ok(codes(tampered(put([...notes, other]))).includes('root-differs'));
    const longer = signNote(
      `holdfast/test\n${made.size + 50}\n${Buffer.alloc(32).toString('base64')}\n`,
      LOG,
    );
    assert.deepEqual([codes(tampered(put([...notes, longer]))).includes('records-cut')], [true]);
  });

  it('tells another key, another log and another head', async () => {
    const other = await makeLog('other', { rotate: false, events: 40 });
    const keys = made.keys.map(parseVerifierKey);
    assert.deepEqual(
      codes(checkLog(join(other.home, 'log'), { keys, head: join(other.home, 'head') })),
      ['wrong-key'],
    );
    assert.ok(codes(check(made.home, { head: join(other.home, 'head') })).includes('other-log'));
    for (const vkey of made.keys)
      assert.equal(check(made.home, { keys: [parseVerifierKey(vkey)] }).verdict, 'holds');
  });

  it('finds a hand-over of the key that both keys did not sign', () => {
    const entries = frames('tile/entries/001');
    const bytes = readFileSync(at(made.home, 'tile/entries/001'));
    const frame = entries.find(({ start, entryEnd }) =>
      bytes.subarray(start + 2, entryEnd).includes('"kind":"log.key"'),
    ) as Frame;
    const report = tampered(
      bend('tile/entries/001', (all) => {
        const entry = all.subarray(frame.start + 2, frame.entryEnd);
        entry.write(entry.toString().replace(/"signedTo":"..../, '"signedTo":"AAAA'));
        return all;
      }),
    );
    assert.deepEqual([codes(report)[0], firstRecord(report)], ['record-changed', frame.seq]);
  });

  it('finds a complete rewrite of log and keys by a kept checkpoint, a witness or a timestamp', async () => {
    const kept = join(scratch, 'kept');
    const note = readFileSync(at(made.home, 'checkpoint'), 'utf8');
    writeFileSync(kept, cosign(note, WITNESS, 1_795_000_000));
    const witnesses = [parseVerifierKey(WITNESS.vkey)];
    const good = check(made.home, { anchors: [kept], witnesses });
    assert.deepEqual(good.findings, []);
    const { anchored } = good.facts as {
      anchored: { kept: number; outside: number; beyond: number; witnessed: { size: number } };
    };
    assert.deepEqual(
      [anchored.kept, anchored.outside, anchored.witnessed.size, anchored.beyond],
      [Number(note.split('\n')[1]), anchored.kept, anchored.kept, made.size - anchored.kept],
    );

    const rewritten = await makeLog('rewritten', { seed: 'r' });
    const open = (over: Partial<LogOptions>): ReturnType<typeof checkLog> =>
      checkLog(join(rewritten.home, 'log'), {
        head: join(rewritten.home, 'head'),
        keys: rewritten.keys.map(parseVerifierKey),
        ...over,
      });
    assert.equal(open({}).verdict, 'holds', 'its own keys and head say nothing');
    assert.ok(codes(open({ anchors: [kept] })).includes('anchor-differs'));
    assert.ok(codes(open({ anchors: [kept], witnesses })).includes('witness-contradicts'));
    assert.deepEqual(codes(open({ witnesses })), ['not-witnessed']);
    cpSync(kept, at(rewritten.home, 'cosigned'));
    assert.ok(codes(open({ witnesses })).includes('witness-contradicts'));

    const shorter = await makeLog('shorter', { events: 40, rotate: false });
    assert.ok(
      codes(checkLog(join(shorter.home, 'log'), { anchors: [kept] })).includes('records-cut'),
    );
  });

  it('reads cosigned copies, and finds a cosignature that does not hold', () => {
    const witnesses = [parseVerifierKey(WITNESS.vkey)];
    const copy =
      (change: (text: string) => string) =>
      (home: string): void =>
        writeFileSync(
          at(home, 'cosigned'),
          change(cosign(readFileSync(at(home, 'checkpoint'), 'utf8'), WITNESS, 1_795_000_000)),
        );
    assert.deepEqual(
      tampered(
        copy((text) => text),
        { witnesses },
      ).findings,
      [],
    );
    assert.deepEqual(
      tampered(copy((text) => text)).undecided.map(({ code }) => code),
      ['witness'],
    );
    const bent = tampered(
      copy((text) => text.replace(/(— witness\S+ .{30})./, (_, start: string) => `${start}A`)),
      { witnesses },
    );
    assert.ok(codes(bent).includes('cosignature'), codes(bent).join());
    assert.ok(
      codes(
        tampered(
          copy((text) => text.replace('holdfast/test', 'holdfast/tost')),
          { witnesses },
        ),
      ).includes('anchor-differs'),
    );
  });

  it(`agrees with the server on ${TAMPERS} random tamperings`, async () => {
    const random = mulberry(SEED);
    const names = allFiles(join(made.home, 'log'));
    const below = (limit: number): number => Math.floor(random() * limit);
    let damaged = 0;
    for (let i = 0; i < TAMPERS; i += 1) {
      const file = names[below(names.length)] as string;
      let what = '';
      const home = copyOf(
        made,
        bend(file, (bytes) => {
          const [from, length] = [below(bytes.length), 1 + below(300)];
          const kind = below(5);
          what = `${file} ${['flip', 'delete', 'repeat', 'overwrite', 'cut'][kind]} at ${from}, ${length}`;
          if (kind === 0) return flip(bytes, from, 1 << below(8));
          if (kind === 1)
            return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
          if (kind === 2)
            return Buffer.concat([bytes.subarray(0, from + length), bytes.subarray(from)]);
          if (kind === 3)
            return Buffer.concat([
              bytes.subarray(0, from),
              Buffer.from(
                Array.from({ length: Math.min(length, bytes.length - from) }, () => below(256)),
              ),
              bytes.subarray(from + length),
            ]);
          return bytes.subarray(0, from);
        }),
      );
      const mine = check(home);
      const head = await readHead(files, `${home}/head`);
      const theirs = await verifyLog({
        files,
        directory: `${home}/log`,
        head,
        journalKeys: await readJournalKeys(files, `${home}/keys`),
        pins: made.keys,
      });
      // The codes of journal frames are the owner's; only he can tell that one was changed.
      const isCode =
        theirs.problems.length > 0 &&
        theirs.problems.every(({ code }) => code === 'record-not-authentic');
      if (!isCode)
        assert.equal(
          mine.exitCode === 8,
          theirs.verdict === 'does not hold',
          `${what}: ${JSON.stringify([mine.verdict, mine.findings[0], theirs.verdict, theirs.problems[0]])}`,
        );
      if (mine.exitCode === 8) damaged += 1;
      rmSync(home, { recursive: true });
    }
    assert.ok(damaged > TAMPERS / 2, String(damaged));
  });
});
