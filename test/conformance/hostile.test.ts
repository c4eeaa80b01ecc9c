/**
 * What an assistant may send and must not break, through the whole program: MCP over HTTP in both
 * eras, kernel, store and event log. Every value either comes back exactly as it was sent or is
 * refused with words that say why, and the program goes on.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { CLI_CALLER } from '../../src/main/callers.ts';
import { type HttpService, serveHttp } from '../../src/main/http.ts';
import { initialise } from '../../src/main/init.ts';
import { openService, type Service } from '../../src/main/service.ts';

type Result = {
  readonly isError?: boolean;
  readonly content: readonly { readonly text?: string }[];
  readonly structuredContent?: Record<string, unknown>;
};

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const parsed = (text: string): unknown => JSON.parse(text);

const KEPT: Readonly<Record<string, unknown>> = {
  'a NUL': 'a\u0000b',
  'escape sequences': '\u001b[31mred\u001b]0;title\u0007',
  'bidirectional overrides': 'user\u202egnp.exe',
  'a __proto__': parsed('{"__proto__":{"polluted":true},"constructor":{"prototype":null}}'),
  'sixty levels': nested(60),
  'an empty object': {},
  'a null': null,
  'a long number': 1.7976931348623157e308,
  'half a million characters': 'é'.repeat(500_000),
};

const REFUSED: Readonly<Record<string, readonly [unknown, RegExp]>> = {
  'a lone surrogate': ['\ud800', /surrogate/],
  'a hundred levels': [nested(100), /nested too deeply|levels/],
  'ten megabytes': ['x'.repeat(10_000_000), /too big|at most/],
};

for (const era of ['legacy', 'modern'] as const) {
  describe(`hostile input over http, ${era}`, () => {
    const home = mkdtempSync(join(tmpdir(), 'holdfast-hostile-'));
    const target = 'host:victim';
    let service: Service;
    let http: HttpService;
    let client: Client;
    let count = 0;

    before(async () => {
      await initialise(home);
      const opened = await openService({ home, logSink: () => {} });
      assert.ok(opened !== undefined);
      service = opened;
      http = await serveHttp(service, 0);
      await service.perform({
        operation: 'target_add',
        input: { target, transport: 'none', source: 'probe' },
        caller: CLI_CALLER,
      });
      client = new Client(
        { name: 'test', version: '1' },
        era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
      );
      await client.connect(
        new StreamableHTTPClientTransport(new URL(http.url), {
          requestInit: { headers: { authorization: `Bearer ${http.token}` } },
        }),
      );
    });

    after(async () => {
      await client.close();
      await http[Symbol.asyncDispose]();
      await service.close();
      rmSync(home, { recursive: true, force: true });
    });

    const ingest = async (facts: readonly object[], more: object = {}): Promise<Result> =>
      (await client.callTool({
        name: 'ingest_observation',
        arguments: { source: 'probe', target, observedAt: '2026-01-31T09:30:00Z', facts, ...more },
      })) as Result;
    const read = async (entity: string): Promise<unknown> => {
      const { structuredContent } = (await client.callTool({
        name: 'query_facts',
        arguments: { entity },
      })) as Result;
      const facts = structuredContent?.['facts'] as readonly { readonly value: unknown }[];
      return facts[0]?.value;
    };

    for (const [name, value] of Object.entries(KEPT)) {
      it(`gives ${name} back exactly`, async () => {
        const entity = `thing:v${count++}`;
        const answer = await ingest([{ entity, attribute: 'value', value }]);
        assert.ok(answer.isError !== true, answer.content[0]?.text ?? '');
        assert.equal(JSON.stringify(await read(entity)), JSON.stringify(value));
        assert.equal(({} as { polluted?: unknown }).polluted, undefined);
      });
    }

    for (const [name, [value, words]] of Object.entries(REFUSED)) {
      it(`refuses ${name} and says why`, async () => {
        const answer = await ingest([{ entity: 'thing:refused', attribute: 'value', value }]);
        assert.equal(answer.isError, true);
        assert.match(answer.content[0]?.text ?? '', words);
        assert.equal(await read('thing:refused'), undefined);
      });
    }

    it('refuses a depth that no program should walk, under the id of the request', async () => {
      const deep = `${'['.repeat(10_000)}1${']'.repeat(10_000)}`;
      const answer = await fetch(http.url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${http.token}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: `{"method":"tools/call","params":{"name":"ingest_observation","arguments":{"facts":${deep}}},"jsonrpc":"2.0","id":"deep"}`,
      });
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /nested too deeply.*"deep"/);
    });

    it('refuses dates outside the years it knows, and names the argument', async () => {
      for (const observedAt of ['1800-01-01T00:00:00Z', '2300-01-01T00:00:00Z', 'yesterday']) {
        const answer = await ingest([], { observedAt });
        assert.equal(answer.isError, true, observedAt);
        assert.match(answer.content[0]?.text ?? '', /observedAt|time/, observedAt);
      }
    });

    it('never lets control or bidirectional characters into text', async () => {
      const { content } = (await client.callTool({
        name: 'query_facts',
        arguments: { entity: 'thing:*' },
      })) as Result;
      const text = content.map((item) => item.text ?? '').join('\n');
      assert.match(text, /thing:v/);
      assert.deepEqual(text.replaceAll('\n', '').match(/[\p{Cc}\p{Cf}]/gu), null);
      assert.ok(Buffer.byteLength(text) <= 2_048);
    });
  });
}
