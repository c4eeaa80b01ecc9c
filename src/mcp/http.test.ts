import assert from 'node:assert/strict';
import { type ClientRequest, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { reachOf } from '#access';
import { sha256 } from '#base/digest';
import { silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import type { Instant } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import { DEFAULT_SCOPE } from '#model';
import type { Call } from '#operations';
import { type KeptLease, verifyAgainst } from './bearer.ts';
import { ResourceChanges } from './changes.ts';
import { type McpHttp, mcpHttp } from './http.ts';
import { cleanSample, SAMPLE_OPERATIONS, samplePerform } from './samples.ts';
import { mcpService } from './server.ts';

const real = nodeClock();
let skippedMs = 0;
const clock: Clock = {
  now: () => real.now(),
  monotonicMs: () => real.monotonicMs() + skippedMs,
  sleep: (ms, signal) => real.sleep(ms, signal),
};
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const later = (ms: number): Instant => (clock.now() + ms * 1_000) as Instant;
const lease = (
  id: string,
  bearer: string,
  ms: number,
  more: Partial<KeptLease> = {},
): KeptLease => ({
  id,
  sha256: sha256(bearer),
  onBehalfOf: 'ada',
  profile: 'observer',
  reach: reachOf('observer').map((part) => ({ ...part, scopes: [DEFAULT_SCOPE] })),
  expiresAt: later(ms),
  ...more,
});

const calls: Call[] = [];
const changes = new ResourceChanges();
const leases: KeptLease[] = [];
let http: McpHttp;
let url = '';
const server = createServer((incoming, outgoing) => void http.handle(incoming, outgoing));

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  leases.push(
    lease('lease_a', 'secret-a', 3_600_000),
    lease('lease_b', 'secret-b', 3_600_000),
    lease('lease_old', 'secret-old', -1),
    lease('lease_foreign', 'secret-foreign', 3_600_000, {
      resource: 'http://elsewhere.example/mcp',
    }),
  );
  http = mcpHttp({
    service: mcpService({
      operations: SAMPLE_OPERATIONS,
      perform: samplePerform(calls),
      version: '0.1.0',
      clean: cleanSample,
      changes,
    }),
    verifyBearer: verifyAgainst(() => leases, clock),
    allowedHosts: ['127.0.0.1', 'localhost'],
    allowedOrigins: ['127.0.0.1'],
    resource: () => url,
    clock,
    random: nodeRandom(),
    log: silentLog,
    bus: changes.bus,
    limits: { requestBytes: 300_000, sessions: 3, sessionIdleMs: 60_000, listens: 2 },
  });
});

after(async () => {
  await http.close();
  server.closeAllConnections();
  server.close();
});

const JSON_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

function post(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: body as Uint8Array<ArrayBuffer> | string,
    headers: { ...JSON_HEADERS, authorization: 'Bearer secret-a', ...headers },
  });
}

/** The status that a request gets whose headers and body `fetch` would not send. */
function raw(
  headers: Record<string, string>,
  send: (body: ClientRequest) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject);
    send(asked);
  });
}

/** A body of unknown length that goes on: `bytes` are sent, and its end never comes. */
function endless(bytes: number): Promise<number> {
  return raw({ ...JSON_HEADERS, authorization: 'Bearer secret-a' }, (body) => {
    body.write(Buffer.alloc(bytes, 0x20));
  });
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function modern(
  method: string,
  params: Record<string, unknown>,
  more: Record<string, string> = {},
  signal?: AbortSignal,
) {
  return fetch(url, {
    method: 'POST',
    headers: {
      ...JSON_HEADERS,
      authorization: 'Bearer secret-a',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
      ...more,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: META } }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const INITIALIZE = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  },
});

