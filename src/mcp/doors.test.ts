/** The door of MCP from outside, with requests as they come: whose session, whose stream, whose share. */
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { reachOf } from '#access';
import { silentLog } from '#base/log';
import type { Clock } from '#base/ports';
import { LATEST } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import type { Call } from '#operations';
import { ResourceChanges } from './changes.ts';
import { type McpHttp, mcpHttp } from './http.ts';
import { cleanSample, SAMPLE_OPERATIONS, samplePerform } from './samples.ts';
import { mcpService } from './server.ts';

const real = nodeClock();
let skippedMs = 0;
const clock: Clock = { ...real, monotonicMs: () => real.monotonicMs() + skippedMs };
const calls: Call[] = [];
const changes = new ResourceChanges();
/** Calls of a slow target are answered once this is called. */
let release: () => void = () => {};
let released = Promise.resolve();
/** Calls that have begun and are held. */
let held = 0;
let gone = 0;
const over: string[] = [];
let http: McpHttp;
let url = '';
const server = createServer((incoming, outgoing) => void http.handle(incoming, outgoing));

async function slowly(call: Call) {
  const { target } = (call.input ?? {}) as { readonly target?: string };
  if (target === 'host:slow') {
    held++;
    await released;
    held--;
  }
  if (target === 'host:gone') {
    gone++;
    await new Promise<void>((resolve) => {
      call.signal?.addEventListener('abort', () => resolve(), { once: true });
    }).then(() => over.push(call.caller.session));
  }
  return samplePerform(calls)(call);
}

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  http = mcpHttp({
    service: mcpService({
      operations: SAMPLE_OPERATIONS,
      perform: slowly,
      version: '1',
      clean: cleanSample,
      changes,
    }),
    verifyBearer: (bearer) =>
      bearer.startsWith('lease-')
        ? {
            id: bearer,
            onBehalfOf: 'operator:ada@console',
            profile: 'observer',
            reach: reachOf('observer'),
            expiresAt: LATEST,
            resource: bearer === 'lease-other-name' ? url.replace('127.0.0.1', 'localhost') : url,
          }
        : undefined,
    allowedHosts: ['127.0.0.1', 'localhost'],
    allowedOrigins: ['127.0.0.1'],
    resource: () => url,
    clock,
    random: nodeRandom(),
    log: silentLog,
    bus: changes.bus,
    limits: {
      sessions: 3,
      sessionsEach: 2,
      sessionSpareMs: 60_000,
      callsEach: 3,
      calls: 4,
      listens: 2,
      allListens: 3,
    },
  });
});

after(async () => {
  release();
  await http.close();
  server.closeAllConnections();
  server.close();
});

const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};
type More = Record<string, string>;

/** Comes back when it holds, and fails when it never does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const from = real.monotonicMs();
  while (!(await holds())) {
    assert.ok(real.monotonicMs() - from < 20_000, `never: ${String(holds)}`);
    await real.sleep(10);
  }
}

function ask(bearer: string, method: 'POST' | 'GET' | 'DELETE', more: More = {}, body?: object) {
  return fetch(url, {
    method,
    headers: { ...HEADERS, authorization: `Bearer ${bearer}`, ...more },
    ...(body === undefined ? {} : { body: JSON.stringify({ jsonrpc: '2.0', ...body }) }),
  });
}

async function initialize(bearer: string): Promise<Response> {
  const answer = await ask(
    bearer,
    'POST',
    {},
    {
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'test', version: '1' },
      },
    },
  );
  await answer.text();
  return answer;
}

async function session(bearer: string): Promise<More> {
  const opened = await initialize(bearer);
  assert.equal(opened.status, 200);
  return { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
}

const LIST = { id: 2, method: 'tools/list' };
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function modern(bearer: string, method: string, params: Record<string, unknown>, more: More = {}) {
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
    ...more,
  };
  return ask(bearer, 'POST', headers, { id: 7, method, params: { ...params, _meta: META } });
}

const query = (bearer: string, target = 'host:a', more: More = {}) =>
  modern(bearer, 'tools/call', { name: 'query_facts', arguments: { target } }, more);
const listen = (bearer: string) =>
  modern(bearer, 'subscriptions/listen', {
    notifications: { resourceSubscriptions: ['holdfast://findings'] },
  });

/** No sessions of an earlier test. */
function fresh(): void {
  skippedMs += 31 * 60_000;
}

