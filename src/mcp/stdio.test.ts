import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { silentLog } from '#base/log';
import { nodeClock } from '#machine';
import type { Call } from '#operations';
import { isRecord } from './read-message.ts';
import { aCaller, cleanSample, SAMPLE_OPERATIONS, samplePerform } from './samples.ts';
import { mcpService } from './server.ts';
import { serveMcpStdio } from './stdio.ts';

type Reply = {
  readonly id?: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string };
  readonly method?: string;
};

function connect(lineBytes?: number) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const calls: Call[] = [];
  const service = mcpService({
    operations: SAMPLE_OPERATIONS,
    perform: samplePerform(calls),
    version: '0.1.0',
    clean: cleanSample,
  })(aCaller);
  const connection = serveMcpStdio({
    service,
    stdin,
    stdout,
    clock: nodeClock(),
    log: silentLog,
    ...(lineBytes === undefined ? {} : { lineBytes }),
  });
  const replies: Reply[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    replies.push(...lines.map((line) => JSON.parse(line) as Reply));
    for (const wake of waiting) wake();
  });
  const until = async (wanted: (reply: Reply) => boolean): Promise<Reply> => {
    for (;;) {
      const found = replies.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        waiting.add(resolve);
      });
    }
  };
  const write = (line: string | Uint8Array): void => {
    stdin.write(line);
    stdin.write('\n');
  };
  let next = 1;
  const ask = async (method: string, params: object = {}): Promise<Reply> => {
    const id = next++;
    write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return until((reply) => reply.id === id);
  };
  const initialize = async (): Promise<Reply> => {
    const reply = await ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    });
    write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    return reply;
  };
  return { stdin, write, ask, until, initialize, replies, calls, connection };
}

