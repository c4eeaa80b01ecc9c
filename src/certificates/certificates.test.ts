/** Made here, believed by OpenSSL and by Node, for its names and for nobody else. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect, createServer } from 'node:tls';
import { type Instant, parseInstant, shift } from '#base/time';
import { nodeClock } from '#machine';
import { throwsFault } from '#test/throws-fault';
import { daysLeft, examine, isSoonOver, type KeyPair, makeAuthority, makeServer } from './index.ts';

const NAMES = ['holdfast.example.org', 'hf.lan'];
const DAY = 86_400_000_000;
const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) };
const now: Instant = nodeClock().now();
const making = { names: NAMES, now, random };
const room = mkdtempSync(join(tmpdir(), 'hf-certificates-'));
after(() => rmSync(room, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(room, name), text);
  return join(room, name);
};
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const verifies = (ca: KeyPair, server: KeyPair, name: string): { ok: boolean; says: string } => {
  const { status, stdout, stderr } = spawnSync(
    'openssl',
    [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-verify_hostname',
      name,
      '-CAfile',
      file('ca', ca.certificate),
      file('leaf', server.certificate),
    ],
    { encoding: 'utf8' },
  );
  return { ok: status === 0, says: stdout + stderr };
};

/** `authorized`, or why the client hangs up. */
async function handshake(server: KeyPair, ca: KeyPair, name: string): Promise<string> {
  const listener = createServer({ cert: server.certificate, key: server.key });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve) => {
      const { port } = listener.address() as AddressInfo;
      const socket = connect(
        { port, host: '127.0.0.1', servername: name, ca: ca.certificate },
        () => {
          resolve(socket.authorized ? 'authorized' : 'not authorized');
          socket.destroy();
        },
      );
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  } finally {
    listener.close();
  }
}

describe('an authority of our own', () => {
  let ca: KeyPair;
  let server: KeyPair;
  before(async () => {
    ca = await makeAuthority(making);
    server = await makeServer(ca, making);
  });

  it('signs what OpenSSL and Node take for its names', async () => {
    for (const name of NAMES) {
      const { ok, says } = verifies(ca, server, name);
      assert.ok(ok, says);
      assert.equal(await handshake(server, ca, name), 'authorized');
    }
    assert.ok(!verifies(ca, server, 'other.example.org').ok);
    assert.equal(await handshake(server, ca, 'other.example.org'), 'ERR_TLS_CERT_ALTNAME_INVALID');
    const stranger = await makeAuthority(making);
    assert.notEqual(await handshake(server, stranger, NAMES[0] as string), 'authorized');
  });

  it('says what platforms ask for: P-256, days, purposes, no path below it', () => {
    const text = openssl('x509', '-in', file('c', ca.certificate), '-noout', '-text');
    for (const each of [
      /CA:TRUE, pathlen:0/,
      /Certificate Sign\n/,
      /DNS:holdfast\.example\.org\s+DNS:hf\.lan/,
      /Excluded:\s+IP:0\.0\.0\.0\/0\.0\.0\.0\s+IP:0:0:0:0:0:0:0:0\/0:0:0:0:0:0:0:0/,
      /prime256v1/,
      /Name Constraints: critical/,
    ])
      assert.match(text, each);
    const leaf = openssl('x509', '-in', file('l', server.certificate), '-noout', '-text');
    for (const each of [
      /CA:FALSE/,
      /TLS Web Server Authentication/,
      /DNS:holdfast\.example\.org, DNS:hf\.lan/,
      /Digital Signature\n/,
      /prime256v1/,
    ])
      assert.match(leaf, each);
    const left = (pair: KeyPair): number =>
      daysLeft(examine(pair.certificate, null, [], now).notAfter as Instant, now);
    assert.ok(left(ca) <= 825 && left(ca) >= 824, String(left(ca)));
    assert.ok(left(server) <= 398 && left(server) >= 396, String(left(server)));
  });

  it('speaks for nobody but its names: what its key signs for others is not believed', async () => {
    for (const names of [
      ['bank.example.com'],
      ['holdfast.example.org', 'bank.example.com'],
      ['example.org'],
      ['lan'],
    ]) {
      const foreign = await makeServer(ca, { ...making, names });
      const name = names.at(-1) as string;
      const { ok, says } = verifies(ca, foreign, name);
      assert.ok(!ok, `${name} was believed`);
      assert.match(says, /permitted subtree violation/);
      assert.match(await handshake(foreign, ca, name), /PERMITTED|SUBTREE|CERT|UNSPECIFIED/i);
    }
    const config = file(
      'ip.cnf',
      'subjectAltName=IP:10.0.0.1\nbasicConstraints=critical,CA:FALSE\n',
    );
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=x',
      '-keyout',
      join(room, 'ip.key'),
      '-out',
      join(room, 'ip.csr'),
    );
    openssl(
      'x509',
      '-req',
      '-in',
      join(room, 'ip.csr'),
      '-CA',
      file('ca', ca.certificate),
      '-CAkey',
      file('ca.key', ca.key),
      '-days',
      '5',
      '-extfile',
      config,
      '-out',
      join(room, 'ip.crt'),
    );
    const { status, stdout, stderr } = spawnSync(
      'openssl',
      ['verify', '-CAfile', file('ca', ca.certificate), join(room, 'ip.crt')],
      { encoding: 'utf8' },
    );
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /excluded subtree violation/);
  });

  it('makes none that outlives it, and none without its key', async () => {
    const late = { ...making, now: shift(now, 700 * DAY) };
    const { notAfter } = examine((await makeServer(ca, late)).certificate, null, [], late.now);
    assert.equal(notAfter, examine(ca.certificate, null, [], now).notAfter);
    await throwsFault(() => makeServer({ ...ca, key: 'x' }, making), 'authority-unusable');
    assert.ok(isSoonOver(notAfter as Instant, shift(now, 800 * DAY), 30));
    assert.ok(!isSoonOver(notAfter as Instant, shift(now, 790 * DAY), 30));
  });

  it('examines what was given: names, key, order, time', async () => {
    const problems = (
      certificate: string,
      key: string | null,
      names = NAMES,
      at = now,
    ): readonly string[] => examine(certificate, key, names, at).problems;
    const other = await makeServer(ca, making);
    assert.deepEqual(problems(server.certificate, server.key), []);
    assert.deepEqual(problems(server.certificate + ca.certificate, server.key), []);
    assert.match(problems(server.certificate, other.key).join(), /key is of another/);
    assert.match(problems(server.certificate, 'x').join(), /key cannot be read/);
    assert.match(
      problems(server.certificate, server.key, ['a.example']).join(),
      /not for a\.example/,
    );
    assert.match(problems(ca.certificate, ca.key).join(), /of an authority/);
    assert.match(
      problems(ca.certificate + server.certificate, null).join(),
      /did not sign the one before/,
    );
    assert.match(
      problems(server.certificate, server.key, NAMES, shift(now, 398 * DAY)).join(),
      /is over since/,
    );
    assert.match(
      problems(server.certificate, server.key, NAMES, shift(now, -DAY)).join(),
      /look at the clock/,
    );
    for (const bad of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])
      assert.match(problems(bad, null).join(), /no certificate in PEM/);
    const { notAfter } = examine(server.certificate, null, [], now);
    assert.equal(
      notAfter === null
        ? null
        : parseInstant(
            openssl(
              'x509',
              '-in',
              file('d', server.certificate),
              '-noout',
              '-enddate',
              '-dateopt',
              'iso_8601',
            ).replace(/notAfter=(\S+) (\S+)Z\n/, '$1T$2Z'),
          ),
      notAfter,
    );
  });
});