describe('a session', () => {
  it('is nobody else’s: not to ask in, not to listen to, not to end, not to go on with', async () => {
    fresh();
    const own = await session('lease-a');
    for (const [method, body, more] of [
      ['POST', LIST, {}],
      ['GET', undefined, {}],
      ['GET', undefined, { 'last-event-id': '0' }],
      ['DELETE', undefined, {}],
    ] as const) {
      const stolen = await ask('lease-b', method, { ...own, ...more }, body);
      assert.equal(stolen.status, 404, method);
      assert.match(await stolen.text(), /session not found/);
    }
    const mine = await ask('lease-a', 'POST', own, LIST);
    assert.equal(mine.status, 200, 'it lives on');
    await mine.text();
    assert.equal((await ask('lease-a', 'DELETE', own)).status, 200);
    assert.equal((await ask('lease-a', 'POST', own, LIST)).status, 404);
  });

  it('is nobody’s at all without a bearer, and its id is no bearer', async () => {
    fresh();
    const own = await session('lease-a');
    for (const more of [{}, { authorization: `Bearer ${own['mcp-session-id'] ?? ''}` }])
      for (const method of ['POST', 'GET', 'DELETE'] as const) {
        const headers = { ...HEADERS, ...own, ...more };
        const body = method === 'POST' ? { body: JSON.stringify({ jsonrpc: '2.0', ...LIST }) } : {};
        assert.equal((await fetch(url, { method, headers, ...body })).status, 401, method);
      }
  });

  it('takes no revision that nobody speaks, and replays nothing', async () => {
    fresh();
    const own = await session('lease-a');
    const version = { ...own, 'mcp-protocol-version': '1999-01-01' };
    assert.equal((await ask('lease-a', 'POST', version, LIST)).status, 400);
    const stop = new AbortController();
    const stream = await fetch(url, {
      headers: {
        accept: 'text/event-stream',
        authorization: 'Bearer lease-a',
        'last-event-id': 'stream_0',
        ...own,
      },
      signal: stop.signal,
    });
    const first = stream.body?.getReader().read();
    const told = await Promise.race([first, real.sleep(100).then(() => undefined)]);
    assert.ok(stream.status === 400 || told === undefined, 'something was told again');
    stop.abort();
    await first?.catch(() => {});
  });
});

describe('a request of the stateless era', () => {
  it('says the same in its head as in its body', async () => {
    for (const more of [
      { 'mcp-method': 'tools/list' },
      { 'mcp-name': 'drift_scan' },
      { 'mcp-protocol-version': '2099-01-01' },
    ]) {
      const { status } = await query('lease-a', 'host:a', more);
      assert.equal(status, 400, JSON.stringify(more));
    }
    assert.equal((await query('lease-a')).status, 200);
  });
});

describe('the door', () => {
  const raw = (method: string, headers: More, path = '/mcp'): Promise<number> =>
    new Promise((resolve, reject) => {
      const { port } = new URL(url);
      const asked = request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject);
      asked.end();
    });

  it('judges Host and Origin of every method, before anything else', async () => {
    const bearer = { authorization: 'Bearer lease-a', ...HEADERS };
    for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
      for (const wrong of [
        { host: 'evil.example' },
        { host: '127.0.0.1.evil.example' },
        { host: '127.0.0.1', origin: 'https://evil.example' },
        { host: '127.0.0.1', origin: 'null' },
        { host: '127.0.0.1', origin: 'http://127.0.0.1.evil.example' },
      ])
        assert.equal(await raw(method, { ...bearer, ...wrong }), 403, JSON.stringify(wrong));
    }
    const metadata = '/.well-known/oauth-protected-resource/mcp';
    assert.equal(await raw('GET', { host: 'evil.example' }, metadata), 403);
  });

  it('is one address, and a bearer is for it to the letter (RFC 8707, section 2)', async () => {
    for (const path of ['/mcp/', '/MCP', '/mcp/x', '//mcp'])
      assert.equal(
        await raw('POST', { ...HEADERS, authorization: 'Bearer lease-a' }, path),
        404,
        path,
      );
    assert.equal((await query('lease-other-name')).status, 401);
    assert.equal((await query('lease-a')).status, 200);
  });

  it('says nothing of an error where nothing was presented (RFC 6750, section 3.1)', async () => {
    const naked = await fetch(url, { method: 'POST', headers: HEADERS, body: '{}' });
    const challenge = naked.headers.get('www-authenticate') ?? '';
    assert.match(challenge, /^Bearer realm="holdfast", resource_metadata="http[^"]+"$/);
    const wrong = await query('nobody');
    assert.match(wrong.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
  });
});