const call = (name: string, given: unknown) => ({ name, arguments: given });
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const ingestLine = (id: number | string, value: string): string =>
  `{"method":"tools/call","params":{"name":"ingest_observation","arguments":{"facts":[{"entity":"a:b","value":${value}}]}},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;

describe('mcp over stdio', () => {
  it('answers the 2025 line: list, call, page, fault', async () => {
    const client = connect();
    const { result } = await client.initialize();
    assert.equal(result?.['protocolVersion'], '2025-11-25');
    const listed = await client.ask('tools/list');
    const tools = listed.result?.['tools'] as { name: string }[];
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['describe_system', 'drift_scan', 'ingest_observation', 'query_facts'],
    );
    const page = await client.ask('tools/call', call('query_facts', { limit: 20 }));
    const content = page.result?.['structuredContent'] as { facts: []; nextCursor: string };
    assert.equal(content.facts.length, 20);
    assert.equal(content.nextCursor, '20');
    const gone = await client.ask('tools/call', call('query_facts', { target: 'host:gone' }));
    assert.equal(gone.result?.['isError'], true);
    assert.equal(gone.result?.['structuredContent'], undefined);
    assert.match(JSON.stringify(gone.result?.['content']), /unknown-target: no such target/);
    await client.connection.close();
  });

  it('keeps __proto__ and every JSON value exactly on the way to the operation', async () => {
    const client = connect();
    await client.initialize();
    const value = '{"__proto__":{"x":[null,1.5,"\\ud800",{"constructor":"__proto__"}]}}';
    client.write(ingestLine(50, value));
    const reply = await client.until(({ id }) => id === 50);
    assert.equal(
      (reply.result?.['structuredContent'] as { echo: string } | undefined)?.echo,
      value,
    );
    const input = client.calls.at(-1)?.input;
    assert.ok(isRecord(input));
    assert.equal(JSON.stringify((input['facts'] as { value: unknown }[])[0]?.value), value);
    await client.connection.close();
  });

  it('says no to a __proto__ that would vanish on the way', async () => {
    const client = connect();
    await client.initialize();
    client.write(
      '{"jsonrpc":"2.0","id":51,"method":"tools/call","params":{"name":"query_facts","arguments":{"__proto__":1}}}',
    );
    const reply = await client.until(({ id }) => id === 51);
    assert.match(reply.error?.message ?? '', /unrecognized key: "__proto__" in arguments/);
    await client.connection.close();
  });

  it('takes nothing of which parsing would lose a part', async () => {
    const client = connect();
    await client.initialize();
    client.write(ingestLine(52, '{"a":1,"a":2}'));
    assert.match((await client.until(({ id }) => id === 52)).error?.message ?? '', /stands twice/);
    client.write(ingestLine(53, '12345678901234567890'));
    assert.match((await client.until(({ id }) => id === 53)).error?.message ?? '', /held exactly/);
    assert.equal(client.calls.length, 0);
    await client.connection.close();
  });

  it('answers what it cannot read under its id, and goes on', async () => {
    const client = connect(200_000);
    await client.initialize();
    const bad = Buffer.from(ingestLine('utf8', '"X"'));
    bad[bad.indexOf('X')] = 0xff;
    client.write(bad);
    assert.match((await client.until(({ id }) => id === 'utf8')).error?.message ?? '', /UTF-8/);
    client.write(ingestLine('nul', '"\u0000"'));
    assert.match(
      (await client.until(({ id }) => id === 'nul')).error?.message ?? '',
      /not valid JSON/,
    );
    client.write(ingestLine('deep', nested(10_000)));
    assert.match(
      (await client.until(({ id }) => id === 'deep')).error?.message ?? '',
      /nested too deeply/,
    );
    client.write(ingestLine('long', `"${'x'.repeat(300_000)}"`));
    assert.match((await client.until(({ id }) => id === 'long')).error?.message ?? '', /too long/);
    client.write('{"jsonrpc":"2.0","id":"odd"}');
    assert.match((await client.until(({ id }) => id === 'odd')).error?.message ?? '', /JSON-RPC/);
    client.write('');
    client.write('nonsense');
    await client.until(({ id, error }) => id === null && error !== undefined);
    const after = await client.ask('tools/call', call('query_facts', {}));
    assert.equal(after.error, undefined);
    assert.equal(client.replies.filter(({ error }) => error !== undefined).length, 6);
    await client.connection.close();
  });

  it('takes an observation of 50,000 facts and a text of 10 MB', async () => {
    const client = connect();
    await client.initialize();
    const facts = Array.from({ length: 50_000 }, (_, i) => ({ entity: `a:${i}`, value: i }));
    const many = await client.ask('tools/call', call('ingest_observation', { facts }));
    assert.equal(
      (many.result?.['structuredContent'] as { written: number } | undefined)?.written,
      50_000,
    );
    const big = await client.ask(
      'tools/call',
      call('ingest_observation', { facts: [{ entity: 'a:b', value: 'x'.repeat(10_000_000) }] }),
    );
    assert.equal(big.error, undefined);
    await client.connection.close();
  });

  it('never shows a raw exception', async () => {
    const client = connect();
    await client.initialize();
    const reply = await client.ask('tools/call', call('query_facts', { target: 'host:broken' }));
    assert.equal(reply.result?.['isError'], true);
    assert.doesNotMatch(JSON.stringify(reply), /hunter2/);
    assert.match(JSON.stringify(reply), /internal: internal error/);
    await client.connection.close();
  });

  it('answers what was asked before the input ended, then closes', async () => {
    const client = connect();
    await client.initialize();
    client.stdin.end(
      '{"jsonrpc":"2.0","id":90,"method":"tools/call","params":{"name":"query_facts","arguments":{}}}',
    );
    const reply = await client.until(({ id }) => id === 90);
    assert.ok(reply.result);
    await client.connection.closed;
  });

  it('passes progress on when it was asked for, and the trace id', async () => {
    const client = connect();
    await client.initialize();
    await client.ask('tools/call', {
      ...call('query_facts', {}),
      _meta: {
        progressToken: 'p',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
    });
    assert.ok(client.replies.some(({ method }) => method === 'notifications/progress'));
    assert.equal(client.calls.at(-1)?.traceId, '0af7651916cd43dd8448eb211c80319c');
    await client.connection.close();
  });

  it('reads targets and findings as resources, text without control or bidi characters', async () => {
    const client = connect();
    await client.initialize();
    const read = async (uri: string): Promise<Reply> => client.ask('resources/read', { uri });
    const one = await read('holdfast://targets/host:a');
    assert.match(JSON.stringify(one.result), /thing:t\/00/);
    assert.ok((await read('holdfast://targets/host:b%2Fc')).result);
    const findings = await read('holdfast://findings/finding_1');
    const text = JSON.stringify(findings.result);
    assert.match(text, /user:x/);
    assert.doesNotMatch(text, /\\u001b|\\u202e|\u202e/);
    const none = await read('holdfast://findings/finding_2');
    assert.ok(none.error && [-32_002, -32_602].includes(none.error.code), JSON.stringify(none));
    const { result } = await client.ask('completion/complete', {
      ref: { type: 'ref/resource', uri: 'holdfast://targets/{id}' },
      argument: { name: 'id', value: 'host:b' },
    });
    assert.deepEqual((result?.['completion'] as { values: string[] } | undefined)?.values, [
      'host:b/c',
    ]);
    await client.connection.close();
  });
});
