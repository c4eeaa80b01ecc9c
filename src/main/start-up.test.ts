/** What each program loads before anything is asked of it: memory and time of everybody, so nothing comes in unseen. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

const CLI = join(import.meta.dirname, 'cli.ts');
const TOLD = 'loaded: ';
const HOOK = `
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
  process.on('exit', () => process.stderr.write('\\n${TOLD}' + JSON.stringify({ urls, builtins: process.moduleLoadList })));
`;

/** Parts of Node that cost megabytes. */
const HEAVY = ['undici', 'tls', 'http2', 'https'];

type Loaded = {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly heavy: readonly string[];
  /** Files of our own. */
  readonly own: readonly string[];
  readonly stdout: string;
};

function loadedBy(args: readonly string[], input = ''): Loaded {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--import', hook, CLI, ...args], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  });
  const told = stderr.split('\n').findLast((line) => line.startsWith(TOLD));
  assert.ok(told !== undefined, stderr);
  const { urls, builtins } = JSON.parse(told.slice(TOLD.length)) as Record<
    'urls' | 'builtins',
    readonly string[]
  >;
  const own = urls.filter((url) => !url.includes('/node_modules/'));
  const named = (from: readonly string[], pattern: RegExp): string[] =>
    [...new Set(from.flatMap((url) => pattern.exec(url)?.[1] ?? []))].toSorted();
  return {
    rooms: named(own, /\/src\/([^/]+)\//),
    packages: named(urls, /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/),
    heavy: HEAVY.filter((name) =>
      builtins.some((each) => new RegExp(`^NativeModule (?:.*/)?${name}$`).test(each)),
    ),
    own: own.map((url) => url.replace(/.*\/src\//, '')),
    stdout,
  };
}

/** Lines of JSON-RPC (MCP): hello, and one look, which by the shipped policies asks Cedar nothing. */
const ASKED = [
  {
    id: 1,
    method: 'initialize',
    params: {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    },
  },
  { method: 'notifications/initialized' },
  {
    id: 2,
    method: 'tools/call',
    params: {
      name: 'query_facts',
      arguments: { entity: 'probe:web-1', attribute: 'size', target: 'host:web-1' },
    },
  },
];

const SERVING_STDIO = [
  'access',
  'adapters',
  'api',
  'authority',
  'automation',
  'base',
  'catalogue',
  'cli',
  'commands',
  'convergence',
  'declarations',
  'drift',
  'egress',
  'enrolment',
  'evidence',
  'execution',
  'identity',
  'inventory',
  'machine',
  'main',
  'mcp',
  'model',
  'operations',
  'planning',
  'policy',
  'redaction',
  'rehearsal',
  'secrets',
  'serving',
  'signin',
  'store',
  'strict-yaml',
];

/** Parts of rooms that are there. */
const WHEN_ASKED = [
  'automation/ansible/look.ts',
  'automation/talos/',
  'automation/tofu/look.ts',
  'cli/tree.ts',
  'evidence/change-bundle/',
  'evidence/timestamp/',
  'evidence/verify.ts',
  'evidence/witness/client.ts',
  'evidence/witness/server.ts',
  'execution/diagnose.ts',
];

describe('what is loaded', () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-start-'));
  after(() => rmSync(home, { recursive: true, force: true }));

  // A room or package that comes onto one of these lists is paid for by every start: load it when it is
  // asked for (`await import` inside the function), or say in the commit why it must be there.
  it('by the help: no schema, no store, no way out', () => {
    const { rooms, packages, heavy, stdout } = loadedBy(['--help']);
    assert.match(stdout, /Usage: holdfast/i);
    assert.deepEqual(rooms, ['api', 'base', 'cli', 'machine', 'main', 'redaction']);
    assert.deepEqual(packages, ['commander']);
    assert.deepEqual(heavy, []);
  });

  it('by a server over standard input that has answered one look: nothing that serves HTTP, looks at hosts or decides changes by Cedar', () => {
    const lines = ASKED.map((each) => `${JSON.stringify({ jsonrpc: '2.0', ...each })}\n`).join('');
    const { rooms, packages, heavy, own, stdout } = loadedBy(['--home', home, 'mcp'], lines);
    assert.match(stdout, /"id":2/);
    assert.deepEqual(rooms, SERVING_STDIO);
    assert.deepEqual(
      own.filter((file) => WHEN_ASKED.some((part) => file.startsWith(part))),
      [],
    );
    // Of the command line, this one command and what stands beside it in its file.
    assert.deepEqual(own.filter((file) => /^cli\/(?:commands|render)\//.test(file)).toSorted(), [
      'cli/commands/service.ts',
      'cli/commands/spec.ts',
      'cli/render/anything.ts',
      'cli/render/service.ts',
    ]);
    assert.deepEqual(packages, [
      '@modelcontextprotocol/core',
      '@modelcontextprotocol/server',
      '@scure/bip39',
      'commander',
      'yaml',
      'zod',
    ]);
    assert.deepEqual(heavy, []);
  });
});
