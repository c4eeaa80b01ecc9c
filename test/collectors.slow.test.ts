/**
 * Tools beside our own collectors through the whole service: node-exporter as Debian has it, for real, held against
 * the machine itself; and a Windows host over WinRM, which is a server of ours on loopback HTTPS, made after the
 * published protocol and not after a real one.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { hostname, release, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { aSnapshotLog } from '#samples/collectors/tools/osquery';
import { aWindowsAnswer } from '#samples/collectors/windows';
import { confirmServer } from '#test/change-home';
import { aHome, endOf } from '#test/holdfast';
import { ScriptedWindows } from '#test/scripted-windows';
import { SERVICE_CALLER } from '../src/main/callers.ts';
import { openService, type Service } from '../src/main/service.ts';

const EXPORTER = 'prometheus-node-exporter';
const skip =
  spawnSync(EXPORTER, ['--version']).error !== undefined && `${EXPORTER} is not installed`;

/** What is scraped and asked here is on this machine. */
const ALLOWED = 'version: 1\negress: {allow: [127.0.0.0/8, localhost]}\n';

type Row = {
  readonly entity: string;
  readonly attribute: string;
  readonly value: unknown;
  readonly source: string;
};
type CoverageRow = {
  readonly source: string;
  readonly kind: string;
  readonly status: string;
  readonly reason: string | null;
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

describe('node-exporter, scraped', { skip, timeout: 150_000 }, () => {
  const held = new AsyncDisposableStack();
  let home = '';
  let service: Service;
  let exporter: ChildProcess;
  let port = 0;
  let log = '';

  const start = async (): Promise<void> => {
    exporter = spawn(EXPORTER, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    for (let tried = 0; tried < 100; tried++) {
      const answers = await fetch(`http://127.0.0.1:${port}/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (answers) return;
      await sleep(50);
    }
    assert.fail('the exporter did not start');
  };
  const stop = async (): Promise<void> => {
    exporter.kill('SIGKILL');
    await endOf(exporter);
  };
  const ask = async (operation: string, input: object): Promise<Record<string, unknown>> =>
    (await service.perform({ operation, input, caller: SERVICE_CALLER })).value as Record<
      string,
      unknown
    >;
  const known = async (): Promise<{ facts: readonly Row[]; coverage: readonly CoverageRow[] }> => {
    const { facts, coverage } = await ask('query_facts', {
      source: 'collector.node-exporter',
      limit: 500,
    });
    return { facts: facts as readonly Row[], coverage: coverage as readonly CoverageRow[] };
  };

  before(async () => {
    home = held.use(await aHome()).path;
    writeFileSync(join(home, 'server.yaml'), ALLOWED, { mode: 0o600 });
    writeFileSync(
      join(home, 'fleet.yaml'),
      'version: 1\ntargets:\n  host:this:\n    hostType: linux\n    transport: local\n',
      { mode: 0o600 },
    );
    port = await freePort();
    log = await osqueryLog(held);
    await start();
    held.defer(stop);
    writeFileSync(
      join(home, 'collectors.yaml'),
      `version: 1\ncollectors:\n  - { collector: node-exporter, port: ${port}, every: 60s }\n  - { collector: osquery, file: ${log} }\n`,
      { mode: 0o600 },
    );
    const opened = await openService({ home, logSink: () => {} });
    assert.ok(opened !== undefined);
    await confirmServer(opened, home);
    service = held.use(opened);
  });
  after(() => held.disposeAsync());

  it('tells what the machine itself tells, each kind by its own evidence', async () => {
    const { unreachable } = await ask('observe', {});
    assert.equal(unreachable, null);
    const { facts, coverage } = await known();
    const valueOf = (entity: RegExp, attribute: string): unknown =>
      facts.find((row) => entity.test(row.entity) && row.attribute === attribute)?.value;
    assert.ok(facts.length > 20, String(facts.length));
    assert.equal(valueOf(/^host:/, 'hostname'), hostname());
    assert.equal(valueOf(/^host:/, 'kernel.release'), release());
    assert.equal(
      valueOf(/^host:/, 'memory.totalBytes'),
      Math.floor(totalmem() / 2 ** 20) * 2 ** 20,
    );
    assert.match(
      readFileSync('/etc/os-release', 'utf8'),
      new RegExp(`^ID="?${String(valueOf(/^host:/, 'os.id'))}"?$`, 'm'),
    );
    const root = statfsSync('/');
    if (facts.some(({ entity }) => /^filesystem:[^/]+\/\/$/.test(entity)))
      assert.equal(valueOf(/^filesystem:[^/]+\/\/$/, 'sizeBytes'), root.blocks * root.bsize);
    assert.equal(typeof valueOf(/^time_sync:/, 'synchronized'), 'boolean');
    const statusOf = (kind: string): string | undefined =>
      coverage.find((row) => row.kind === kind)?.status;
    for (const kind of ['host', 'filesystem', 'interface', 'time_sync'])
      assert.equal(statusOf(kind), 'complete', kind);
    // It was not told to look at systemd, so it says nothing of units, and nobody takes that for none.
    assert.equal(statusOf('service'), 'partial');
  });

  it('stands beside a log of osquery, which the reader of this machine brought', async () => {
    const { facts, coverage } = await ask('query_facts', {
      source: 'collector.osquery',
      limit: 500,
    });
    assert.ok((facts as readonly Row[]).some(({ entity }) => /^package:.*\/bash$/.test(entity)));
    const rows = coverage as readonly CoverageRow[];
    assert.ok(rows.length > 5 && rows.every(({ status }) => status === 'complete'));
    chmodSync(log, 0o600);
    await ask('observe', { kinds: ['package'] });
    const after = await ask('query_facts', { source: 'collector.osquery', kind: 'package' });
    const [row] = after['coverage'] as readonly CoverageRow[];
    assert.equal(row?.status, userInfo().uid === 0 ? 'partial' : 'complete');
  });

  it('is told to be missing while it is away, and what it told stays', async () => {
    await stop();
    const before = (await known()).facts.length;
    await ask('observe', { kinds: ['time_sync'] });
    const { facts, coverage } = await known();
    assert.equal(facts.length, before);
    assert.ok(coverage.length > 0 && coverage.every(({ status }) => status !== 'complete'));
    assert.ok(coverage.some(({ reason }) => /request over the network failed/.test(reason ?? '')));
    await start();
    await ask('observe', { kinds: ['time_sync'] });
    const again = (await known()).coverage;
    assert.ok(again.some(({ kind, status }) => kind === 'host' && status === 'complete'));
  });

  it('is no part of a look where there is no collectors.yaml any more', async () => {
    execFileSync('rm', [join(home, 'collectors.yaml')]);
    const { collectors } = await ask('observe', { kinds: ['time_sync'] });
    const names = (collectors as readonly { readonly collector: string }[]).map(
      ({ collector }) => collector,
    );
    assert.ok(names.includes('units') && !names.includes('node-exporter'));
  });
});

describe('a Windows host over WinRM, scripted after the published protocol', {
  timeout: 150_000,
}, () => {
  const held = new AsyncDisposableStack();
  const windows = new ScriptedWindows();
  const said: string[] = [];
  let service: Service;
  let home = '';

  const ask = async (operation: string, input: object): Promise<Record<string, unknown>> =>
    (await service.perform({ operation, input, caller: SERVICE_CALLER })).value as Record<
      string,
      unknown
    >;
  const unreachable = async (): Promise<unknown> =>
    (await ask('observe', { target: 'host:web-1' }))['unreachable'];
  const settings = (caFile: string): void =>
    writeFileSync(
      join(home, 'collectors.yaml'),
      `version: 1\ncollectors:\n  - { collector: winrm, port: ${port}, credentials: ${home}/winrm, caFile: ${caFile} }\n`,
      { mode: 0o600 },
    );
  const credentials = (password: string, mode = 0o600): void => {
    rmSync(join(home, 'winrm'), { force: true });
    writeFileSync(join(home, 'winrm'), `${windows.user}\n${password}\n`, { mode });
  };
  let port = 0;

  before(async () => {
    home = held.use(await aHome()).path;
    windows.stdout = aWindowsAnswer();
    for (const name of ['ours', 'other']) makeCertificate(home, name);
    const tls = {
      key: readFileSync(join(home, 'ours.key')),
      cert: readFileSync(join(home, 'ours.crt')),
    };
    const server = createTlsServer(tls, (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const headers = request.headers as Record<string, string>;
        const answer = windows.answer({ headers, body: Buffer.concat(chunks) });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    held.defer(() => void server.close());
    port = (server.address() as { readonly port: number }).port;
    writeFileSync(join(home, 'server.yaml'), ALLOWED, { mode: 0o600 });
    writeFileSync(
      join(home, 'fleet.yaml'),
      'version: 1\ntargets:\n  host:web-1:\n    hostType: windows\n    transport: winrm\n    address: localhost\n',
      { mode: 0o600 },
    );
    settings(join(home, 'ours.crt'));
    credentials(windows.password);
    const opened = await openService({ home, logSink: (line) => void said.push(line) });
    assert.ok(opened !== undefined);
    await confirmServer(opened, home);
    service = held.use(opened);
  });
  after(() => held.disposeAsync());

  it('is looked at like any other, in facts of its own source', async () => {
    assert.equal(await unreachable(), null);
    const { facts } = await ask('query_facts', { source: 'collector.winrm', limit: 500 });
    const rows = facts as readonly Row[];
    assert.ok(rows.some(({ entity }) => entity === 'service:web-1/W3SVC'));
    assert.ok(rows.every(({ source }) => source === 'collector.winrm'));
    const watched = await service.watched.targets();
    assert.deepEqual(
      watched.map(({ id }) => id),
      ['host:web-1'],
    );
    assert.equal(windows.shells.size, 0);
  });

  it('is out of reach, and told so, when anything about it is not as it should be', async () => {
    const cases: readonly (readonly [() => void, RegExp])[] = [
      [() => credentials('wrong'), /^not-authorised$/],
      [() => credentials(windows.password, 0o644), /secret-file/],
      [() => settings(join(home, 'other.crt')), /^connection-lost$/],
      [() => rmSync(join(home, 'collectors.yaml')), /no-transport/],
    ];
    for (const [change, why] of cases) {
      change();
      assert.match(String(await unreachable()), why);
      settings(join(home, 'ours.crt'));
      credentials(windows.password);
    }
    windows.status = 503;
    assert.match(String(await unreachable()), /winrm-malformed/);
    windows.status = null;
    assert.equal(await unreachable(), null);
    const { coverage } = await ask('query_facts', { source: 'collector.winrm', limit: 1 });
    assert.ok((coverage as readonly CoverageRow[]).every(({ status }) => status === 'complete'));
  });

  it('never has its password in anything that is told or kept', () => {
    const basic = Buffer.from(`${windows.user}:${windows.password}`).toString('base64');
    const kept = execFileSync('grep', ['-rlF', '-e', windows.password, '-e', basic, home], {
      encoding: 'utf8',
    });
    assert.equal(kept.trim(), join(home, 'winrm'));
    assert.ok(!said.join('').includes(windows.password));
  });
});

/** Made after osquery's documentation, in the name of this machine and of now, where anybody may read it. */
async function osqueryLog(held: AsyncDisposableStack): Promise<string> {
  const folder = held.use(await aHome()).path;
  chmodSync(folder, 0o755);
  const log = join(folder, 'osqueryd.results.log');
  const now = String(Math.floor(Date.now() / 1_000));
  const text = aSnapshotLog().replaceAll('"web-1"', JSON.stringify(hostname()));
  writeFileSync(log, text.replaceAll('1772366340', now), { mode: 0o644 });
  return log;
}

function makeCertificate(home: string, name: string): void {
  const [key, cert] = [join(home, `${name}.key`), join(home, `${name}.crt`)];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const of = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [...made, ...of, '-keyout', key, '-out', cert], { stdio: 'ignore' });
}
