/** Rows C1 to C6: the event log beside a bare chain, a bare tree and bare syncs. */
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sha256 } from '#base/digest';
import type { Files } from '#base/ports';
import type { EventInput } from '#evidence';
import { type Log, openEventLog, openHeadFile, verifyInclusion } from '#evidence';
import { nodeClock, nodeFiles, nodeRandom } from '#machine';
import { GrowingTree, leafHash, toHex } from '../src/evidence/tree.ts';
import { auditArguments } from '../src/operations/audit-arguments.ts';
import { chain, Edge, naiveProof, smallRecord } from './floors/chain.ts';
import { DurableFile } from './floors/durable.ts';
import { eachTook, inTurn, median, mustHold, nowMs, took } from './measure.ts';
import { NOWHERE } from './nowhere.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const CALLERS = 64;

const ASKED = {
  entity: 'service:web-1/nginx.service',
  attribute: 'state.active',
  target: 'host:web-1',
};
const REDACTED = auditArguments(ASKED);
const ANSWER = sha256('an answer');

/** An event as a look leaves it, its arguments redacted as the kernel does. */
function anEvent(i: number, { arguments: given, targets } = auditArguments(ASKED)): EventInput {
  return {
    kind: 'operation',
    requestId: `req_${i.toString(16).padStart(24, '0')}`,
    traceId: null,
    scope: 'main/main',
    principal: 'assistant:stdio',
    onBehalfOf: 'operator:ada@local',
    surface: 'mcp-stdio',
    operation: 'query_facts',
    arguments: given,
    decision: { verdict: 'allow', because: 'profile observer' },
    outcome: 'done',
    fault: null,
    targets,
    output: { sha256: ANSWER, length: 1_834 },
    tainted: true,
  };
}

/** What our record of such an event holds, without the work of redacting, for the floor to write. */
const sameRecord = (i: number): object => ({
  ...anEvent(i, REDACTED),
  v: 1,
  seq: i,
  time: '2026-01-31T09:30:00.000000Z',
  prev: ANSWER,
});

type OpenLog = AsyncDisposable & { readonly log: Log };

async function openLog(directory: string, files: Files = nodeFiles()): Promise<OpenLog> {
  const stack = new AsyncDisposableStack();
  const heads =
    files === NOWHERE
      ? { read: () => undefined, advance: async () => {} }
      : stack.use(await openHeadFile(files, join(directory, 'head')));
  const log = stack.use(
    await openEventLog({
      files,
      clock: nodeClock(),
      random: nodeRandom(),
      heads,
      directory: join(directory, 'log'),
      keys: join(directory, 'keys'),
      digests: { program: 'a', configuration: 'b' },
      ...(files === NOWHERE ? { checkpointEveryEvents: Number.MAX_SAFE_INTEGER } : {}),
      checkpointEveryMs: 0,
    }),
  );
  return { log, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Appends many; the newest is durable at the end, and so is everything before it. */
async function appendMany(log: Log, count: number, atOnce = 1_000): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    let last: Promise<unknown> | undefined;
    for (let i = from; i < Math.min(count, from + atOnce); i += 1) {
      last = log.append(anEvent(i)).durable;
    }
    await last;
  }
}

export async function logRows(setting: Setting): Promise<Row[]> {
  const { wants } = setting;
  return [
    ...(wants('C1') ? await inMemory(setting) : []),
    ...(wants('C2') || wants('C3') ? await durable(setting) : []),
    ...(wants('C4') || wants('C5') ? await long(setting) : []),
    ...(wants('C6') ? await treeAlone(setting) : []),
  ];
}

async function inMemory({ sizes, directory }: Setting): Promise<Row[]> {
  await using opened = await openLog(directory, NOWHERE);
  const { log } = opened;
  const each = (ms: number): number => (ms * 1_000) / sizes.records;
  const ours = async (): Promise<number> => each(await took(() => appendMany(log, sizes.records)));
  const small = await inTurn(sizes.rounds, ours, async () =>
    each(await took(() => chain(sizes.records, smallRecord))),
  );
  const same = await inTurn(sizes.rounds, ours, async () =>
    each(await took(() => chain(sizes.records, sameRecord))),
  );
  const told = {
    id: 'C1',
    what: 'audit record: redacted, canonical, chained, in the tree',
    unit: 'us',
  };
  return [
    paired(
      {
        ...told,
        beside: 'chain and tree, a record of the same bytes',
        must: { atMost: 4 },
        aim: { atMost: 2 },
      },
      same,
    ),
    paired({ ...told, beside: 'chain and tree, 281 bytes' }, small),
  ];
}

