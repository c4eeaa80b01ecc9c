import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import type { HostReader, ReadAnswer, ReadRequest } from '#adapters';
import { digestOf } from '#base/digest';
import { Fault } from '#base/fault';
import { silentLog } from '#base/log';
import type { PostRequest } from '#base/ports';
import { type Instant, instant } from '#base/time';
import { type Observed, OSQUERY_QUERIES, readToolSettings } from '#collectors';
import { nodeFiles, nodeMachineFiles, nodeRandom } from '#machine';
import type { Target } from '#model';
import { paperClock } from '#samples/collectors';
import { aScrape } from '#samples/collectors/tools';
import { anOsqueryAnswer, aSnapshotLog, OSQUERY_ROWS } from '#samples/collectors/tools/osquery';
import { aTarget } from '#samples/planning';
import { SimulatedNetwork, textAnswer } from '#test/simulated-poster';
import { throwsFault } from '#test/throws-fault';
import { catalogueDigestOf } from './catalogue-keeper.ts';
import { urlOf } from './report-fetch.ts';
import { type ReportAsk, ReportLooks } from './report-looks.ts';
import { collectorsDigest, reportSettings } from './report-settings.ts';

const NOTHING: ReportAsk = { seen: [], unreachable: null, kinds: new Set() };
const LOG = '/var/log/osquery/osqueryd.results.log';
const OSQUERY = `- { collector: osquery, file: ${LOG}, every: 1h, maxAge: 1h }`;
const EXPORTER = '- { collector: node-exporter, every: 5m }';

type Asked = { readonly argv: readonly string[]; readonly request: ReadRequest };

function aRig(yaml: string | null, target: Target = web1()) {
  const clock = paperClock('2026-03-01T12:00:00Z');
  const network = new SimulatedNetwork();
  const posted: PostRequest[] = [];
  network.place('http', (request) => {
    posted.push(request);
    return textAnswer(200, aScrape(), 'text/plain; version=0.0.4; charset=utf-8');
  });
  const rig = {
    clock,
    network,
    posted,
    target,
    asked: [] as Asked[],
    answer: ((): ReadAnswer => ok(aSnapshotLog())) as (argv: readonly string[]) => ReadAnswer,
    signed: true,
    told: undefined as Instant | undefined,
    name: null as string | null,
    yaml,
    async look(ask: Partial<ReportAsk> = {}): Promise<readonly Observed[]> {
      return looks.look(rig.target, { ...NOTHING, ...ask });
    },
  };
  const reader: HostReader = {
    hello: () => assert.fail(),
    snapshot: () => assert.fail(),
    run: async (argv, request) => {
      rig.asked.push({ argv, request });
      return rig.answer(argv);
    },
  };
  const looks = new ReportLooks({
    clock,
    random: nodeRandom(),
    log: silentLog,
    look: nodeMachineFiles(),
    poster: network,
    uid: process.getuid?.() ?? 0,
    settings: async () =>
      rig.yaml === null
        ? undefined
        : {
            digest: rig.yaml,
            tools: readToolSettings(`version: 1\ncollectors:\n${rig.yaml}`, 'collectors.yaml'),
          },
    readerOf: async () => reader,
    isSigned: async () => rig.signed,
    lastToldAt: () => rig.told,
    hostNameOf: () => rig.name,
  });
  return Object.assign(rig, { looks });
}

function web1(more: Partial<Target> = {}): Target {
  return aTarget({ id: 'host:web-1', transport: 'ssh', address: '192.0.2.7:2222', ...more });
}

function ok(text: string | Uint8Array, status = 0): ReadAnswer {
  const [stdout, stderr] = [Buffer.from(text), new Uint8Array()];
  return { verdict: 'ok', ended: 'exited', status, ms: 1, stdout, stderr };
}

const reasonOf = ([first]: readonly Observed[]): string => first?.shortfalls[0]?.reason ?? '';

