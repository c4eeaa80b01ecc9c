/** Rows F3, F4 and M1: one small read through the real programs, over stdio, HTTP and the command line. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { inTurn, median, mustHold, nowMs, type Pair, pairOf, percentile, took } from './measure.ts';
import { alone, paired, type Row } from './row.ts';
import type { Setting } from './sizes.ts';

const ROOT = join(import.meta.dirname, '..');
export const HOLDFAST = join(ROOT, 'bin', 'holdfast');
const NODE = join(ROOT, 'bin', 'holdfast-node');
const QUIET = '--disable-warning=ExperimentalWarning';
const ASKED = {
  name: 'query_facts',
  arguments: { entity: 'probe:web-1', attribute: 'size', target: 'host:bench' },
};

export const ERAS = ['2025-11-25', '2026-07-28'] as const;
type Era = (typeof ERAS)[number];

export async function surfaceRows(setting: Setting): Promise<Row[]> {
  const { directory, wants, say } = setting;
  const home = join(directory, 'home');
  say('surfaces: a data directory with one ingested fact');
  await run([HOLDFAST, '--home', home, 'init']);
  await run([HOLDFAST, '--home', home, 'target', 'add', 'host:bench', '--source', 'probe']);
  await ingest(home);
  return [
    ...(wants('F3')
      ? [...(await overStdio(setting, home)), ...(await overHttp(setting, home))]
      : []),
    ...(wants('F4') ? await startUp(setting, home) : []),
    ...(wants('M1') ? [await idle(setting, home)] : []),
  ];
}

async function ingest(home: string): Promise<void> {
  await using ours = await stdio([HOLDFAST, '--home', home, 'mcp'], ERAS[0]);
  const answer = await ours.client.callTool({
    name: 'ingest_observation',
    arguments: {
      source: 'probe',
      target: 'host:bench',
      observedAt: '2026-01-01T00:00:00Z',
      facts: Array.from({ length: 100 }, (_, i) => ({
        entity: `probe:web-${i}`,
        attribute: 'size',
        value: i,
      })),
    },
  });
  mustHold(
    answer.isError !== true,
    `the observation was refused: ${JSON.stringify(answer.content)}`,
  );
}

type Connected = AsyncDisposable & { readonly client: Client; readonly pid: number | null };

function newClient(era: Era): Client {
  return new Client(
    { name: 'bench', version: '1' },
    era === ERAS[1] ? { versionNegotiation: { mode: { pin: era } } } : {},
  );
}

export async function stdio(argv: readonly string[], era: Era): Promise<Connected> {
  const [command = '', ...args] = argv;
  const transport = new StdioClientTransport({ command, args, stderr: 'ignore' });
  const client = newClient(era);
  await client.connect(transport);
  return { client, pid: transport.pid, [Symbol.asyncDispose]: () => client.close() };
}

/** The value of the one fact that was asked for. */
async function ask(client: Client): Promise<unknown> {
  const { structuredContent } = await client.callTool(ASKED);
  return (structuredContent as { facts?: { value: unknown }[] } | undefined)?.facts?.[0]?.value;
}

async function calls(count: number, client: Client): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) times.push(await took(() => client.callTool(ASKED)));
  return times;
}

async function together(
  ours: Client,
  floor: Client,
  { sizes }: Setting,
): Promise<{ p50: Pair; p99: Pair }> {
  const p99: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
  const block =
    (who: 'ours' | 'floor', client: Client) =>
    async (round: number): Promise<number> => {
      const times = await calls(sizes.calls, client);
      if (round >= 0) p99[who].push(percentile(times, 0.99));
      return median(times);
    };
  const p50 = await inTurn(sizes.rounds, block('ours', ours), block('floor', floor));
  return { p50, p99: pairOf(p99.ours, p99.floor) };
}

async function overStdio(setting: Setting, home: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const era of ERAS) {
    setting.say(`surfaces: stdio, ${era}`);
    await using ours = await stdio([HOLDFAST, '--home', home, 'mcp'], era);
    await using floor = await stdio([NODE, QUIET, script('no-op-server.ts'), 'stdio'], era);
    mustHold((await ask(ours.client)) === 1, 'our server answers the fact');
    const { p50, p99 } = await together(ours.client, floor.client, setting);
    rows.push(...readRows(`MCP read over stdio, ${era}`, { atMost: 3 }, { atMost: 1.5 }, p50, p99));
  }
  return rows;
}