async function durable({ sizes, directory, wants }: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  await using opened = await openLog(join(directory, 'durable'));
  const { log } = opened;
  const file = new DurableFile(join(directory, 'durable.floor'));
  const together = async (count: number, append: () => Promise<unknown>): Promise<number> => {
    let left = count;
    const ms = await took(() =>
      Promise.all(
        Array.from({ length: CALLERS }, async () => {
          for (; left > 0; left -= 1) await append();
        }),
      ),
    );
    return count / (ms / 1_000);
  };
  // What redaction costs is told by C1; the floor has its bytes ready too.
  const event = anEvent(1, REDACTED);
  const appendOurs = (): Promise<unknown> => log.append(event).durable;
  const aloneMs = (count: number): number => median(eachTook(count, () => file.appendAlone()));
  const few = Math.max(3, Math.floor(sizes.records / 50));
  if (wants('C2')) {
    const told = { id: 'C2', what: `durable append, ${CALLERS} callers`, unit: 'records/s' };
    const group = await inTurn(
      sizes.rounds,
      () => together(sizes.records, appendOurs),
      () => together(sizes.records, () => file.append()),
    );
    rows.push(
      paired(
        {
          ...told,
          beside: 'group commit of 300 bytes',
          must: { atLeast: 0.4 },
          aim: { atLeast: 0.7 },
        },
        group,
      ),
    );
    const each = await inTurn(
      sizes.rounds,
      () => together(sizes.records, appendOurs),
      () => 1_000 / aloneMs(few),
    );
    rows.push(
      paired(
        { ...told, beside: 'one fdatasync each', must: { atLeast: 6 }, aim: { atLeast: 10 } },
        each,
      ),
    );
  }
  if (wants('C3')) {
    const one = await inTurn(
      sizes.rounds,
      async () => {
        const times: number[] = [];
        for (let i = 0; i < few; i += 1) times.push(await took(appendOurs));
        return median(times) * 1_000;
      },
      () => aloneMs(few) * 1_000,
    );
    rows.push(
      paired(
        {
          id: 'C3',
          what: 'one caller alone, durable, p50',
          beside: 'one fdatasync',
          unit: 'us',
          must: { atMost: 2.5 },
          aim: { atMost: 1.7 },
        },
        one,
      ),
    );
  }
  file.close();
  return rows;
}

/** Verification and proofs of one long log. */
async function long({ sizes, directory, wants, say }: Setting): Promise<Row[]> {
  const rows: Row[] = [];
  const at = join(directory, 'long');
  say(`log: ${sizes.logRecords} records`);
  {
    await using opened = await openLog(at);
    await appendMany(opened.log, sizes.logRecords, 2_000);
    if (wants('C5')) rows.push(...(await proofs(opened.log, sizes.rounds)));
  }
  if (!wants('C4')) return rows;
  const rss: number[] = [];
  const seconds = await inTurn(
    Math.min(3, sizes.rounds),
    async () => {
      const ours = await verifyApart('ours', at);
      mustHold(ours.holds && ours.records >= sizes.logRecords, 'the log verifies');
      rss.push(ours.peakMiB);
      return ours.seconds;
    },
    async () => {
      const floor = await verifyApart('floor', at);
      mustHold(floor.holds && floor.records >= sizes.logRecords, 'the floor agrees');
      return floor.seconds;
    },
  );
  rows.push(
    paired(
      {
        id: 'C4',
        what: `verify ${sizes.logRecords} records, one thread`,
        beside: 'JSON.parse and chain of the same bytes',
        unit: 's',
        must: { atMost: 1.5 },
        aim: { atMost: 1.1 },
      },
      seconds,
    ),
    alone(
      { id: 'C4', what: 'peak memory of verifying', unit: 'MiB', must: { atMost: 150 } },
      median(rss),
    ),
  );
  return rows;
}

type Verified = {
  readonly holds: boolean;
  readonly records: number;
  readonly seconds: number;
  readonly peakMiB: number;
};

/** In a process of its own, so that its memory is its own. */
function verifyApart(who: 'ours' | 'floor', directory: string): Promise<Verified> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'verify-apart.ts'),
      who,
      directory,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as Verified);
      else reject(new Error(`verifying ended with ${code}`));
    });
  });
}