describe('looks with tools', () => {
  it('are none without a collectors.yaml, and nothing is asked', async () => {
    const rig = aRig(null);
    assert.deepEqual(await rig.look(), []);
    assert.equal(await rig.looks.tellOf(rig.target), false);
    const inventory = { byId: new Map() } as never;
    assert.equal(await rig.looks.over(inventory), inventory);
    assert.deepEqual(rig.asked, []);
  });

  it('are due as often as was said, each by itself, and whenever their kinds are asked for', async () => {
    const rig = aRig(`${OSQUERY}\n${EXPORTER}`);
    const names = async (ask: Partial<ReportAsk> = {}): Promise<string[]> =>
      (await rig.look(ask)).map(({ collector }) => collector);
    assert.deepEqual(await names(), ['osquery', 'node-exporter']);
    assert.deepEqual(await names(), []);
    rig.clock.advance(5 * 60_000);
    assert.deepEqual(await names(), ['node-exporter']);
    assert.deepEqual(await names({ kinds: new Set(['package']) }), ['osquery']);
    rig.clock.advance(3_600_000);
    assert.deepEqual(await names(), ['osquery', 'node-exporter']);
    rig.yaml = `${OSQUERY} # edited`;
    assert.deepEqual(await names(), ['osquery']);
  });

  it('read a file of the target through its reader, within limits', async () => {
    const rig = aRig(OSQUERY);
    const [look] = await rig.look();
    assert.deepEqual(look?.shortfalls, []);
    assert.equal(look?.source, 'collector.osquery');
    assert.equal(look?.observedAt, instant('2026-03-01T11:59:00Z'));
    assert.deepEqual(
      rig.asked.map(({ argv, request: { seconds, bytes } }) => [argv, seconds, bytes]),
      [[['cat', LOG], 30, 4 * 1024 * 1024]],
    );
  });

  it('ask osquery its own questions, and stop where it is not there', async () => {
    const rig = aRig('- { collector: osquery }');
    const rows = OSQUERY_ROWS as Readonly<Record<string, unknown>>;
    rig.answer = (argv) => {
      const asked = OSQUERY_QUERIES.find((each) => each.argv.join() === argv.join());
      return ok(JSON.stringify(rows[asked?.name ?? '']));
    };
    const [look] = await rig.look();
    assert.deepEqual(look?.shortfalls, []);
    assert.equal(rig.asked.length, OSQUERY_QUERIES.length);
    rig.clock.advance(3_600_000);
    rig.asked.length = 0;
    rig.answer = () => ({ verdict: 'refused', code: 'cannot-run' });
    assert.match(reasonOf(await rig.look()), /refused it: cannot-run/);
    assert.equal(rig.asked.length, 1);
    assert.ok(anOsqueryAnswer().length > 0);
  });

  it('say why there is no report, spoil no other, and are tried again with the next look', async () => {
    const rig = aRig(`${OSQUERY}\n${EXPORTER}`);
    const cases: readonly (readonly [ReadAnswer | (() => never), RegExp])[] = [
      [ok('cat: no such file', 1), /not there, or the reader may not/],
      [{ verdict: 'refused', code: 'secret' }, /refused it: secret/],
      [{ ...(ok('') as object), ended: 'too-much' } as ReadAnswer, /too big/],
      [{ ...(ok('') as object), ended: 'timeout' } as ReadAnswer, /too long/],
      [
        () => {
          throw new Fault('unavailable', 'connection-lost', 'connection lost: host:web-1');
        },
        /connection lost/,
      ],
      [
        () => {
          throw new TypeError('text that was read');
        },
        /^it could not be read$/,
      ],
    ];
    for (const [answer, why] of cases) {
      rig.answer = () => (typeof answer === 'function' ? answer() : answer);
      const looks = await rig.look({ kinds: new Set(['filesystem']) });
      assert.match(reasonOf(looks), why);
      assert.deepEqual(looks[0]?.complete, []);
      assert.deepEqual(looks[1]?.shortfalls, []);
    }
    rig.answer = () => ok(aSnapshotLog());
    assert.deepEqual((await rig.look())[0]?.shortfalls, []);
  });

  it('of a target that cannot be reached are unreachable there, and read elsewhere all the same', async () => {
    const rig = aRig(`${OSQUERY}\n${EXPORTER}`);
    const [there, elsewhere] = await rig.look({ unreachable: 'timed-out' });
    assert.deepEqual(there?.shortfalls[0], {
      kind: 'host',
      status: 'unreachable',
      reason: 'timed-out',
    });
    assert.deepEqual(elsewhere?.shortfalls, []);
    assert.deepEqual(rig.asked, []);
  });

  it('are of the moment the tool ran; trouble does not outlast the next good look', async () => {
    const rig = aRig(OSQUERY);
    rig.answer = () => ok('', 1);
    const [none] = await rig.look();
    assert.equal(none?.observedAt, instant('2026-03-01T11:00:00Z'));
    rig.told = instant('2026-03-01T11:58:00Z');
    assert.equal((await rig.look())[0]?.observedAt, rig.told);
    rig.answer = () => ok('nothing of osquery\n');
    assert.equal((await rig.look())[0]?.observedAt, rig.told);
  });

  it('do nothing before an operator signed them', async () => {
    const rig = aRig(`${OSQUERY}\n- { collector: winrm, credentials: /nowhere }`);
    rig.signed = false;
    assert.match(reasonOf(await rig.look()), /holdfast config sign/);
    await throwsFault(() => rig.looks.winrm(rig.target), 'report-not-read');
    assert.deepEqual([rig.asked, rig.posted], [[], []]);
  });

  it('know a host by what it just called itself, or did before', async () => {
    const rig = aRig(OSQUERY, web1({ id: 'host:shop' }));
    assert.match(reasonOf(await rig.look()), /another host/);
    const fact = { entity: 'host:shop', attribute: 'hostname', value: 'web-1' };
    const seen = [{ facts: [fact] }];
    const kinds = new Set(['user']);
    assert.deepEqual((await rig.look({ seen, kinds }))[0]?.shortfalls, []);
    rig.name = 'web-1.example.org';
    assert.deepEqual((await rig.look({ kinds }))[0]?.shortfalls, []);
  });

  it('may be older than our own looks before they are stale', async () => {
    const rig = aRig(OSQUERY);
    const inventory = { byId: new Map([[rig.target.id, rig.target]]) } as never;
    const over = await rig.looks.over(inventory);
    const stale = 3_600 + 3_600 + rig.target.staleAfterSeconds;
    assert.equal(over.staleAfterOf?.('host:web-1', 'collector.osquery'), stale);
    assert.equal(over.staleAfterOf?.('host:web-1', 'collector.ssh'), undefined);
    assert.equal(await rig.looks.over(inventory), over);
  });

  it('are told to whoever examines the installation, where there are any', async () => {
    const rig = aRig(null);
    const told = async (): Promise<unknown> =>
      (await rig.looks.checks()).map(({ ok: isOk, says }) => [isOk, says]);
    assert.deepEqual(await told(), []);
    rig.yaml = EXPORTER;
    assert.deepEqual(await told(), [[true, 'entries: 1']]);
    rig.signed = false;
    assert.deepEqual(await told(), [[false, 'collectors.yaml is not signed']]);
  });

  it('make a target without a way of ours one that is looked at', async () => {
    const rig = aRig(EXPORTER);
    const isReached = await rig.looks.reached();
    assert.ok(isReached(web1({ transport: 'none' })));
    assert.ok(!isReached(web1({ transport: 'ssh' })));
    rig.yaml = '- { collector: winrm, credentials: /nowhere }';
    const overWinrm = await rig.looks.reached();
    assert.ok(overWinrm(web1({ transport: 'winrm' })));
    assert.ok(!overWinrm(web1({ transport: 'none' })));
    assert.equal(await rig.looks.tellOf(rig.target), false);
  });

  it('end when the service does', async () => {
    const rig = aRig('- { collector: osquery }');
    rig.answer = () => new Promise<never>(() => {}) as never;
    setImmediate(() => rig.looks.stop());
    assert.match(reasonOf(await rig.look()), /the service is ending/);
  });
});