describe('mcp over http', () => {
  it('asks for a bearer and says where to learn about it', async () => {
    const naked = await fetch(url, { method: 'POST', headers: JSON_HEADERS, body: INITIALIZE });
    assert.equal(naked.status, 401);
    const challenge = naked.headers.get('www-authenticate') ?? '';
    const metadataUrl = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? '';
    const metadata = (await (await fetch(metadataUrl)).json()) as Record<string, unknown>;
    assert.equal(metadata['resource'], url);
    for (const bearer of ['wrong', 'secret-old', 'secret-foreign', '']) {
      const refused = await post(INITIALIZE, { authorization: `Bearer ${bearer}` });
      assert.equal(refused.status, 401, bearer);
      assert.doesNotMatch(await refused.text(), /secret/);
    }
  });

  it('refuses foreign hosts and pages before it looks at the bearer', async () => {
    assert.equal((await post(INITIALIZE, { origin: 'https://evil.example' })).status, 403);
    assert.equal((await post(INITIALIZE, { origin: 'null' })).status, 403);
    const foreignHost = await raw({ ...JSON_HEADERS, host: 'evil.example' }, (body) =>
      body.end('{}'),
    );
    assert.equal(foreignHost, 403);
  });

  it('says what is wrong with a body, under its id', async () => {
    const bad = Buffer.from('{"jsonrpc":"2.0","id":5,"method":"tools/list","params":{"x":"X"}}');
    bad[bad.indexOf('X')] = 0xff;
    const utf8 = await post(bad);
    assert.equal(utf8.status, 400);
    assert.match(await utf8.text(), /UTF-8.*"id":5/);
    const deep = await post(
      `{"jsonrpc":"2.0","id":6,"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
    );
    assert.equal(deep.status, 400);
    assert.match(await deep.text(), /nested too deeply.*"id":6/);
    assert.equal((await post('{"jsonrpc"')).status, 400);
    assert.equal((await post(`"${'x'.repeat(400_000)}"`)).status, 413);
    assert.equal(await endless(400_000), 413);
    assert.equal((await post('{}', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await fetch(url.replace('/mcp', '/other'))).status, 404);
  });

  for (const mode of ['legacy', 'modern'] as const) {
    it(`serves the official client, ${mode}`, async () => {
      const client = new Client(
        { name: 'test', version: '1' },
        mode === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
      );
      await client.connect(
        new StreamableHTTPClientTransport(new URL(url), {
          requestInit: { headers: { authorization: 'Bearer secret-b' } },
        }),
      );
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        ['describe_system', 'drift_scan', 'ingest_observation', 'query_facts'],
      );
      const query = tools.find(({ name }) => name === 'query_facts');
      assert.deepEqual(query?.annotations, {
        title: 'Query facts',
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      });
      const seen: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await client.callTool(
          {
            name: 'query_facts',
            arguments: { limit: 10, ...(cursor === undefined ? {} : { cursor }) },
          },
          { onprogress: () => {} },
        );
        const content = page.structuredContent as { facts: unknown[]; nextCursor: string | null };
        seen.push(...content.facts);
        cursor = content.nextCursor ?? undefined;
      } while (cursor !== undefined);
      assert.equal(seen.length, 25);
      assert.equal(calls.at(-1)?.caller.principal, 'lease:lease_b');
      assert.equal(calls.at(-1)?.caller.surface, 'mcp-http');
      const typo = await client.callTool({ name: 'query_facts', arguments: { limt: 1 } });
      assert.equal(typo.isError, true);
      assert.match(JSON.stringify(typo.content), /invalid-input: .*limt/);
      await assert.rejects(() => client.callTool({ name: 'hidden_thing', arguments: {} }), {
        code: -32_602,
      });
      const impatient = new AbortController();
      const slow = client.callTool(
        { name: 'query_facts', arguments: { target: 'host:slow' } },
        { signal: impatient.signal },
      );
      setTimeout(() => impatient.abort(), 20);
      await assert.rejects(slow);
      const targets = await client.readResource({ uri: 'holdfast://targets' });
      assert.match(JSON.stringify(targets), /host:a/);
      await assert.rejects(() => client.readResource({ uri: 'holdfast://targets/host:none' }));
      await assert.rejects(() => client.readResource({ uri: 'file:///etc/passwd' }));
      const templates = await client.listResourceTemplates();
      assert.equal(templates.resourceTemplates.length, 2);
      assert.ok((client.getInstructions() ?? '').startsWith('Holdfast'));
      await client.close();
    });
  }

  it('keeps a session to the lease that opened it, ends idle ones, and has a most', async () => {
    skippedMs += 60_000;
    const opened = await post(INITIALIZE);
    const session = opened.headers.get('mcp-session-id') ?? '';
    assert.equal(opened.status, 200);
    await opened.text();
    const list = '{"jsonrpc":"2.0","id":2,"method":"tools/list"}';
    const mine = await post(list, { 'mcp-session-id': session });
    assert.equal(mine.status, 200);
    await mine.text();
    const other = { 'mcp-session-id': session, authorization: 'Bearer secret-b' };
    assert.equal((await post(list, other)).status, 404);
    assert.equal((await post(list, { 'mcp-session-id': 'session_unknown' })).status, 404);
    for (let i = 0; i < 2; i++) await (await post(INITIALIZE)).text();
    assert.equal((await post(INITIALIZE)).status, 503);
    skippedMs += 60_000;
    assert.equal((await post(list, { 'mcp-session-id': session })).status, 404);
    assert.equal(http.sessions(), 0);
  });

  it('lets nobody listen to what it does not know, counts streams, and tells of changes', async () => {
    const listen = (uri: string, signal?: AbortSignal, more = {}) =>
      modern(
        'subscriptions/listen',
        { notifications: { resourceSubscriptions: [uri] } },
        more,
        signal,
      );
    const foreign = await listen('holdfast://targets/host:none');
    assert.match(await foreign.text(), /-32602/);
    const stop = new AbortController();
    const open = await listen('holdfast://findings', stop.signal);
    assert.equal(open.status, 200);
    const second = await listen('holdfast://targets/host:a', stop.signal);
    const third = await listen('holdfast://findings');
    assert.equal(third.status, 429);
    const events = (open.body as ReadableStream<Uint8Array>).getReader();
    await events.read();
    changes.publish('holdfast://targets');
    changes.publish('holdfast://findings');
    const { value } = await events.read();
    const text = Buffer.from(value ?? []).toString();
    assert.match(text, /resources\/updated/);
    assert.match(text, /holdfast:\/\/findings"/);
    stop.abort();
    assert.equal(second.status, 200);
  });

  it('tells a session of what it subscribed to and may read, and of nothing else', async () => {
    skippedMs += 60_000;
    const opened = await post(INITIALIZE);
    await opened.text();
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    for (const uri of ['holdfast://targets/host:none', 'holdfast://findings']) {
      const body = { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri } };
      assert.match(await (await post(JSON.stringify(body), session)).text(), /"result":{}/);
    }
    const stop = new AbortController();
    const stream = await fetch(url, {
      headers: { accept: 'text/event-stream', authorization: 'Bearer secret-a', ...session },
      signal: stop.signal,
    });
    for (const uri of ['holdfast://targets/host:none', 'holdfast://targets', 'holdfast://findings'])
      changes.publish(uri);
    const { value } = await (stream.body as ReadableStream<Uint8Array>).getReader().read();
    const text = Buffer.from(value ?? []).toString();
    assert.deepEqual(text.match(/holdfast:[^"]*/g), ['holdfast://findings']);
    stop.abort();
  });

  it('counts the streams of sessions too', async () => {
    skippedMs += 60_000;
    const stop = new AbortController();
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++) {
      const opened = await post(INITIALIZE);
      await opened.text();
      const stream = await fetch(url, {
        headers: {
          accept: 'text/event-stream',
          authorization: 'Bearer secret-a',
          'mcp-session-id': opened.headers.get('mcp-session-id') ?? '',
        },
        signal: stop.signal,
      });
      statuses.push(stream.status);
    }
    stop.abort();
    assert.deepEqual(statuses, [200, 200, 429]);
  });

  it('stops counting a stream when it closes, however long ago its request was', async () => {
    const stop = new AbortController();
    const listen = (signal: AbortSignal) =>
      modern(
        'subscriptions/listen',
        { notifications: { resourceSubscriptions: ['holdfast://findings'] } },
        { authorization: 'Bearer secret-b' },
        signal,
      );
    assert.equal((await listen(stop.signal)).status, 200);
    assert.equal((await listen(stop.signal)).status, 200);
    collectGarbage();
    assert.equal((await listen(stop.signal)).status, 429);
    stop.abort();
    const again = new AbortController();
    const until = clock.monotonicMs() + 20_000;
    // Both places are free again, as soon as the server has seen them close.
    for (let free = 0; free < 2 && clock.monotonicMs() < until; ) {
      const { status } = await listen(again.signal);
      if (status === 200) free++;
      else await clock.sleep(10);
      if (free === 2) return again.abort();
    }
    assert.fail('a closed stream still counts');
  });

  it('ends a stream with its lease', async () => {
    leases.push(lease('lease_short', 'secret-short', 300));
    const open = await modern(
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: ['holdfast://findings'] } },
      { authorization: 'Bearer secret-short' },
    );
    assert.equal(open.status, 200);
    const from = clock.monotonicMs();
    await open.text();
    assert.ok(clock.monotonicMs() - from < 20_000);
    const after = await modern('tools/list', {}, { authorization: 'Bearer secret-short' });
    assert.equal(after.status, 401);
  });

  it('takes the trace from the header and ignores a malformed one', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const params = { name: 'query_facts', arguments: {} };
    await (await modern('tools/call', params, { traceparent })).text();
    assert.equal(calls.at(-1)?.traceId, '0af7651916cd43dd8448eb211c80319c');
    await (await modern('tools/call', params, { traceparent: `${traceparent}zz` })).text();
    assert.equal(calls.at(-1)?.traceId, undefined);
  });
});
