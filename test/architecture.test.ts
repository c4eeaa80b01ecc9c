/**
 * Who may import whom. This table is the architecture; docs/architecture.md explains it.
 *
 * Rows stand in layers: a room knows only rooms above it. It reaches another only through that
 * room's `#door`, and the machine only through what is listed under `outside`. To see what can
 * open a file, a socket, a program or the database, read that column. (`process`, `Date` and
 * `fetch` need no import; .oxlintrc.json says who may touch those.)
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { describe, it } from 'node:test';
import { parseSync } from 'oxc-parser';

type Rules = {
  readonly doors: readonly string[];
  /** Rooms of which only types may be known: a value of theirs is handed in. */
  readonly types?: readonly string[];
  readonly outside: readonly string[];
  readonly outsideTypes?: readonly string[];
  /** May load a part of itself, or what it may know anyway, when it is needed. */
  readonly isLazy?: true;
};

const ROOMS: Readonly<Record<string, Rules>> = {
  base: { doors: [], outside: ['node:crypto'] },
  'strict-yaml': { doors: ['base'], outside: ['yaml'] },

  // words
  model: { doors: ['base'], outside: ['zod/v4'] },

  // decide: pure, values in, values out
  access: { doors: ['base', 'strict-yaml', 'model'], outside: [] },
  redaction: { doors: ['base'], outside: [] },
  egress: { doors: ['base'], outside: [] },
  serving: { doors: ['base', 'egress', 'strict-yaml'], outside: ['yaml'] },
  inventory: { doors: ['base', 'model'], outside: ['yaml'] },
  drift: { doors: ['base', 'model'], outside: ['zod/v4'] },
  declarations: { doors: ['base', 'strict-yaml', 'model', 'drift'], outside: ['yaml'] },
  catalogue: { doors: ['base', 'model'], outside: ['yaml'] },
  planning: { doors: ['base', 'model', 'catalogue'], outside: [] },
  convergence: { doors: ['base', 'model', 'catalogue'], outside: [] },
  rehearsal: { doors: ['base', 'model', 'catalogue', 'planning'], outside: [] },
  authority: {
    doors: ['base', 'model'],
    outside: ['node:crypto', '@scure/bip39/wordlists/english.js', 'yaml'],
  },
  commands: { doors: ['base', 'strict-yaml', 'model'], outside: [] },
  diagnostics: { doors: ['base', 'model', 'redaction'], outside: [] },
  attribution: { doors: ['base', 'model', 'redaction'], outside: [] },
  policy: {
    doors: ['base', 'model'],
    outside: ['@cedar-policy/cedar-wasm/nodejs', 'yaml'],
    isLazy: true,
  },

  // tools
  sealing: { doors: ['base'], outside: ['age-encryption', 'node:crypto'] },
  certificates: {
    doors: ['base'],
    outside: ['@peculiar/x509', '@simplewebauthn/server', 'node:crypto'],
    isLazy: true,
  },

  // remember
  store: { doors: ['base', 'model'], outside: ['node:sqlite'] },
  evidence: {
    doors: ['base', 'model', 'authority'],
    outside: ['node:crypto', 'yaml'],
    isLazy: true,
  },
  identity: {
    doors: ['base'],
    types: ['access', 'model'],
    outside: ['node:crypto', 'node:sqlite'],
  },

  // reach
  collectors: { doors: ['base', 'strict-yaml', 'model'], outside: ['node:crypto'] },
  machine: {
    doors: ['base', 'egress'],
    outside: [
      'node:child_process',
      'node:crypto',
      'node:dgram',
      'node:dns/promises',
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:net',
      'node:path',
      'node:stream',
      'node:tls',
      'nodemailer',
    ],
    isLazy: true,
  },
  adapters: { doors: ['base', 'model'], outside: ['node:crypto', 'node:path'] },

  automation: {
    doors: ['base', 'strict-yaml', 'model', 'redaction'],
    outside: ['yaml'],
    isLazy: true,
  },
  enrolment: { doors: ['base', 'authority'], outside: [] },
  notices: {
    doors: ['base', 'strict-yaml', 'model', 'redaction'],
    outside: ['node:crypto', 'node:path'],
  },
  secrets: { doors: ['base', 'authority'], outside: ['yaml'] },
  signin: {
    doors: ['base', 'access', 'authority'],
    types: ['evidence', 'identity'],
    outside: ['@simplewebauthn/server', 'node:crypto'],
    isLazy: true,
  },

  // the only room that changes a target; it cannot reach a file, a socket or a program by itself
  execution: {
    doors: [
      'base',
      'model',
      'access',
      'redaction',
      'inventory',
      'catalogue',
      'planning',
      'authority',
      'diagnostics',
      'policy',
      'store',
    ],
    types: ['adapters', 'evidence'],
    outside: [],
    isLazy: true,
  },

  // ask
  operations: {
    doors: [
      'base',
      'model',
      'access',
      'drift',
      'convergence',
      'inventory',
      'redaction',
      'attribution',
    ],
    types: ['identity', 'store', 'evidence', 'catalogue', 'commands', 'policy', 'execution'],
    outside: ['zod/v4'],
    isLazy: true,
  },

  // speak
  api: {
    doors: ['base'],
    types: ['operations'],
    outside: ['node:http'],
    isLazy: true,
  },
  mcp: {
    doors: ['base', 'access', 'redaction', 'operations'],
    outside: ['@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio', 'zod/v4'],
    outsideTypes: ['node:http', 'node:stream'],
  },
  web: {
    doors: ['base', 'access', 'serving', 'operations'],
    types: ['signin'],
    outside: [
      '@hono/node-server',
      '@opentelemetry/exporter-prometheus',
      '@opentelemetry/sdk-metrics',
      'hono',
      'zod/v4',
    ],
    outsideTypes: ['@opentelemetry/api', 'node:http'],
    isLazy: true,
  },
  oauth: {
    doors: ['base', 'model', 'access', 'redaction'],
    outside: ['jose', 'node:crypto', 'oidc-provider', 'openid-client', 'zod/v4'],
    outsideTypes: ['node:events', 'node:http'],
  },
  cli: {
    doors: ['base', 'model', 'redaction', 'enrolment', 'operations'],
    types: ['commands', 'execution'],
    outside: ['commander', 'node:os', 'node:path'],
    isLazy: true,
  },

  // assemble
  main: {
    doors: [
      'base',
      'model',
      'access',
      'redaction',
      'egress',
      'serving',
      'inventory',
      'declarations',
      'catalogue',
      'commands',
      'planning',
      'rehearsal',
      'authority',
      'policy',
      'attribution',
      'sealing',
      'certificates',
      'store',
      'evidence',
      'identity',
      'collectors',
      'machine',
      'adapters',
      'enrolment',
      'secrets',
      'signin',
      'notices',
      'automation',
      'execution',
      'operations',
      'api',
      'mcp',
      'oauth',
      'web',
      'cli',
    ],
    outside: [
      'node:child_process',
      'node:crypto',
      'node:fs',
      'node:fs/promises',
      'node:http',
      'node:https',
      'node:module',
      'node:os',
      'node:path',
      'node:readline/promises',
      'node:sqlite',
      'node:timers/promises',
      'node:util',
      'node:zlib',
    ],
    isLazy: true,
  },
};