describe('a scrape', () => {
  it('goes to the address of the inventory and the port that was said, and nowhere else', () => {
    const url = (more: Partial<Target>): string => urlOf(web1(more), 'http', 9_100, '/metrics');
    assert.equal(url({}), 'http://192.0.2.7:9100/metrics');
    assert.equal(url({ address: 'web-1.example.org' }), 'http://web-1.example.org:9100/metrics');
    assert.equal(url({ address: '[2001:db8::1]:22' }), 'http://[2001:db8::1]:9100/metrics');
    assert.equal(url({ address: '2001:db8::1' }), 'http://[2001:db8::1]:9100/metrics');
    assert.equal(url({ transport: 'local', address: null }), 'http://127.0.0.1:9100/metrics');
    for (const address of [
      null,
      'a@b',
      'web%2d1',
      'fe80::1%eth0',
      'a/b',
      'a?b',
      'a#b',
      'a\\b',
      '[::1',
      '',
    ])
      assert.throws(() => url({ address }), Fault, String(address));
  });

  it('takes one plain answer: no redirect, no other format', async () => {
    const rig = aRig(EXPORTER);
    assert.deepEqual((await rig.look())[0]?.shortfalls, []);
    assert.equal(rig.posted[0]?.url, 'http://192.0.2.7:9100/metrics');
    assert.equal(rig.posted[0]?.maxBytes, 4 * 1024 * 1024);
    const cases = [
      [textAnswer(302, ''), /status 302/],
      [textAnswer(200, aScrape(), 'text/html'), /another format/],
      [textAnswer(200, aScrape(), 'text/plain; version=1.0.0'), /another format/],
      [textAnswer(200, aScrape().slice(0, 900)), /last line/],
    ] as const;
    for (const [answer, why] of cases) {
      rig.network.place('http', () => answer);
      assert.match(reasonOf(await rig.look({ kinds: new Set(['host']) })), why);
    }
  });
});

