/** Who may open a connection to another machine is this list; nothing else in src does. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseSync } from 'oxc-parser';

/** Values of a module that open a connection, or make something that does. */
const OPENS: Readonly<Record<string, RegExp>> = {
  'node:http': /^(request|get|Agent|ClientRequest|globalAgent|default|\*)$/,
  'node:https': /^(request|get|Agent|globalAgent|default|\*)$/,
  'node:http2': /^(connect|default|\*)$/,
  'node:net': /^(connect|createConnection|Socket|default|\*)$/,
  'node:tls': /^(connect|TLSSocket|default|\*)$/,
  'node:dgram': /./,
  'node:dns': /./,
  'node:dns/promises': /./,
  nodemailer: /./,
  undici: /./,
};

/**
 * Packages that ask over the network by themselves when nobody hands them a fetch, and where they are used. Each of these
 * files hands one in (`EgressFetch`); a new file is looked at for that before it gets its line.
 */
const ASKING_PACKAGES = ['jose', 'oidc-provider', 'openid-client'] as const;
const ASKING_FILES: readonly string[] = [
  'src/oauth/embedded.ts oidc-provider',
  'src/oauth/external.ts jose',
  'src/oauth/sign-in.ts openid-client',
];

/** The one way of requiring that the architecture allows. */
const REQUIRED = /\bcreateRequire\(import\.meta\.url\)\(\s*'([^']+)'\s*\)/g;

/** File → what it opens, and why that is not a request that the filter should see. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  // For `client.ts` beside it: to our own service, over a Unix socket.
  'src/api/bare-http.ts': ['node:http'],
  // The filter itself: every request over HTTP or HTTPS.
  'src/machine/egress.ts': ['node:dns/promises lookup', 'node:http request', 'node:https request'],
  // SMTP to the mail server of notices.yaml, which is signed.
  'src/machine/mailer.ts': ['nodemailer'],
  // Syslog to the collector of evidence.yaml, which is signed.
  'src/machine/sender.ts': ['node:dgram createSocket', 'node:net connect', 'node:tls'],
};

describe('what leaves this machine', () => {
  const files = globSync('src/**/*.ts').filter(
    (file) => !/\.(test|contract)\.ts$|samples\.ts$/.test(file),
  );

  it('leaves through these files only', () => {
    assert.ok(files.length > 300, 'no source files found: this test would pass on anything');
    const found = Object.fromEntries(
      files
        .map((file) => [file, opened(file, readFileSync(file, 'utf8'))] as const)
        .filter(([, opens]) => opens.length > 0)
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    );
    assert.deepEqual(found, MAY);
  });

  it('leaves by packages that ask by themselves only where one of ours is handed in', () => {
    const found = files.flatMap((file) => {
      const { module } = parseSync(file, readFileSync(file, 'utf8'));
      return module.staticImports
        .filter(({ entries }) => entries.some(({ isType }) => !isType))
        .map(({ moduleRequest }) => moduleRequest.value)
        .filter((from) => ASKING_PACKAGES.some((name) => name === from))
        .map((from) => `${file} ${from}`);
    });
    assert.deepEqual([...new Set(found)].toSorted(), ASKING_FILES);
    for (const each of ASKING_FILES)
      assert.match(readFileSync(each.split(' ')[0] ?? '', 'utf8'), /customFetch|fetch:/, each);
  });

  it('is found in each way of writing it', () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [`import { request } from 'node:https';`, ['node:https request']],
      [`import { request as send } from 'node:http';`, ['node:http request']],
      [`import http from 'node:http';`, ['node:http default']],
      [`import * as net from 'node:net';`, ['node:net *']],
      [`const { connect } = await import('node:tls');`, ['node:tls']],
      [`createRequire(import.meta.url)('http').request({});`, ['node:http']],
      [`export { connect } from 'node:net';`, ['node:net connect']],
      [`import dns from 'dns';`, ['node:dns default']],
      [`await fetch(url);`, ['fetch']],
      [`new WebSocket(url);`, ['WebSocket']],
      [`globalThis.fetch(url);`, ['fetch']],
      [`const f = ({ fetch }) => fetch(url);`, []],
      [`const { fetch } = needs; fetch(url);`, []],
      [`import { createServer } from 'node:http';`, []],
      [`import type { Socket } from 'node:net';`, []],
      [`import { type Socket, isIPv6 } from 'node:net';`, []],
    ];
    for (const [source, opens] of cases)
      assert.deepEqual(opened('src/x.ts', source), opens, source);
  });
});