/** What is in src but not part of any program: tests, what they share, and good values for them. */
const TESTING = /(\.test|\.contract|(^|\/)samples)\.ts$/;

/** A package at once, when it is needed, or without all that an import of it would read. */
const REQUIRE = `import { createRequire } from 'node:module';\n`;
const REQUIRED = /\bcreateRequire\(import\.meta\.url\)\(\s*'([^']+)'\s*\)/g;
const OTHER_WAYS = /\b(?:createRequire|getBuiltinModule|mainModule|dlopen)\b/;

type Import = { readonly to: string; readonly isType: boolean; readonly isDynamic: boolean };

describe('the architecture', () => {
  const shipped = globSync('src/**/*.ts').filter((file) => !TESTING.test(file));

  it('is kept by every import in src', () => {
    assert.ok(shipped.length > 0, 'no source files found: this test would pass on anything');
    assert.deepEqual(
      shipped.flatMap((file) => objections(file, readFileSync(file, 'utf8'))),
      [],
    );
  });

  it('has a row for every room, and a room for every row', () => {
    const rooms = new Set(shipped.map((file) => file.split(sep)[1] ?? ''));
    assert.deepEqual([...rooms].sort(), Object.keys(ROOMS).sort());
  });

  it('allows nothing that nobody uses', () => {
    const used = new Map<string, Set<string>>();
    for (const file of shipped) {
      const home = file.split(sep)[1] ?? '';
      const seen = used.get(home) ?? new Set();
      for (const { to } of importsOf(file, readFileSync(file, 'utf8')).imports) {
        seen.add(to.startsWith('#') ? (to.slice(1).split('/')[0] ?? '') : to);
      }
      used.set(home, seen);
    }
    const idle = Object.entries(ROOMS).flatMap(
      ([room, { doors, types = [], outside, outsideTypes = [] }]) =>
        [...doors, ...types, ...outside, ...outsideTypes]
          .filter((to) => used.get(room)?.has(to) !== true)
          .map((to) => `${room}: ${to}`),
    );
    assert.deepEqual(idle, []);
  });

  it('points down: no row knows one below it', () => {
    const above = new Set<string>();
    for (const [room, { doors, types = [] }] of Object.entries(ROOMS)) {
      for (const door of [...doors, ...types]) assert.ok(above.has(door), `${room} knows ${door}`);
      above.add(room);
    }
  });
});

