/**
 * The official conformance suite and the official Inspector against our server, each as a program
 * of its own.
 *
 * 1. With the suite's fixtures mounted, everything that a revision requires passes.
 * 2. The program as it is served: what the frozen baseline does not list passes, what it lists
 *    still fails (a scenario that starts to pass makes its entry stale, and the suite says so).
 * 3. The official client lists, calls, is refused and gives up over stdio, in both eras.
 * 4. The Inspector finds no error in our schemas and gets an answer from a tool, in both eras, over
 *    stdio and HTTP.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const SUITE = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));
const INSPECTOR = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/inspector/clients/launcher/build/index.js'),
);
const SERVER = fileURLToPath(import.meta.resolve('./server.ts'));
const QUIET = '--disable-warning=ExperimentalWarning';
const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
const ERAS = ['legacy', 'modern'] as const;

const scratch = mkdtempSync(join(tmpdir(), 'holdfast-conformance-'));
after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

type Served = { readonly url: string; readonly proxy: string; readonly bearer: string };

async function serve(home: string, ...profile: string[]): Promise<[Served, ChildProcess]> {
  const child = spawn(process.execPath, [QUIET, SERVER, 'http', home, ...profile], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) return [JSON.parse(text) as Served, child];
  }
  throw new Error('the conformance server ended before it served');
}

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function run(script: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [script, ...args],
      {
        timeout: 120_000,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env['PATH'],
          HOME: scratch,
          NO_COLOR: '1',
          MCP_INSPECTOR_SECRET_STORE: 'memory',
        },
      },
      (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

describe('the official conformance suite', () => {
  for (const profile of ['fixtures', 'none'] as const) {
    describe(profile === 'fixtures' ? 'with its fixtures' : 'without its fixtures', () => {
      let served: Served;
      let child: ChildProcess;
      before(async () => {
        const home = mkdtempSync(join(scratch, 'home-'));
        [served, child] = await serve(home, ...(profile === 'fixtures' ? [profile] : []));
      });
      after(() => void child.kill());

      for (const revision of REVISIONS) {
        it(
          profile === 'fixtures'
            ? `passes everything that ${revision} requires`
            : `answers as the baseline for ${revision} says`,
          async () => {
            const ran = await run(SUITE, [
              'server',
              '--url',
              served.proxy,
              '--requirements',
              revision,
              '-o',
              join(scratch, `results-${profile}-${revision}`),
              ...(profile === 'fixtures'
                ? []
                : [
                    '--expected-failures',
                    join(import.meta.dirname, `without-fixtures-${revision}.yml`),
                  ]),
            ]);
            assert.equal(ran.code, 0, ran.stdout + ran.stderr);
            const scenarios = ran.stdout.match(/^[✓✗] /gm) ?? [];
            assert.ok(scenarios.length >= 30, `only ${scenarios.length} scenarios ran`);
          },
        );
      }
    });
  }
});

describe('the official client over stdio', () => {
  for (const era of ERAS) {
    it(`lists, calls, is refused in words and may give up, ${era}`, async () => {
      const client = new Client(
        { name: 'test', version: '1' },
        era === 'modern' ? { versionNegotiation: { mode: { pin: '2026-07-28' } } } : {},
      );
      await client.connect(
        new StdioClientTransport({
          command: process.execPath,
          args: [QUIET, SERVER, 'stdio', mkdtempSync(join(scratch, 'home-'))],
          stderr: 'ignore',
        }),
      );
      const { tools } = await client.listTools();
      assert.ok(tools.length >= 6);
      const call = (name: string, given: Record<string, unknown>, signal?: AbortSignal) =>
        client.callTool(
          { name, arguments: given },
          { onprogress: () => {}, ...(signal === undefined ? {} : { signal }) },
        );
      // The client holds what is structured against the tool's output schema, and throws if it does not fit.
      for (const [name, given] of [
        ['describe_system', {}],
        ['query_facts', { limit: 1 }],
        ['fact_history', { entity: 'host:x' }],
        ['compare_facts', { from: {}, to: {} }],
        ['drift_scan', {}],
      ] as const) {
        const answer = await call(name, given);
        assert.ok(answer.isError !== true, `${name}: ${JSON.stringify(answer.content)}`);
        assert.ok(answer.structuredContent !== undefined, name);
      }
      const refused = await call('query_facts', { limit: 5_000 });
      assert.equal(refused.isError, true);
      assert.match(JSON.stringify(refused.content), /invalid-input: .*limit/);
      await assert.rejects(call('backup', { path: '/tmp/x' }), { code: -32_602 });
      const gone = AbortSignal.abort();
      await assert.rejects(call('describe_system', {}, gone));
      assert.ok((await call('describe_system', {})).isError !== true);
      await client.close();
    });
  }
});

describe('the official Inspector', () => {
  let served: Served;
  let child: ChildProcess;
  before(async () => {
    [served, child] = await serve(mkdtempSync(join(scratch, 'home-')));
  });
  after(() => void child.kill());

  for (const transport of ['http', 'stdio'] as const) {
    for (const era of ERAS) {
      const reach = (): string[] =>
        transport === 'http'
          ? [
              served.url,
              '--transport',
              'http',
              '--stored-auth-only',
              '--header',
              `Authorization: Bearer ${served.bearer}`,
            ]
          : [process.execPath, QUIET, SERVER, 'stdio', mkdtempSync(join(scratch, 'home-'))];
      const inspect = (...more: string[]): Promise<Ran> =>
        run(INSPECTOR, [
          '--cli',
          ...reach(),
          '--protocol-era',
          era,
          '-q',
          '--format',
          'json',
          ...more,
        ]);

      it(`finds no error in the schemas over ${transport}, ${era}`, async () => {
        const ran = await inspect('--method', 'tools/list', '--strict');
        assert.equal(ran.code, 0, ran.stderr + ran.stdout);
        const { result } = JSON.parse(ran.stdout) as { result: { tools: { name: string }[] } };
        assert.ok(result.tools.length >= 6, ran.stdout.slice(0, 500));
      });

      it(`gets an answer from a tool over ${transport}, ${era}`, async () => {
        const ran = await inspect(
          '--method',
          'tools/call',
          '--tool-name',
          'describe_system',
          '--tool-args-json',
          '{}',
        );
        assert.equal(ran.code, 0, ran.stderr + ran.stdout);
        assert.match(ran.stdout, /"structuredContent"/);
      });
    }
  }
});
