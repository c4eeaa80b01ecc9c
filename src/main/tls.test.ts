/** The listener with TLS, as it is served: real certificates, real handshakes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { silentLog } from '#base/log';
import { nodeClock, nodeMachineFiles } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { type Listening, listen } from './listener.ts';
import { TlsFiles } from './tls-files.ts';

const BIND = {
  addresses: ['127.0.0.1'],
  port: 0,
  mayMove: false,
  isTls: true,
  hosts: ['a.example'],
};
const NAMES = { certificate: 'console.crt', key: 'console.key' };

let home = '';
/** A self-signed certificate for `name`, in files named after `stem`. */
function certify(stem: string, name: string): void {
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=DNS:${name}`,
      '-keyout',
      join(home, `${stem}.key`),
      '-out',
      join(home, `${stem}.crt`),
    ],
    { stdio: 'ignore' },
  );
  chmodSync(join(home, `${stem}.key`), 0o600);
}
function use(stem: string): void {
  copyFileSync(join(home, `${stem}.key`), join(home, NAMES.key));
  copyFileSync(join(home, `${stem}.crt`), join(home, NAMES.certificate));
  chmodSync(join(home, NAMES.key), 0o600);
}

before(() => {
  home = mkdtempSync(join(tmpdir(), 'hf-tls-'));
  certify('first', 'first.example');
  certify('second', 'second.example');
  use('first');
});
after(() => rmSync(home, { recursive: true }));

const files = (): TlsFiles => new TlsFiles(nodeMachineFiles(), home, NAMES);

function shake(port: number, more: object = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}
async function nameAt({ port }: Listening, more: object = {}): Promise<string> {
  const socket = await shake(port, more);
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

describe('TLS of the listener', () => {
  it('takes a new certificate without a restart, keeps what is open, and no broken one', async () => {
    const tls = files();
    await using open = await listen(
      BIND,
      0,
      (_asked, answer) => answer.end('ok'),
      await tls.read(),
    );
    const stop = new AbortController();
    const watching = tls.watch(
      (fresh) => open.useCertificate(fresh),
      nodeClock(),
      silentLog,
      stop.signal,
      20,
    );
    assert.equal(await nameAt(open), 'first.example');
    const kept = await shake(open.port);
    use('second');
    const until = performance.now() + 20_000;
    while ((await nameAt(open)) !== 'second.example' && performance.now() < until) await sleep(20);
    assert.equal(await nameAt(open), 'second.example');
    // Also without a name, as whoever comes by number does.
    assert.equal(await nameAt(open, { servername: '' }), 'second.example');
    copyFileSync(join(home, 'first.crt'), join(home, NAMES.certificate));
    await sleep(150);
    assert.equal(await nameAt(open), 'second.example');
    kept.write('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n');
    let told = '';
    for await (const part of kept) told += String(part);
    assert.match(told, /^HTTP\/1\.1 200/);
    stop.abort();
    await watching;
    use('first');
  });

  it('speaks nothing below 1.2, and nothing without TLS', async () => {
    await using open = await listen(
      BIND,
      0,
      (_asked, answer) => answer.end('ok'),
      await files().read(),
    );
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      const socket = await shake(open.port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      socket.destroy();
    }
    await assert.rejects(
      shake(open.port, {
        minVersion: 'TLSv1.1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      }),
    );
    const answered = await new Promise<number>((resolve, reject) => {
      const asked = request(
        {
          port: open.port,
          host: '127.0.0.1',
          ca: readFileSync(join(home, 'first.crt')),
          servername: 'first.example',
        },
        (answer) => resolve(answer.resume().statusCode ?? 0),
      );
      asked.on('error', reject);
      asked.end();
    });
    assert.equal(answered, 200);
    await assert.rejects(fetch(`http://127.0.0.1:${open.port}/`));
  });

  it('refuses a key that others may read, one of another certificate, and what is none', async () => {
    const path = join(home, NAMES.key);
    chmodSync(path, 0o640);
    const fault = await throwsFault(() => files().read(), 'tls-unusable');
    assert.match(fault.message, /chmod 600/);
    copyFileSync(join(home, 'second.key'), path);
    chmodSync(path, 0o600);
    await throwsFault(() => files().read(), 'tls-unusable');
    copyFileSync(join(home, 'first.crt'), path);
    chmodSync(path, 0o600);
    await throwsFault(() => files().read(), 'tls-unusable');
    rmSync(path);
    await throwsFault(() => files().read(), 'tls-unusable');
    use('first');
    await files().read();
  });
});

describe('a listener', () => {
  it('answers on both loopbacks at one port, so that nobody else answers to localhost', async () => {
    await using open = await listen(
      { ...BIND, addresses: ['127.0.0.1', '::1'], isTls: false },
      0,
      (_asked, answer) => answer.end('ours'),
      undefined,
    );
    assert.equal(await (await fetch(`http://127.0.0.1:${open.port}`)).text(), 'ours');
    assert.equal(await (await fetch(`http://[::1]:${open.port}`)).text(), 'ours');
    await throwsFault(
      () => listen({ ...BIND, addresses: ['::1'] }, open.port, () => {}, undefined),
      'port-in-use',
    );
  });

  it('moves on where nobody chose the port, and says so where somebody did', async () => {
    await using open = await listen(BIND, 0, () => {}, undefined);
    const bind = { ...BIND, port: open.port };
    await throwsFault(() => listen(bind, undefined, () => {}, undefined), 'port-in-use');
    await using moved = await listen({ ...bind, mayMove: true }, undefined, () => {}, undefined);
    assert.ok(moved.port > open.port);
    await throwsFault(
      () => listen({ ...BIND, addresses: ['192.0.2.1'] }, 0, () => {}, undefined),
      'cannot-listen',
    );
  });
});