async function proofs(log: Log, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  const { size } = log;
  for (const leaves of new Set([Math.min(2_000, size), size])) {
    const ours = async (round: number): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < 50; i += 1) {
        const seq = ((round + 2) * 7_919 + i * 104_729) % leaves;
        const began = nowMs();
        await log.inclusionProof(seq, leaves);
        times.push(nowMs() - began);
      }
      return median(times);
    };
    const told = { id: 'C5', what: `inclusion proof at ${leaves} leaves, p50`, unit: 'ms' };
    if (leaves > 2_000) {
      const first: number[] = [];
      const again: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        first.push(await ours(round));
        again.push(await ours(round));
      }
      const goals = { must: { atMost: 1 }, aim: { atMost: 0.1 } };
      rows.push(alone({ ...told, ...goals, what: `${told.what}, tiles read` }, median(first)));
      rows.push(alone({ ...told, what: `${told.what}, tiles known` }, median(again)));
      continue;
    }
    const hashes = await leafHashes(log, leaves);
    await checkProof(log, hashes);
    rows.push(
      paired(
        { ...told, beside: 'all hashes made again' },
        await inTurn(rounds, ours, (round) =>
          median(eachTook(5, (i) => void naiveProof(hashes, (round + 2 + i) % leaves))),
        ),
      ),
    );
    const peer = loadPeer('@transmute/rfc9162') as Transmute | undefined;
    if (peer === undefined) continue;
    const bytes = hashes.map((_, i) => new Uint8Array(Buffer.from(`leaf ${i}`)));
    rows.push(
      paired(
        { ...told, beside: '@transmute/rfc9162', must: { atMost: 1 / 500 } },
        await inTurn(rounds, ours, (round) =>
          took(() => peer.RFC9162.inclusionProof(bytes[round + 2] as Uint8Array, bytes)),
        ),
      ),
    );
  }
  return rows;
}

async function leafHashes(log: Log, count: number): Promise<string[]> {
  const events = await log.read({}, count, count);
  const { canonicalJson } = await import('#base/json');
  return events.toReversed().map((event) => leafHash(canonicalJson(event as never)));
}

async function checkProof(log: Log, hashes: readonly string[]): Promise<void> {
  const size = hashes.length;
  const edge = new Edge();
  for (const hashed of hashes) edge.append(hashed);
  const root = edge.root();
  for (const seq of [0, 1, size >> 1, size - 1]) {
    const proof = await log.inclusionProof(seq, size);
    mustHold(String(proof) === String(naiveProof(hashes, seq)), 'both prove the same way');
    const leaf = toHex(hashes[seq] as string);
    mustHold(verifyInclusion({ leaf, seq, size, root, proof }), 'the proof leads to the root');
  }
}

async function treeAlone({ sizes }: Setting): Promise<Row[]> {
  const leaves = Array.from({ length: sizes.records }, (_, i) =>
    hash('sha256', `leaf ${i}`, 'latin1'),
  );
  let roots: readonly [ours: string, floor: string] = ['', ''];
  const rate = (ms: number): number => leaves.length / (ms / 1_000);
  const ours = async (): Promise<number> => {
    const tree = new GrowingTree(() => {});
    const ms = await took(() => leaves.forEach((leaf) => tree.append(leaf)));
    roots = [toHex(tree.root()), roots[1]];
    return rate(ms);
  };
  const pair = await inTurn(sizes.rounds, ours, async () => {
    const edge = new Edge();
    const ms = await took(() => leaves.forEach((leaf) => edge.append(leaf)));
    roots = [roots[0], edge.root()];
    return rate(ms);
  });
  mustHold(roots[0] === roots[1], 'both grow the same tree');
  const told = { id: 'C6', what: 'tree append, tiles kept', unit: 'leaves/s' };
  const rows = [paired({ ...told, beside: 'right edge alone' }, pair)];
  const peer = loadPeer('merkletreejs') as Merkletreejs | undefined;
  if (peer !== undefined) {
    const bytes = leaves.map((leaf) => Buffer.from(leaf, 'latin1'));
    const digest = (of: Buffer): Buffer => hash('sha256', of, 'buffer');
    const beside = await inTurn(sizes.rounds, ours, async () =>
      rate(await took(() => new peer.MerkleTree(bytes, digest).getRoot())),
    );
    rows.push(
      paired(
        { ...told, beside: 'merkletreejs, build', must: { atLeast: 1 }, aim: { atLeast: 1.7 } },
        beside,
      ),
    );
  }
  return rows;
}

type Transmute = {
  readonly RFC9162: { inclusionProof(leaf: Uint8Array, all: Uint8Array[]): unknown };
};
type Merkletreejs = {
  readonly MerkleTree: new (
    leaves: Buffer[],
    digest: (of: Buffer) => Buffer,
  ) => { getRoot(): Buffer };
};

/** Peers are no dependency of ours: `BENCH_PEERS` names a directory in which they were installed. */
function loadPeer(name: string): unknown {
  const from = process.env['BENCH_PEERS'];
  return from === undefined ? undefined : createRequire(join(from, 'package.json'))(name);
}