describe('what decides, carries out and proves', () => {
  /** Everything they could speak to anything with, and no room that speaks for them. */
  const SILENT = [
    '@cedar-policy/cedar-wasm/nodejs',
    '@scure/bip39/wordlists/english.js',
    'node:crypto',
    'node:path',
    'node:sqlite',
    'yaml',
    'zod/v4',
  ];

  it('cannot reach a language model: no network, no program, no package but these', () => {
    const reached = new Set<string>();
    const follow = (room: string): void => {
      if (reached.has(room)) return;
      reached.add(room);
      const { doors = [], types = [] } = ROOMS[room] ?? {};
      for (const door of [...doors, ...types]) follow(door);
    };
    for (const room of ['evidence', 'policy', 'execution']) follow(room);
    assert.ok(reached.has('authority') && reached.has('planning'), [...reached].join(' '));
    const outside = [...reached].flatMap((room) => ROOMS[room]?.outside ?? []);
    assert.deepEqual([...new Set(outside)].toSorted(), SILENT);
    assert.ok(![...reached].some((room) => ['machine', 'mcp', 'api', 'main'].includes(room)));
  });
});

describe('the check of the architecture', () => {
  const breaches: readonly (readonly [string, string, string, string])[] = [
    [
      'a builtin',
      'src/drift/diff.ts',
      `import { readFileSync } from 'node:fs';`,
      'may not reach outside',
    ],
    ['a package', 'src/base/time.ts', `import * as z from 'zod/v4';`, 'may not reach outside'],
    [
      'a door that is not listed',
      'src/drift/diff.ts',
      `import { x } from '#store';`,
      'may not know store',
    ],
    ['a re-export', 'src/drift/diff.ts', `export { x } from '#store';`, 'may not know store'],
    [
      'a re-export of everything',
      'src/drift/diff.ts',
      `export * from '#store';`,
      'may not know store',
    ],
    ['a type', 'src/drift/diff.ts', `import type { X } from '#store';`, 'may not know store'],
    [
      'a value where types are allowed',
      'src/operations/x.ts',
      `import { openStore } from '#store';`,
      'only types',
    ],
    [
      'one value among types',
      'src/operations/x.ts',
      `import { type A, b } from '#store';`,
      'only types',
    ],
    ['an import for its effect', 'src/operations/x.ts', `import '#store';`, 'only types'],
    [
      'a way around a door',
      'src/drift/diff.ts',
      `import { x } from '../store/index.ts';`,
      'through a door',
    ],
    [
      'a way past a door',
      'src/main/serve.ts',
      `import { x } from '#store/sqlite';`,
      'only base has doors',
    ],
    ['its own door', 'src/store/open.ts', `import { x } from '#store';`, 'relative'],
    [
      'a room without a row',
      'src/magic/wand.ts',
      `import { x } from '#base/time';`,
      'to the table',
    ],
    ['an import at run time', 'src/store/open.ts', `await import('node:sqlite');`, 'at run time'],
    ['a computed import', 'src/main/serve.ts', `await import(name);`, 'not a constant'],
    [
      'what is required past the table',
      'src/policy/x.ts',
      `${REQUIRE}createRequire(import.meta.url)('node:net');`,
      'may not reach outside',
    ],
    [
      'what is required by a room that may not',
      'src/store/x.ts',
      `${REQUIRE}createRequire(import.meta.url)('node:sqlite');`,
      'at run time',
    ],
    [
      'a computed require',
      'src/policy/x.ts',
      `${REQUIRE}const load = createRequire(import.meta.url);`,
      'not a constant',
    ],
    [
      'a builtin without an import',
      'src/main/x.ts',
      `process.getBuiltinModule('node:net');`,
      'not a constant',
    ],
    [
      'an import at run time past the table',
      'src/cli/x.ts',
      `await import('node:fs');`,
      'may not reach outside',
    ],
    ['a sample', 'src/main/serve.ts', `import { aFact } from '../store/samples.ts';`, 'for tests'],
    ['its own sample', 'src/store/open.ts', `import { aFact } from './samples.ts';`, 'for tests'],
    [
      'a sample by its door',
      'src/main/serve.ts',
      `import { aFact } from '#samples/model';`,
      'may not know samples',
    ],
    ['a contract', 'src/store/open.ts', `import { c } from './store.contract.ts';`, 'for tests'],
    [
      'test support',
      'src/main/serve.ts',
      `import { t } from '#test/throws-fault';`,
      'may not know test',
    ],
    [
      'something outside src',
      'src/main/serve.ts',
      `import { run } from '../../bench/run.ts';`,
      'through a door',
    ],
  ];
  for (const [what, file, source, why] of breaches) {
    it(`objects to ${what}`, () => {
      const found = objections(file, source);
      assert.equal(found.length, 1, JSON.stringify(found));
      assert.ok(found[0]?.includes(why), `${found[0]}`);
    });
  }

  it('objects to what it cannot read', () => {
    assert.equal(objections('src/base/time.ts', `import { from '#store';`).length, 1);
  });

  it('has nothing against what the table allows', () => {
    const source = `
      import type { Store } from '#store';
      import { type EventLog } from '#evidence';
      import * as z from 'zod/v4';
      import { Fault } from '#base/fault';
      import { look } from './operation.ts';
      import { deep } from './deep/inside.ts';`;
    assert.deepEqual(objections('src/operations/x.ts', source), []);
    assert.deepEqual(
      objections('src/main/cli.ts', `await import('#mcp'); await import('./x.ts');`),
      [],
    );
    const required = `${REQUIRE}createRequire(import.meta.url)('node:http');`;
    assert.deepEqual(objections('src/api/x.ts', required), []);
  });
});

