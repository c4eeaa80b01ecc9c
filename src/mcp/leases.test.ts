import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { capabilitiesOf, type Reach, reachOf } from '#access';
import { Fault } from '#base/fault';
import { silentLog } from '#base/log';
import type { Instant } from '#base/time';
import { nodeClock, nodeRandom } from '#machine';
import type { Call } from '#operations';
import { ResourceChanges } from './changes.ts';
import { type McpHttp, mcpHttp } from './http.ts';
import { cleanSample, SAMPLE_OPERATIONS, samplePerform } from './samples.ts';
import { mcpService } from './server.ts';

const clock = nodeClock();
const changes = new ResourceChanges();
const calls: Call[] = [];
const finished: string[] = [];
/** Slow calls that began, and what they wait for. */
let begun = 0;
let released = Promise.resolve();
let listeners: (() => void)[] = [];
/** Reach by bearer; the lease's id is the bearer's, up to a `~`. */
let leases: Map<string, Reach>;
/** How often it was asked how far an open stream of this bearer reaches. */
const looked = new Map<string, number>();
let http: McpHttp;
let url = '';
const server = createServer((incoming, outgoing) => void http.handle(incoming, outgoing));

/** Answers after a while, and notes that it went on to its end whoever still listened. */
async function slowly(call: Call) {
  const isSlow = (call.input as { target?: string } | undefined)?.target === 'host:slow';
  call.progress?.('began');
  if (isSlow) {
    begun++;
    await released;
  }
  const answer = await samplePerform(calls)(call);
  const { capability } = SAMPLE_OPERATIONS.find(({ name }) => name === call.operation) ?? {};
  if (capability !== undefined && !capabilitiesOf(call.caller.reach).includes(capability))
    throw new Fault('refused', 'not-permitted', 'not permitted');
  if (isSlow) finished.push(call.caller.principal);
  return answer;
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
    bus: changes.bus,
    verifyBearer: (bearer) => {
      const reach = leases.get(bearer);
      if (bearer === 'no-scope') return 'no-scope';
      if (reach === undefined) return undefined;
      return {
        id: bearer.split('~')[0] ?? '',
        onBehalfOf: 'operator:ada@console',
        profile: 'observer',
        reach,
        expiresAt: (clock.now() + 60_000_000) as Instant,
        resource: bearer === 'foreign' ? 'https://elsewhere.example/mcp' : url,
        reachNow: async () => {
          looked.set(bearer, (looked.get(bearer) ?? 0) + 1);
          return leases.get(bearer);
        },
      };
    },
    leases: {
      onChange: (listener) => void listeners.push(listener),
      holds: (id) => leases.has(id),
    },
    oauth: {
      servers: () => ['https://id.example.org'],
      scopes: ['holdfast:observer', 'holdfast:ingest'],
      leastScope: 'holdfast:observer',
      scopeWith: (capability) =>
        capability === 'facts.ingest' ? 'holdfast:ingest' : 'holdfast:observer',
    },
    allowedHosts: ['127.0.0.1'],
    allowedOrigins: ['127.0.0.1'],
    resource: () => url,
    clock,
    random: nodeRandom(),
    log: silentLog,
    limits: { streamCheckMs: 20 },
  });
});

after(async () => {
  listeners = [];
  await http.close();
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  calls.length = 0;
  finished.length = 0;
  const [whole] = reachOf('observer');
  assert.ok(whole !== undefined);
  leases = new Map<string, Reach>([
    ['whole', [whole]],
    ['looks', [{ ...whole, capabilities: ['inventory.read', 'facts.read'] }]],
    ['metrics', reachOf('metrics')],
    ['foreign', [whole]],
  ]);
});

function takeBack(id: string): void {
  leases.delete(id);
  for (const listener of listeners) listener();
}

const FINDINGS = { resourceSubscriptions: ['holdfast://findings'] };
const ERAS = ['legacy', 'modern'] as const;