async function overHttp(setting: Setting, home: string): Promise<Row[]> {
  const rows: Row[] = [];
  await using oursServer = await serve([NODE, QUIET, script('serve-http.ts'), home]);
  await using floorServer = await serve([NODE, QUIET, script('no-op-server.ts'), 'http']);
  for (const era of ERAS) {
    setting.say(`surfaces: HTTP, ${era}`);
    await using ours = await http(oursServer, era);
    await using floor = await http(floorServer, era);
    mustHold((await ask(ours.client)) === 1, 'our server answers the fact');
    const { p50, p99 } = await together(ours.client, floor.client, setting);
    rows.push(...readRows(`MCP read over HTTP, ${era}`, { atMost: 1.5 }, { atMost: 1 }, p50, p99));
  }
  return rows;
}

function readRows(
  what: string,
  must: { atMost: number },
  aim: { atMost: number },
  p50: Pair,
  p99: Pair,
): Row[] {
  const beside = "the SDK's server doing nothing";
  return [
    paired({ id: 'F3', what: `${what}, p50`, beside, unit: 'ms', must, aim }, p50),
    paired({ id: 'F3', what: `${what}, p99`, beside, unit: 'ms' }, p99),
  ];
}

type Server = AsyncDisposable & { readonly url: string; readonly token?: string };

async function http(server: Server, era: Era): Promise<Connected> {
  const headers = { authorization: `Bearer ${server.token ?? ''}` };
  const client = newClient(era);
  const requestInit = { headers };
  await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { requestInit }));
  return { client, pid: null, [Symbol.asyncDispose]: () => client.close() };
}

async function serve([command = '', ...args]: readonly string[]): Promise<Server> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', resolve);
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)));
  });
  return {
    ...(JSON.parse(line) as { url: string; token?: string }),
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function startUp({ sizes, say }: Setting, home: string): Promise<Row[]> {
  say('surfaces: starting');
  const first = async (argv: readonly string[], era: Era): Promise<number> => {
    const began = nowMs();
    await using connected = await stdio(argv, era);
    await connected.client.callTool(ASKED);
    return nowMs() - began;
  };
  const toFirst = await inTurn(
    sizes.starts,
    () => first([HOLDFAST, '--home', home, 'mcp'], ERAS[0]),
    () => first([NODE, QUIET, script('no-op-server.ts'), 'stdio'], ERAS[0]),
  );
  const query = [HOLDFAST, '--home', home, 'query', 'probe:web-1', '--json'];
  const empty = [NODE, QUIET, '-e', '0'];
  const asked = async (): Promise<number> => {
    const began = nowMs();
    const { facts } = JSON.parse(await run(query)) as { facts: { value: unknown }[] };
    const ms = nowMs() - began;
    mustHold(facts[0]?.value === 1, 'the command answers the fact');
    return ms;
  };
  const nothing = (): Promise<number> => took(() => run(empty));
  const owning = await inTurn(sizes.starts, asked, nothing);
  // Somebody else owns the directory now, so the command joins.
  await using owner = await stdio([HOLDFAST, '--home', home, 'mcp'], ERAS[0]);
  mustHold((await ask(owner.client)) === 1, 'the owner answers');
  const joined = await inTurn(sizes.starts, asked, nothing);
  const beside = 'Node that does nothing';
  return [
    paired(
      {
        id: 'F4',
        what: 'start to first tool result over stdio',
        beside: "the SDK's server doing nothing",
        unit: 'ms',
      },
      toFirst,
    ),
    paired({ id: 'F4', what: 'holdfast query, alone', beside, unit: 'ms' }, owning),
    paired(
      { id: 'F4', what: 'holdfast query, joined to a running service', beside, unit: 'ms' },
      joined,
    ),
  ];
}

async function idle({ sizes }: Setting, home: string): Promise<Row> {
  await using ours = await stdio([HOLDFAST, '--home', home, 'mcp'], ERAS[0]);
  await using floor = await stdio([NODE, QUIET, script('no-op-server.ts'), 'stdio'], ERAS[0]);
  await calls(Math.min(20, sizes.calls), ours.client);
  await calls(Math.min(20, sizes.calls), floor.client);
  const [mine, theirs] = [rssMiB(ours.pid), rssMiB(floor.pid)];
  return alone(
    {
      id: 'M1',
      what: `memory of an idle stdio server (the SDK's doing nothing: ${theirs.toFixed(0)})`,
      unit: 'MiB',
      must: { atMost: 110 },
    },
    mine,
  );
}

function rssMiB(pid: number | null): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
}

function script(name: string): string {
  return join(import.meta.dirname, name);
}

function run([command = '', ...args]: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${args.join(' ')} ended with ${code}: ${complaint}`));
    });
  });
}