function opened(file: string, source: string): readonly string[] {
  const parsed = parseSync(file, source);
  const { module, errors } = parsed;
  assert.equal(errors.length, 0, file);
  const named = (from: string): string =>
    OPENS[`node:${from}`] === undefined ? from : `node:${from}`;
  const found = new Set<string>();
  const note = (from: string, name: string | null, isType: boolean): void => {
    const door = named(from);
    const pattern = OPENS[door];
    if (pattern === undefined || isType) return;
    if (name === null) found.add(door);
    else if (pattern.test(name)) found.add(`${door} ${name}`);
  };
  for (const { moduleRequest, entries } of module.staticImports)
    for (const { importName, isType } of entries)
      note(
        moduleRequest.value,
        importName.name ?? (importName.kind === 'Default' ? 'default' : '*'),
        isType,
      );
  for (const { entries } of module.staticExports)
    for (const { moduleRequest, importName, isType } of entries)
      if (moduleRequest !== null && moduleRequest !== undefined)
        note(moduleRequest.value, importName.name ?? '*', isType);
  for (const { moduleRequest } of module.dynamicImports)
    note(source.slice(moduleRequest.start + 1, moduleRequest.end - 1), null, false);
  for (const [, required = ''] of source.matchAll(REQUIRED)) note(required, null, false);
  if (/fetch|WebSocket|EventSource|XMLHttpRequest/.test(source))
    for (const name of calledGlobals(parsed.program)) found.add(name);
  return [...found].toSorted();
}

/** Called or made by a bare name that the file does not declare. */
function calledGlobals(program: unknown): readonly string[] {
  const called = new Set<string>();
  const declared = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) walk(each);
    else if (typeof node === 'object' && node !== null) {
      const { type, callee, id, params } = node as Record<
        string,
        { name?: string; type?: string }
      > & { type?: unknown };
      if ((type === 'CallExpression' || type === 'NewExpression') && callee?.name !== undefined)
        called.add(callee.name);
      if (type === 'CallExpression' || type === 'NewExpression') {
        const member = callee as unknown as {
          object?: { name?: string };
          property?: { name?: string };
        };
        if (member?.object?.name === 'globalThis' && member.property?.name !== undefined)
          called.add(member.property.name);
      }
      for (const name of [id, ...(Array.isArray(params) ? (params as unknown[]) : [])])
        for (const each of namesIn(name)) declared.add(each);
      for (const each of Object.values(node)) walk(each);
    }
  };
  walk(program);
  return [...called].filter(
    (name) => /^(fetch|WebSocket|EventSource|XMLHttpRequest)$/.test(name) && !declared.has(name),
  );
}

/** What a pattern binds: a name, or those that it takes apart. */
function namesIn(pattern: unknown): readonly string[] {
  if (typeof pattern !== 'object' || pattern === null) return [];
  const { type, name, properties, elements, value, argument, left } = pattern as Record<
    string,
    unknown
  >;
  switch (type) {
    case 'Identifier':
      return [String(name)];
    case 'ObjectPattern':
      return (properties as unknown[]).flatMap((each) => namesIn(each));
    case 'ArrayPattern':
      return (elements as unknown[]).flatMap((each) => namesIn(each));
    case 'Property':
      return namesIn(value);
    case 'RestElement':
      return namesIn(argument);
    case 'AssignmentPattern':
      return namesIn(left);
    default:
      return [];
  }
}
