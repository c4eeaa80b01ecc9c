/** A log that is known outside: by a witness, an authority and a file; and what each of them tells. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Clock, Files } from '#base/ports';
import type { Instant } from '#base/time';
import { type Log, readPins } from '#evidence';
import { anEvent } from '#samples/evidence';
import { openTestAuthority, type TestAuthority } from '#test/openssl-tsa';
import { type FileFaultPlan, SimulatedDisk } from '#test/simulated-files';
import {
  KEYS,
  LOG,
  ORIGIN,
  openTestLog,
  seededRandom,
  tickingClock,
  verifyTestLog,
} from '#test/simulated-log';
import { SimulatedNetwork, textAnswer } from '#test/simulated-poster';
import { parseVerifierKey } from '../note.ts';
import type { LogReport } from '../report.ts';
import { DEFAULT_EVIDENCE_SETTINGS, type EvidenceSettings } from '../settings.ts';
import { Witness } from '../witness/server.ts';
import type { AnchorOptions } from './anchor-claims.ts';
import { Anchoring } from './anchoring.ts';

/** 1 tries every call; the calls in between differ little. */
const STRIDE = Number(process.env['FAILURE_STRIDE'] ?? 5);
const ANCHOR = '/elsewhere/anchor';
const TSA = 'http://tsa.example/';
const WITNESS = 'http://witness.example/w';

let authority: TestAuthority;
before(async () => {
  authority = await openTestAuthority();
});
after(() => authority[Symbol.asyncDispose]());

/** Sleeps as long as it takes the others to come to rest. */
function hastyClock(): Clock {
  const clock = tickingClock(Date.now() * 1000);
  return { ...clock, sleep: () => new Promise((resolve) => setImmediate(resolve)) };
}

class World {
  readonly disk = new SimulatedDisk(5);
  readonly network = new SimulatedNetwork();
  readonly elsewhere = new SimulatedDisk(6);
  witness!: Witness;
  log!: Log;
  anchoring!: Anchoring;
  settings: EvidenceSettings = DEFAULT_EVIDENCE_SETTINGS;

  async open(over: { plan?: FileFaultPlan; over?: Partial<EvidenceSettings> } = {}): Promise<void> {
    const files = this.disk.start(over.plan);
    await files.makeDirectory('/elsewhere');
    ({ log: this.log } = await openTestLog(files, { checkpointEveryEvents: 1_000 }));
    this.witness ??= await openWitness(this.elsewhere.start(), this.log.vkey);
    this.network.place(WITNESS, async ({ url, method, body }) => {
      const {
        status,
        type,
        body: text,
      } = await this.witness.handle(method, url.slice(WITNESS.length), body);
      return textAnswer(status, text, type);
    });
    this.network.place(TSA, async ({ body }) => ({
      status: 200,
      headers: {},
      body: await authority.reply(body),
    }));
    this.settings = {
      ...DEFAULT_EVIDENCE_SETTINGS,
      timestamp: { url: TSA, certificate: '/x', policy: null, everySeconds: 1 },
      witnesses: [{ name: 'w1', url: WITNESS, key: this.witness.vkey }],
      anchor: ANCHOR,
      ...over.over,
    };
    this.anchoring = await Anchoring.start({
      files,
      clock: hastyClock(),
      random: seededRandom(9),
      poster: this.network,
      directory: LOG,
      log: this.log,
      settings: this.settings,
      timestampCertificate: authority.root,
    });
  }

  async write(events: number): Promise<void> {
    const all = Array.from(
      { length: events },
      (_, i) => this.log.append(anEvent({ requestId: `req_${i}` })).durable,
    );
    await Promise.all(all);
    await this.log.checkpoint();
  }

  async close(): Promise<void> {
    await this.log[Symbol.asyncDispose]();
    await this.anchoring[Symbol.asyncDispose]();
  }

  async verify(over: AnchorOptions = {}): Promise<LogReport> {
    const files = this.disk.start();
    return verifyTestLog(files, await readPins(files, KEYS), {
      anchors: {
        witnesses: [this.witness.vkey],
        timestamp: { certificate: authority.root, policy: null },
        anchorFile: ANCHOR,
        ...over,
      },
    });
  }
}