describe('the share of a lease', () => {
  const refused = async (answer: Promise<Response>): Promise<readonly [number, boolean]> => {
    const { status, headers } = await answer;
    return [status, Number(headers.get('retry-after')) > 0];
  };

  it('is so many sessions that are in use; another lease finds room, and beyond that nobody does', async () => {
    fresh();
    ({ promise: released, resolve: release } = Promise.withResolvers<void>());
    const params = { name: 'query_facts', arguments: { target: 'host:slow' } };
    const slow = async (bearer: string): Promise<Promise<Response>[]> => [
      ask(bearer, 'POST', await session(bearer), { id: 5, method: 'tools/call', params }),
    ];
    const running = [...(await slow('lease-a')), ...(await slow('lease-a'))];
    await until(() => held === 2);
    assert.deepEqual(await refused(initialize('lease-a')), [429, true]);
    running.push(...(await slow('lease-b')));
    await until(() => held === 3);
    assert.deepEqual(await refused(initialize('lease-c')), [503, true]);
    assert.equal(http.sessions(), 3);
    release();
    for (const answer of await Promise.all(running)) await answer.text();
  });

  it('is enough for a client that opens one for each thing that it asks, and listens in all of them', async () => {
    fresh();
    const stop = new AbortController();
    for (let i = 0; i < 10; i++) {
      const own = await session('lease-a');
      const answer = await ask('lease-a', 'POST', own, LIST);
      assert.equal(answer.status, 200);
      await answer.text();
      if (i < 2) {
        const headers = { accept: 'text/event-stream', authorization: 'Bearer lease-a', ...own };
        assert.equal((await fetch(url, { headers, signal: stop.signal })).status, 200);
      }
    }
    assert.equal(http.sessions(), 2);
    stop.abort();
    await real.sleep(50);
  });

  it('of sessions that nobody uses any more makes room, those of whoever has most first', async () => {
    fresh();
    const old = await session('lease-a');
    const young = await session('lease-a');
    const others = await session('lease-b');
    assert.deepEqual(await refused(initialize('lease-c')), [503, true], 'used just now');
    skippedMs += 61_000;
    await (await ask('lease-a', 'POST', young, LIST)).text();
    await (await ask('lease-b', 'POST', others, LIST)).text();
    await session('lease-c');
    assert.equal((await ask('lease-a', 'POST', old, LIST)).status, 404);
    for (const [bearer, kept] of [
      ['lease-a', young],
      ['lease-b', others],
    ] as const) {
      const answer = await ask(bearer, 'POST', kept, LIST);
      assert.equal(answer.status, 200, bearer);
      await answer.text();
    }
  });

  it('is not lost to others while a stream of it is open', async () => {
    fresh();
    const own = await session('lease-a');
    const stop = new AbortController();
    const headers = { accept: 'text/event-stream', authorization: 'Bearer lease-a', ...own };
    assert.equal((await fetch(url, { headers, signal: stop.signal })).status, 200);
    await session('lease-b');
    await session('lease-c');
    skippedMs += 61_000;
    await session('lease-d');
    await session('lease-e');
    assert.deepEqual(await refused(initialize('lease-f')), [503, true]);
    stop.abort();
    await until(async () => (await initialize('lease-f')).status === 200);
    assert.equal((await ask('lease-a', 'POST', own, LIST)).status, 404);
  });

  it('holds also for sessions that are opened at the same time', async () => {
    fresh();
    for (const { status } of await Promise.all(
      Array.from({ length: 8 }, () => initialize('lease-a')),
    ))
      assert.ok(status === 200 || status === 429, String(status));
    assert.ok(http.sessions() <= 2, `${http.sessions()} sessions`);
  });

  it('is so many calls at once, of it and of all', async () => {
    ({ promise: released, resolve: release } = Promise.withResolvers<void>());
    const before = calls.length;
    const running = Array.from({ length: 3 }, () => query('lease-a', 'host:slow'));
    await until(() => held === 3);
    assert.deepEqual(await refused(query('lease-a')), [429, true]);
    running.push(query('lease-b', 'host:slow'));
    await until(() => held === 4);
    assert.deepEqual(await refused(query('lease-b')), [503, true]);
    assert.equal(calls.length, before);
    release();
    for (const answer of await Promise.all(running)) assert.equal(answer.status, 200);
    await until(async () => (await query('lease-a')).status === 200);
  });

  it('is so many streams, of it and of all, and a stream is no call', async () => {
    const open = [await listen('lease-a'), await listen('lease-a'), await listen('lease-b')];
    assert.deepEqual(
      open.map(({ status }) => status),
      [200, 200, 200],
    );
    assert.deepEqual(await refused(listen('lease-a')), [429, true]);
    assert.deepEqual(await refused(listen('lease-b')), [503, true]);
    assert.equal((await query('lease-a')).status, 200);
    for (const { body } of open) await body?.cancel();
    await until(async () => {
      const again = await listen('lease-b');
      await again.body?.cancel();
      return again.status === 200;
    });
  });
});

describe('a client that goes away', () => {
  it('has what it looked for stopped', async () => {
    const away = new AbortController();
    const method = 'tools/call';
    const params = { name: 'query_facts', arguments: { target: 'host:gone' }, _meta: META };
    const asked = fetch(url, {
      method: 'POST',
      headers: {
        ...HEADERS,
        authorization: 'Bearer lease-gone',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': 'query_facts',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 9, method, params }),
      signal: away.signal,
    });
    await until(() => gone === 1);
    assert.deepEqual(over, []);
    away.abort();
    await assert.rejects(asked);
    await until(() => over.length > 0);
    assert.deepEqual(over, ['lease:lease-gone']);
  });
});