function objections(file: string, source: string): string[] {
  const { imports, trouble } = importsOf(file, source);
  if (trouble !== undefined) return [`${file}: cannot be parsed: ${trouble}`];
  return imports.flatMap((each) => {
    const why = objection(file, each);
    return why === undefined ? [] : [`${file} -> ${each.to}: ${why}`];
  });
}

function importsOf(file: string, text: string): { imports: Import[]; trouble?: string } {
  const source = text.replace(REQUIRE, '');
  const { module, errors } = parseSync(file, source);
  if (errors[0] !== undefined) return { imports: [], trouble: errors[0].message };
  const imports = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      to: moduleRequest.value,
      isType: entries.length > 0 && entries.every((entry) => entry.isType),
      isDynamic: false,
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest?.value === undefined
          ? []
          : [{ to: moduleRequest.value, isType, isDynamic: false }],
      ),
    ),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => ({
      to: /^(['"])([^'"]*)\1$/.exec(source.slice(start, end))?.[2] ?? '',
      isType: false,
      isDynamic: true,
    })),
    ...Array.from(source.matchAll(REQUIRED), ([, to = '']) => ({
      to,
      isType: false,
      isDynamic: true,
    })),
    ...(OTHER_WAYS.test(source.replace(REQUIRED, ''))
      ? [{ to: '', isType: false, isDynamic: true }]
      : []),
  ];
  return { imports };
}

function objection(file: string, { to, isType, isDynamic }: Import): string | undefined {
  const home = file.split(sep)[1] ?? '';
  const rules = ROOMS[home];
  if (rules === undefined) return `add ${home} to the table`;
  if (isDynamic && rules.isLazy !== true) return `${home} may not import at run time`;
  if (isDynamic && to === '') return 'what it imports at run time is not a constant';
  if (to.startsWith('.')) {
    if (TESTING.test(to)) return 'that is for tests';
    const stays = join(dirname(file), to).startsWith(join('src', home) + sep);
    return stays ? undefined : 'go through a door, not around it';
  }
  if (to.startsWith('#')) {
    const [door = '', ...further] = to.slice(1).split('/');
    if (door === home) return 'inside a room, paths are relative';
    if (rules.types?.includes(door))
      return isType ? undefined : `${home} may know only types of ${door}`;
    if (!rules.doors.includes(door)) return `${home} may not know ${door}`;
    return (door === 'base') === (further.length === 1)
      ? undefined
      : 'only base has doors of its own inside';
  }
  if (rules.outside.includes(to)) return undefined;
  if (rules.outsideTypes?.includes(to) && isType) return undefined;
  return `${home} may not reach outside to it`;
}