function openWitness(files: Files, vkey: string): Promise<Witness> {
  const key = parseVerifierKey(vkey);
  assert.ok(key !== undefined);
  return Witness.open({
    files,
    clock: tickingClock(),
    random: seededRandom(3),
    directory: '/witness',
    name: 'witness.example/w1',
    logs: [key],
  });
}

async function anchored(events = 30): Promise<World> {
  const world = new World();
  await world.open();
  await world.write(events);
  await world.write(events);
  await world.close();
  return world;
}

const codes = (report: LogReport): readonly string[] => [
  ...new Set(report.problems.map(({ code }) => code)),
];

describe('a log that is anchored', () => {
  it('says where and how far, and holds', async () => {
    const world = await anchored();
    const report = await world.verify();
    assert.deepEqual([report.verdict, report.problems, report.undecided], ['holds', [], []]);
    const places = report.anchors.map(({ by, size }) => [by, size]);
    const size = report.size - 1;
    assert.deepEqual(
      places.sort(([a = ''], [b = '']) => (String(a) < String(b) ? -1 : 1)),
      [
        ['anchor file', size],
        ['timestamp', size],
        ['witness', size],
      ],
    );
    assert.match(report.anchored, /^outside this machine up to 62 of 63 records: /);
  });

  it('cannot decide for want of a key, a certificate or the file', async () => {
    const world = await anchored(3);
    for (const [over, what] of [
      [{ witnesses: [] }, /cosignatures/],
      [{ timestamp: undefined }, /timestamps/],
      [{ anchorFile: '/elsewhere/none' }, /anchored/],
      [{ kept: [{ name: 'mine', text: 'x' }] }, /kept/],
    ] as const) {
      const report = await world.verify(over as AnchorOptions);
      assert.equal(report.verdict, 'cannot decide');
      assert.match(report.undecided.join(), what);
    }
  });

  it('is not another one, rewritten as a whole with new keys', async () => {
    const world = await anchored(3);
    const kept = world.disk.snapshot();
    const forged = new SimulatedDisk(5);
    const files = forged.start();
    const { log } = await openTestLog(files, { random: seededRandom(99), origin: ORIGIN });
    for (let i = 0; i < 20; i += 1)
      await log.append(anEvent({ principal: 'operator:eve@local' })).durable;
    await log[Symbol.asyncDispose]();
    world.disk.restore(forged.snapshot());
    // By itself it holds, for it has keys, head and checkpoints of its own.
    const bare = await world.verify({ witnesses: [], timestamp: undefined, anchorFile: undefined });
    assert.equal(bare.verdict, 'holds');
    const latest = world.witness.latest(ORIGIN) ?? '';
    const asked: readonly [string, AnchorOptions][] = [
      ['the witness', { anchorFile: undefined, kept: [{ name: 'witness', text: latest }] }],
      [
        'the witness, its key not given',
        { witnesses: [], anchorFile: undefined, kept: [{ name: 'witness', text: latest }] },
      ],
    ];
    for (const [who, over] of asked)
      assert.deepEqual(codes(await world.verify(over)), ['anchor-forked'], who);
    const { size, root } = world.log.head;
    const host = `${size - 1} ${root}\n`;
    const by = await world.verify({
      anchorFile: undefined,
      hosts: [{ name: 'host:web-1', text: host }],
    });
    assert.deepEqual(codes(by), ['anchor-forked']);
    // What lies beside the log tells as well, unless it went with it.
    for (const name of ['cosigned', 'anchor']) {
      world.disk.restore(forged.snapshot());
      const path = name === 'anchor' ? ANCHOR : `${LOG}/${name}`;
      world.disk.put(path, kept.get(path) as Uint8Array);
      const report = await world.verify(name === 'anchor' ? {} : { anchorFile: undefined });
      assert.deepEqual(codes(report), ['anchor-forked'], name);
    }
  });

  it('is not an older one that was put back', async () => {
    const world = new World();
    await world.open();
    await world.write(5);
    await world.close();
    const old = world.disk.snapshot();
    await world.open();
    await world.write(5);
    await world.close();
    const anchor = world.disk.snapshot().get(ANCHOR) as Uint8Array;
    world.disk.restore(old);
    world.disk.put(ANCHOR, anchor);
    assert.deepEqual(codes(await world.verify()), ['anchor-ahead']);
    // Going on from there, the witness does not follow, and says why.
    await world.open({ over: { timestamp: null, anchor: null } });
    await world.write(1);
    for (let i = 0; i < 500 && world.anchoring.health()[0]?.alarm !== true; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const [health] = world.anchoring.health();
    assert.equal(health?.alarm, true, JSON.stringify(health));
    assert.match(health?.trouble ?? '', /put back|forked/);
    await world.close();
  });

  it('tells every stamp, cosignature and kept checkpoint that was touched', async () => {
    const world = await anchored(3);
    const whole = world.disk.snapshot();
    const outside = [...whole.keys()].filter((path) => /timestamps|cosigned|anchor$/.test(path));
    assert.ok(outside.length >= 3);
    for (const path of outside) {
      const bytes = whole.get(path) as Uint8Array;
      for (let at = 3; at < bytes.length; at += 97) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        world.disk.restore(whole);
        world.disk.put(path, changed);
        const report = await world.verify();
        // A root inside a token is passed over for the pinned one; a name that is no witness's is said.
        const isRoot = path.includes('timestamps') && report.ok;
        assert.ok(!report.ok || isRoot || report.notes.length > 0, `${path} ${at}`);
      }
    }
  });

  it('is late where a configured stamp or cosignature is missing for too long', async () => {
    const world = await anchored(3);
    const snapshot = [...world.disk.snapshot()];
    const old = (1_700_000_000_000_000 + 3_600_000_000) as Instant;
    world.disk.restore(new Map(snapshot.filter(([path]) => !/timestamps|cosigned/.test(path))));
    const late = (afterSeconds: number): Promise<LogReport> =>
      world.verify({ late: { now: old, afterSeconds } });
    assert.deepEqual(codes(await late(60)), ['timestamp-late', 'cosignature-late']);
    assert.deepEqual(codes(await late(7_200)), []);
  });

  it('comes through lost requests and lost answers', async () => {
    const world = new World();
    world.network.lost = { before: 3, after: 3 };
    await world.open();
    await world.write(3);
    world.network.lost = { before: 2, after: 4 };
    await world.write(3);
    const isUnderWay = (): boolean =>
      world.anchoring.health().some((each) => each.size === null || each.waitingSince !== null);
    for (let i = 0; i < 500 && isUnderWay(); i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await world.close();
    const report = await world.verify();
    assert.deepEqual([report.verdict, report.anchors.length], ['holds', 3], JSON.stringify(report));
  });

  it('takes no cosignature by another key, and is not stopped by one', async () => {
    const world = new World();
    await world.open();
    const { vkey } = world.witness;
    const other = generateKeyPairSync('ed25519').publicKey;
    assert.ok(other !== undefined);
    world.network.place(WITNESS, () =>
      textAnswer(200, `— ${vkey.split('+')[0]} ${Buffer.alloc(76).toString('base64')}\n`),
    );
    await world.write(3);
    await world.close();
    assert.match(
      world.anchoring
        .health()
        .map(({ trouble }) => trouble)
        .join(),
      /pinned key/,
    );
    assert.ok((await world.verify()).ok);
  });

  it('loses nothing that was acknowledged, whatever fails at whichever call', async () => {
    for (const kind of ['fail', 'kill', 'power-cut'] as const) {
      for (let at = 1; at < 400; at += STRIDE) {
        const world = new World();
        // The first start makes the keys, so that the witness knows them.
        await world.open({ over: { timestamp: null } });
        await world.close();
        let acknowledged = 0;
        try {
          await world.open({ plan: { kind, at }, over: { timestamp: null } });
          await world.write(2);
          acknowledged = world.log.size;
          await new Promise((resolve) => setImmediate(resolve));
        } catch {
          // The log itself was struck; that is for its own tests.
        }
        await world.close().catch(() => {});
        const isOver = world.disk.calls < at;
        await world.open({ over: { timestamp: null } });
        await world.write(1);
        await world.close();
        const report = await world.verify({ timestamp: undefined });
        assert.deepEqual(report.problems, [], `${kind} ${at}`);
        assert.ok(report.size >= acknowledged);
        assert.deepEqual(
          report.anchors.map(({ by }) => by).sort(),
          ['anchor file', 'witness'],
          `${kind} ${at}`,
        );
        if (isOver) break;
        assert.ok(at + STRIDE < 400, 'the loop did not come to an end');
      }
    }
  });
});