describe('what is signed as the catalogue', () => {
  const digest = (automation?: string, collectors?: string): string =>
    catalogueDigestOf({ digest: 'actions' } as never, 'commands', automation, collectors);

  it('is what it was where there is no collectors.yaml, and another with each content of it', () => {
    assert.equal(digest(), digestOf(['actions', 'commands']).replace(/^sha256:/, ''));
    const all = [digest(), digest('a'), digest(undefined, 'a'), digest('a', 'a'), digest('a', 'b')];
    assert.equal(new Set(all).size, all.length);
  });
});

describe('a file here', () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-report-'));
  after(() => rmSync(home, { recursive: true, force: true }));
  const file = join(home, 'web-1.log');
  beforeEach(() => rmSync(file, { force: true }));

  it('must be ours, and say of which host it is', async () => {
    const rig = aRig(`- { collector: osquery, here: "${home}/{host}.log", maxAge: 1h }`);
    assert.match(reasonOf(await rig.look()), /not there as a plain file/);
    writeFileSync(file, aSnapshotLog(), { mode: 0o600 });
    assert.deepEqual((await rig.look())[0]?.shortfalls, []);
    const kinds = new Set(['user']);
    writeFileSync(file, aSnapshotLog().replaceAll('"web-1"', '"db-1"'));
    assert.match(reasonOf(await rig.look({ kinds })), /another host/);
    rmSync(file);
    const before = process.umask(0);
    writeFileSync(file, aSnapshotLog(), { mode: 0o666 });
    process.umask(before);
    assert.match(reasonOf(await rig.look({ kinds })), /others may write it/);
  });

  it('of settings is part of what is signed only where there is one', async () => {
    const path = join(home, 'collectors.yaml');
    const files = nodeFiles();
    assert.equal(await collectorsDigest(files, path), undefined);
    const settingsNow = reportSettings(files, path);
    assert.equal(await settingsNow(), undefined);
    writeFileSync(path, 'version: 1\n');
    const one = await collectorsDigest(files, path);
    writeFileSync(path, 'version: 2\n');
    const settings = await settingsNow();
    assert.ok(settings?.tools instanceof Fault);
    assert.notEqual(settings.digest, one);
    rmSync(path);
    assert.equal(await settingsNow(), undefined);
  });
});