async function connected(bearer: string, era: (typeof ERAS)[number]): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1' },
    era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
  );
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${bearer}` } },
    }),
  );
  return client;
}

function ask(
  bearer: string | undefined,
  body: unknown,
  more: Record<string, string> = {},
  query = '',
) {
  return fetch(url + query, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...more,
    },
    body: JSON.stringify(body),
  });
}

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

describe('the resource server', () => {
  it('names its authorization servers and scopes (RFC 9728)', async () => {
    for (const path of ['', '/mcp']) {
      const place = new URL(`/.well-known/oauth-protected-resource${path}`, url);
      assert.deepEqual(await (await fetch(place)).json(), {
        resource: url,
        resource_name: 'Holdfast',
        bearer_methods_supported: ['header'],
        authorization_servers: ['https://id.example.org'],
        scopes_supported: ['holdfast:observer', 'holdfast:ingest'],
      });
    }
  });

  it('says with a 401 where to learn about tokens and what to ask for', async () => {
    for (const bearer of [undefined, 'unknown', 'foreign']) {
      const refused = await ask(bearer, LIST);
      assert.equal(refused.status, 401, bearer ?? 'none');
      const challenge = refused.headers.get('www-authenticate') ?? '';
      assert.match(challenge, /^Bearer /);
      assert.match(
        challenge,
        /resource_metadata="http[^"]+\/\.well-known\/oauth-protected-resource\/mcp"/,
      );
      assert.match(challenge, /scope="holdfast:observer"/);
    }
  });

  it('reads a token from its header and from nowhere else (OAuth 2.1, section 5.1)', async () => {
    assert.equal((await ask(undefined, LIST, {}, '?access_token=whole')).status, 401);
    assert.equal((await ask(undefined, { ...LIST, access_token: 'whole' })).status, 401);
    assert.equal((await ask(undefined, LIST, { cookie: 'access_token=whole' })).status, 401);
    assert.equal((await ask(undefined, LIST, { authorization: 'Basic d2hvbGU6' })).status, 401);
  });

  it('says with a 403 which scope would do', async () => {
    const scopeOf = async (answer: Promise<Response>): Promise<string | undefined> => {
      const refused = await answer;
      assert.equal(refused.status, 403);
      const challenge = refused.headers.get('www-authenticate') ?? '';
      assert.match(challenge, /error="insufficient_scope"/);
      assert.match(challenge, /resource_metadata=/);
      return /scope="([^"]+)"/.exec(challenge)?.[1];
    };
    assert.equal(await scopeOf(ask('no-scope', LIST)), 'holdfast:observer');
    assert.equal(await scopeOf(ask('metrics', LIST)), 'holdfast:observer');
    const ingest = {
      jsonrpc: '2.0',
      id: 2,
      method: 'tools/call',
      params: { name: 'ingest_observation', arguments: { facts: [] } },
    };
    assert.equal(await scopeOf(ask('looks', ingest)), 'holdfast:ingest');
    // It was asked, so that asking left its event.
    assert.equal(calls.at(-1)?.operation, 'ingest_observation');
    assert.equal((await ask('whole', LIST, { origin: 'https://evil.example' })).status, 403);
  });
});

for (const era of ERAS) {
  describe(`a lease over http, ${era}`, () => {
    it('sees the tools that it holds, in the same order each time', async () => {
      const whole = await connected('whole', era);
      const looks = await connected('looks', era);
      const names = async (client: Client) =>
        (await client.listTools()).tools.map(({ name }) => name);
      assert.deepEqual(await names(whole), [
        'describe_system',
        'drift_scan',
        'ingest_observation',
        'query_facts',
      ]);
      for (let i = 0; i < 3; i++)
        assert.deepEqual(await names(looks), ['describe_system', 'query_facts']);
      await Promise.all([whole.close(), looks.close()]);
    });

    it('is asked for anew with each message of an open session', async () => {
      const client = await connected('whole', era);
      await client.callTool({ name: 'query_facts', arguments: {} });
      const [part] = leases.get('whole') ?? [];
      assert.ok(part !== undefined);
      leases.set('whole', [{ ...part, targets: { ids: ['host:a'], tags: [] } }]);
      await client.callTool({ name: 'query_facts', arguments: {} });
      assert.deepEqual(calls.at(-1)?.caller.reach[0]?.targets, { ids: ['host:a'], tags: [] });
      assert.equal(calls.at(-1)?.caller.principal, 'lease:whole');
      await client.close();
    });

    it('taken back while a call runs ends that call within a second, and the call itself goes on', async () => {
      const client = await connected('whole', era);
      const other = await connected('looks', era);
      const gate = Promise.withResolvers<void>();
      released = gate.promise;
      const already = begun;
      const slow = client.callTool(
        { name: 'query_facts', arguments: { target: 'host:slow' } },
        { onprogress: () => {} },
      );
      const others = other.callTool({ name: 'query_facts', arguments: { target: 'host:slow' } });
      while (begun < already + 2) await sleep(10);
      const takenAt = performance.now();
      takeBack('whole');
      // It would wait for the gate otherwise.
      await assert.rejects(slow);
      assert.ok(performance.now() - takenAt < 5_000);
      assert.ok(!finished.includes('lease:whole'));
      gate.resolve();
      assert.ok((await others).isError !== true, 'another lease is not touched');
      for (let i = 0; i < 500 && finished.length < 2; i++) await sleep(20);
      assert.ok(finished.includes('lease:whole'), 'what had begun went on under its own record');
      await assert.rejects(client.listTools());
      await Promise.all([client.close(), other.close()]);
    });

    it('taken back closes what it listens to', async () => {
      const client = await connected('whole', era);
      const opened = http.sessions();
      const closed = era === 'modern' ? (await client.listen(FINDINGS)).closed : undefined;
      takeBack('whole');
      if (closed !== undefined)
        await Promise.race([
          closed,
          sleep(10_000, undefined, { ref: false }).then(() => assert.fail('still open')),
        ]);
      else {
        for (let i = 0; i < 500 && http.sessions() !== opened - 1; i++) await sleep(20);
        assert.equal(http.sessions(), opened - 1);
      }
      await client.close();
    });

    it('hears nothing more once it reaches nothing by what is in force, though nobody took it back', async () => {
      const beyond: Reach[] = [[]];
      // A session of the 2025 line is asked for anew before each thing that it is told.
      if (era === 'modern') beyond.push(leases.get('looks') ?? []);
      for (const reach of beyond) {
        leases.set('whole', reachOf('observer'));
        const open = await listening('whole', era);
        let isOver = false;
        const over = open.text().finally(() => {
          isOver = true;
        });
        await sleep(60);
        assert.equal(isOver, false, 'as long as it reaches what it did');
        leases.set('whole', reach);
        await Promise.race([over, sleep(10_000, undefined, { ref: false })]);
        assert.equal(isOver, true);
      }
    });
  });
}

describe('two bearers of one lease', () => {
  it('hear in their sessions what each of them reaches, whatever the other does', async () => {
    leases.set('whole~looks', leases.get('looks') ?? []);
    const wide = await listening('whole', 'legacy');
    const less = await listening('whole~looks', 'legacy');
    const heard = less.text();
    const [whole] = leases.get('whole') ?? [];
    assert.ok(whole !== undefined);
    leases.set('whole', [whole, whole]);
    const from = looked.get('whole') ?? 0;
    // The look before that one has counted.
    while ((looked.get('whole') ?? 0) < from + 2) await sleep(5);
    changes.publish('holdfast://findings');
    const reader = wide.body?.pipeThrough(new TextDecoderStream()).getReader();
    let told = '';
    while (!told.includes('holdfast://findings')) told += (await reader?.read())?.value ?? '';
    leases.set('whole~looks', []);
    assert.equal(await heard, '');
    await reader?.cancel();
  });
});

/** A stream of what changes, as each of the eras opens it. */
async function listening(bearer: string, era: (typeof ERAS)[number]): Promise<Response> {
  const request = (method: string, params: object): object => ({
    jsonrpc: '2.0',
    id: 1,
    method,
    params,
  });
  if (era === 'modern') {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const body = request('subscriptions/listen', { _meta, notifications: FINDINGS });
    return ask(bearer, body, {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    });
  }
  const started = await ask(
    bearer,
    request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    }),
  );
  await started.text();
  const session = { 'mcp-session-id': started.headers.get('mcp-session-id') ?? '' };
  const [uri] = FINDINGS.resourceSubscriptions;
  await (await ask(bearer, request('resources/subscribe', { uri }), session)).text();
  const headers = {
    authorization: `Bearer ${bearer}`,
    accept: 'text/event-stream',
    ...session,
  };
  return fetch(url, { headers });
}
